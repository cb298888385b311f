"""What hourly and daily figures say: when most is done, and whether it gets worse. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

MOST_HOURS = 3
"""Peak hours that are named."""

_NOTABLE = 0.25
"""Part by which two weeks must differ to be called a trend."""


class Trend(StrEnum):
    """How two stretches of time compare."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


def peak_hours(hours: Iterable[tuple[datetime, float]]) -> list[tuple[int, float]]:
    """Return the hours of the day (0 to 23) in which most was done, most first.

    `hours`: start, in the user's time zone, and jobs of that hour. With each comes
    the mean number of jobs on the days that had any.
    """
    sums: defaultdict[int, float] = defaultdict(float)
    days: set[object] = set()
    for start, jobs in hours:
        if jobs > 0:
            sums[start.hour] += jobs
            days.add(start.date())
    best = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return [(hour, jobs / len(days)) for hour, jobs in best[:MOST_HOURS]]


def trend(days: Sequence[float]) -> Trend | None:
    """Compare the newer half of some days, the oldest first, with the older half.

    None when there are fewer than four days.
    """
    if len(days) < 4:
        return None
    half = len(days) // 2
    older, newer = sum(days[-2 * half : -half]), sum(days[-half:])
    if newer > older * (1 + _NOTABLE):
        return Trend.RISING
    if newer < older * (1 - _NOTABLE):
        return Trend.FALLING
    return Trend.STEADY
