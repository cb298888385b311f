"""Peak hours and trends."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from custom_components.immich_admin_tools.analysis.statistics import (
    Trend,
    peak_hours,
    trend,
)


def _hour(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_peak_hours() -> None:
    """Means over the days with work; the busiest first, a quiet day is no day."""
    hours = [
        (_hour(1, 3), 5.0),
        (_hour(1, 21), 100.0),
        (_hour(2, 21), 50.0),
        (_hour(2, 22), 60.0),
        (_hour(2, 4), 1.0),
        (_hour(3, 21), 0.0),
    ]
    assert peak_hours(hours) == [(21, 75.0), (22, 30.0), (3, 2.5)]


def test_no_peak_without_work() -> None:
    """Nothing done, nothing to name."""
    assert peak_hours([]) == []
    assert peak_hours([(_hour(1, 3), 0.0)]) == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], None),
        ([1, 2, 3], None),
        ([0, 0, 0, 0], Trend.STEADY),
        ([0, 0, 0, 1], Trend.RISING),
        ([5, 5, 0, 0], Trend.FALLING),
        ([10, 10, 11, 11], Trend.STEADY),
        ([99, 10, 10, 5, 5], Trend.FALLING),
    ],
)
def test_trend(days: Sequence[float], expected: Trend | None) -> None:
    """The newer half against the older one; a day too many at the start is left out."""
    assert trend(days) is expected
