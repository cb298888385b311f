"""When the policy may wake a box: hours and gate."""

from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.immich_admin_tools.settings import (
    is_allowed_hour,
    is_gate_open,
    is_kept_on,
    is_unclear,
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


@pytest.mark.parametrize(
    ("entity_id", "state", "unclear"),
    [
        *(
            ("sensor.gate", state, False)
            for state in (
                "on",
                "Off",
                "open",
                "closed",
                "true",
                "False",
                "3",
                "0",
                "-1",
            )
        ),
        ("sun.sun", "below_horizon", False),
        # That it says nothing is said in other words.
        *(("sensor.gate", state, False) for state in ("unknown", "unavailable", "")),
        ("person.anna", "not_home", False),
        ("person.anna", "Work", False),
        ("device_tracker.phone", "Work", False),
        *(
            ("sensor.gate", state, True)
            for state in ("Work", "cheap", "low", "standby", "yes", "nan", "inf")
        ),
    ],
)
def test_a_word_that_means_neither_yes_nor_no(
    hass: HomeAssistant, entity_id: str, state: str, unclear: bool
) -> None:
    """It counts as no, and the user is told; a person at work is certainly away."""
    hass.states.async_set(entity_id, state)
    assert is_unclear(hass, entity_id) is unclear
    assert not is_unclear(hass, "sensor.gone")
    assert not is_unclear(hass, None)
    if unclear:
        assert is_gate_open(hass, {"gate_entity": entity_id}) is False
