"""What the recorder's states tell of a box."""

from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock, patch

from homeassistant.util import dt as dt_util
import pytest

from custom_components.immich_admin_tools import recorded

SENSOR = "binary_sensor.box_online"
START = dt_util.utc_from_timestamp(1_795_000_000)
MINUTE = 60
HOUR = 3_600


def on_times(*states: tuple[int, str]) -> recorded.OnTimes | None:
    """Return what is made of states, by their seconds since the start."""
    found = [
        SimpleNamespace(
            state=state,
            last_changed_timestamp=(START + timedelta(seconds=at)).timestamp(),
        )
        for at, state in states
    ]
    with patch.object(
        recorded, "state_changes_during_period", return_value={SENSOR: found}
    ):
        return recorded._on_times(Mock(), SENSOR, START)


@pytest.mark.parametrize(
    ("states", "times", "complete"),
    [
        ([(0, "on"), (HOUR, "off")], [(0, HOUR)], True),
        # Nobody knows of the eight hours.
        ([(0, "on"), (HOUR, "unavailable"), (9 * HOUR, "off")], [(0, HOUR)], False),
        (
            [(0, "on"), (HOUR, "unknown"), (9 * HOUR, "on")],
            [(0, HOUR), (9 * HOUR, None)],
            False,
        ),
        ([(0, "off"), (HOUR, "unavailable"), (9 * HOUR, "off")], [], False),
        ([(0, "on"), (HOUR, "unavailable")], [(0, HOUR)], False),
        # A reload: first it is unavailable, then not known yet.
        (
            [
                (0, "on"),
                (HOUR, "unavailable"),
                (HOUR + 5, "unknown"),
                (HOUR + MINUTE, "on"),
            ],
            [(0, None)],
            True,
        ),
        # It is not known when it went off.
        (
            [(0, "on"), (HOUR, "unavailable"), (HOUR + MINUTE, "off")],
            [(0, HOUR)],
            False,
        ),
    ],
)
def test_on_times(
    states: list[tuple[int, str]], times: list[tuple[int, int | None]], complete: bool
) -> None:
    """Not to know is not to be on."""
    begin = round(START.timestamp() * 1000)
    found = on_times(*states)
    assert found is not None
    assert found.times == tuple(
        (begin + since * 1000, None if to is None else begin + to * 1000)
        for since, to in times
    )
    assert found.complete is complete
    assert found.known_from == begin


def test_what_was_not_known_at_first() -> None:
    """It is known from the first state on that says something; without one nothing is."""
    begin = round(START.timestamp() * 1000)
    found = on_times((0, "unavailable"), (HOUR, "on"))
    assert found == recorded.OnTimes(
        begin + HOUR * 1000, ((begin + HOUR * 1000, None),)
    )
    assert on_times((0, "unavailable")) is None
