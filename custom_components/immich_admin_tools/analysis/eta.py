"""When a queue will be done, told in a way that does not change at every poll."""

from dataclasses import dataclass, field, replace
from math import sqrt

from .models import Eta
from .rate import Rate

_LEAST_BETWEEN = 60_000
"""ms that what was told stands at least."""

_IN_A_ROW = 3
"""Times that it may be told anew before it has to wait: after a change of pace."""

_ONE_MORE_AFTER = 390_000
"""ms after which it may be told once more: with `_IN_A_ROW`, 12 times in an hour."""

_LEAVES = 1.3
"""Standard deviations by which an estimate leaves what was told: its own uncertainty."""

_WORTH_TELLING = 0.02
"""Part of the remaining time by which it must leave at least ..."""

_WORTH_TELLING_SECONDS = 20.0
"""... and seconds."""

_TOO_SHORT = 60.0
"""Seconds below which no time is told any more: it is over before it is read."""

_RANGE = 2.1
"""Standard deviations to either side: nine in ten, while it stands for a while."""

_LEAST_UNSURE = 0.03
"""Part of the remaining time: no queue is as even as its past."""

_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600)

_REMAINING_MOVES = 0.25
"""Part by which the rest must differ from what was told of it; a minute at least."""

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


def _step(seconds: float) -> int:
    """Return the largest step that is within so many seconds."""
    return max((step for step in _STEPS if step <= seconds), default=1)


def rounded_remaining(seconds: float) -> int:
    """Round to steps of at most 5 % of the value, so by at most 2.5 %."""
    step = _step(seconds * 0.05)
    return max(0, round(seconds / step) * step)


@dataclass(slots=True)
class _Allowance:
    """How often something may be told: some times in a row, then now and then."""

    in_a_row: int = _IN_A_ROW
    _left: float = _IN_A_ROW
    _at: int | None = None

    def may(self, now: int) -> bool:
        """Return whether it may be told now."""
        if self._at is None:
            return True
        return now - self._at >= _LEAST_BETWEEN and self.left(now) >= 1

    def take(self, now: int) -> None:
        """Note that it was told."""
        self._left = max(0.0, self.left(now) - 1)
        self._at = now

    def left(self, now: int) -> float:
        """Return how often in a row it may be told."""
        if self._at is None:
            return self._left
        return min(self.in_a_row, self._left + (now - self._at) / _ONE_MORE_AFTER)


@dataclass(slots=True)
class EtaTeller:
    """Holds on to what was told until the estimate has left it.

    Judges on the monotonic clock; what it tells is on the wall clock.
    """

    _told: Eta | None = None
    """Its times are monotonic."""
    _finishes: _Allowance = field(default_factory=_Allowance)
    _rests: _Allowance = field(default_factory=lambda: _Allowance(2, 2))

    def forget(self) -> None:
        """Tell nothing, as while paused."""
        self._told = None

    def tell(
        self,
        now: int,
        jobs: int,
        rate: Rate,
        wall_offset: int = 0,
        *,
        hold: bool = False,
    ) -> Eta | None:
        """Return the time for the jobs that are left; None when it isn't worth it.

        `now`: monotonic ms; the rate is above zero; `wall_offset` makes it wall time;
        `hold`: nothing is told anew, as it may be about to become unknown.
        """
        remaining = jobs / rate.per_second
        measured = _unsure(rate, remaining)
        unsure = max(measured, _LEAST_UNSURE)
        told = self._told
        if told is None:
            if remaining < _TOO_SHORT or hold:
                return None
            # Nothing was told before: the first word is no change.
        elif hold or self._holds(told, now, remaining, measured):
            self._told = told = self._counted_down(told, now)
            return _shown(told, wall_offset)
        self._finishes.take(now)
        step = _step(0.3 * unsure * remaining) * 1000
        finish = round((now + wall_offset + remaining * 1000) / step) * step
        finish = max(finish - wall_offset, now + 1000)
        spread = unsure * _RANGE
        self._told = Eta(
            finish=finish,
            low=min(now + round(remaining / (1 + spread) * 1000), finish),
            high=max(now + round(remaining / max(1 - spread, 0.2) * 1000), finish),
            remaining=rounded_remaining((finish - now) / 1000)
            if told is None
            else told.remaining,
        )
        self._told = self._counted_down(self._told, now)
        return _shown(self._told, wall_offset)

    def _holds(self, told: Eta, now: int, remaining: float, unsure: float) -> bool:
        """Return whether what was told is as good as what is known now."""
        if not self._finishes.may(now):
            return True
        if told.finish <= now:
            return False
        moved = abs(now + remaining * 1000 - told.finish) / 1000
        part = max(_LEAVES * unsure, _WORTH_TELLING)
        return moved <= max(part * remaining, _WORTH_TELLING_SECONDS)

    def _counted_down(self, told: Eta, now: int) -> Eta:
        """Return it with the rest of now, where that is worth telling."""
        left = max(0.0, (told.finish - now) / 1000)
        moved = abs(left - told.remaining)
        if moved <= max(60.0, _REMAINING_MOVES * left) or not self._rests.may(now):
            return told
        self._rests.take(now)
        return replace(told, remaining=rounded_remaining(left))


def _shown(told: Eta, wall_offset: int) -> Eta:
    """Return it on the wall clock."""
    return replace(
        told,
        finish=told.finish + wall_offset,
        low=told.low + wall_offset,
        high=told.high + wall_offset,
    )
