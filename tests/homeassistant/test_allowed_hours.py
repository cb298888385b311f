"""When a box may be woken next."""

from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.immich_admin_tools.settings import next_allowed


@pytest.mark.parametrize(
    ("begin", "end", "at", "expected"),
    [
        ("22:00:00", "06:00:00", "2026-11-20 12:00", "2026-11-20 22:00"),
        ("22:00:00", "06:00:00", "2026-11-20 23:00", None),
        ("08:00:00", "10:00:00", "2026-11-20 11:00", "2026-11-21 08:00"),
        (None, "06:00:00", "2026-11-20 12:00", "2026-11-21 00:00"),
        ("22:00:00", None, "2026-11-20 12:00", "2026-11-20 22:00"),
        (None, None, "2026-11-20 12:00", None),
    ],
)
async def test_next_allowed(
    hass: HomeAssistant,
    begin: str | None,
    end: str | None,
    at: str,
    expected: str | None,
) -> None:
    """In the user's time zone; None where the hours keep nothing waiting."""

    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(
            tzinfo=dt_util.get_default_time_zone()
        )

    hours = {"allowed_from": begin, "allowed_to": end}
    found = next_allowed(hours, local(at))
    assert found == (None if expected is None else local(expected))
