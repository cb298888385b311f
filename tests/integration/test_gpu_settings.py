"""When the policy may wake a box: hours and gate."""

from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.immich_admin_tools.gpu_settings import (
    is_allowed_hour,
    is_gate_open,
    is_kept_on,
    may_wake,
)


@pytest.mark.parametrize(
    ("begin", "end", "at", "allowed"),
    [
        (None, None, "03:00", True),
        ("10:00:00", "16:00:00", "09:59", False),
        ("10:00:00", "16:00:00", "10:00", True),
        ("10:00:00", "16:00:00", "16:00", False),
        # Over midnight.
        ("22:00:00", "06:00:00", "23:00", True),
        ("22:00:00", "06:00:00", "05:59", True),
        ("22:00:00", "06:00:00", "06:00", False),
        ("22:00:00", "06:00:00", "12:00", False),
        # One end alone.
        ("22:00:00", None, "21:59", False),
        ("22:00:00", None, "22:00", True),
        (None, "06:00:00", "05:59", True),
        (None, "06:00:00", "06:00", False),
        # The whole day.
        ("08:00:00", "08:00:00", "03:00", True),
        ("nonsense", "", "03:00", True),
    ],
)
def test_hours(begin: str | None, end: str | None, at: str, allowed: bool) -> None:
    """The user's hours, which may go over midnight."""
    now = datetime.fromisoformat(f"2026-11-20T{at}:00").replace(
        tzinfo=dt_util.get_default_time_zone()
    )
    data = {"allowed_from": begin, "allowed_to": end}
    assert is_allowed_hour(data, now) is allowed


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("on", True),
        ("home", True),
        ("open", True),
        ("above_horizon", True),
        ("True", True),
        ("1200.5", True),
        ("0", False),
        ("-3", False),
        ("inf", False),
        ("nan", False),
        # A word that is not known to mean yes.
        ("cheap", False),
        ("Work", False),
        ("below_horizon", False),
        ("standby", False),
        ("false", False),
        ("low", False),
        ("off", False),
        ("not_home", False),
        ("unavailable", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_gate(hass: HomeAssistant, state: str | None, is_open: bool | None) -> None:
    """Only what certainly says yes is one; who says nothing leaves it unknown."""
    if state is not None:
        hass.states.async_set("sensor.gate", state)
    data = {"gate_entity": "sensor.gate", "keep_on_entity": "sensor.gate"}
    assert is_gate_open(hass, data) is is_open
    assert may_wake(hass, data) is is_open
    assert is_kept_on(hass, data) is is_open
    assert may_wake(hass, {}) is True
    assert is_kept_on(hass, {}) is False
