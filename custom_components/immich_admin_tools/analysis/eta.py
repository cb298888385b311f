"""When a queue will be done, told in a way that does not change at every poll."""

from dataclasses import dataclass
from math import sqrt

from .models import Eta
from .rate import Rate

_WORTH_TELLING = 0.05
"""Part of the remaining time by which an estimate must move to be told anew."""

_WORTH_TELLING_SECONDS = 15.0

_TOLD_TOO_LONG = 0.1
"""Part of the time left after which it is told anew even so: what was 4 % of hours
would be half of the last minutes. That makes about 40 changes in a whole run."""

_RANGE = 1.645
"""Standard deviations to either side: nine in ten."""

_LEAST_UNSURE = 0.03
"""Part of the remaining time: no queue is as even as its past."""

_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600)

ENOUGH_SECONDS = 60.0
ENOUGH_JOBS = 3
"""What must have been measured before a time is told."""


def known_well_enough(rate: Rate) -> bool:
    """Return whether a rate has been measured for long enough to tell a time."""
    return rate.elapsed >= ENOUGH_SECONDS and rate.jobs >= ENOUGH_JOBS


def _unsure(rate: Rate, remaining: float) -> float:
    """Return the standard deviation of the time left, as a part of it.

    From the pace, which is not known exactly, and from what is left, which will not
    go exactly at that pace.
    """
    what_is_left = rate.scatter / max(remaining, 1.0)
    return sqrt(rate.deviation**2 + what_is_left) / rate.per_second


def rounded_remaining(seconds: float) -> int:
    """Round to steps of at most 5 % of the value, so by at most 2.5 %."""
    step = max((s for s in _STEPS if s <= seconds * 0.05), default=1)
    return max(0, round(seconds / step) * step)


@dataclass(slots=True)
class EtaTeller:
    """Holds on to what was told until the estimate has moved enough."""

    _told: Eta | None = None
    _told_at_rest: float = 0.0
    """Seconds that were left when it was told."""

    def forget(self) -> None:
        """Tell nothing, as while paused."""
        self._told = None

    def tell(self, now: int, jobs: int, rate: Rate) -> Eta:
        """Return the time for the jobs that are left; `now` in ms, rate above zero."""
        remaining = jobs / rate.per_second
        finish = now + round(remaining) * 1000
        told = self._told
        patience = max(_WORTH_TELLING * remaining, _WORTH_TELLING_SECONDS) * 1000
        if (
            told is None
            or abs(finish - told.finish) > patience
            or remaining < (1 - _TOLD_TOO_LONG) * self._told_at_rest
            or told.finish <= now
        ):
            self._told_at_rest = remaining
            unsure = max(_unsure(rate, remaining), _LEAST_UNSURE) * _RANGE
            low, high = remaining / (1 + unsure), remaining / max(1 - unsure, 0.2)
            told = Eta(
                finish=finish,
                low=now + round(low) * 1000,
                high=now + round(high) * 1000,
                remaining=0,
            )
        self._told = Eta(
            finish=told.finish,
            low=min(max(told.low, now), told.finish),
            high=told.high,
            remaining=rounded_remaining((told.finish - now) / 1000),
        )
        return self._told
