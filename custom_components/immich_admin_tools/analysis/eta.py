"""When a queue will be done, told in a way that does not change at every poll."""

from collections import deque
from dataclasses import dataclass, field, replace
from math import exp, sqrt

from .models import Eta
from .rate import Rate

_LEAST_BETWEEN = 60_000
"""ms that what was told stands at least."""

_HOUR = 3_600_000
_MOST_AN_HOUR = 10
"""Ends told in any hour: with an unknown or two in between, 12 changes at most."""

_WAITS = 1_000_000
"""ms to wait, times what was used of the hour beyond its half: not to be left without
a word for most of it."""

_SAVED_BY = 300_000
"""ms after which having told costs nothing more than its place in the hour."""

_LEAVES = 0.8
"""Standard deviations, times what telling costs, by which an estimate leaves what was
told: its own uncertainty."""

_LEAST_COST, _COST_OF_ALL, _COST_OF_LAST = 0.5, 2.0, 3.0
"""What telling costs: from the first on, more when the hour is used up, and when it
has only just been told. So there is some left for a change of pace."""

_WORTH_TELLING = 0.01
"""Part of the remaining time by which it must leave at least, times the cost ..."""

_WORTH_TELLING_SECONDS = 10.0
"""... and seconds."""

_REMEMBERS = 30.0
"""Seconds over which estimates are averaged: swings of the pace cancel out ..."""

_REMEMBERS_OF_REST = 0.05
"""... at most this part of what is left ..."""

_REMEMBERS_OF_PACE = 0.5
"""... and of the time since the pace changed."""

_NEW_PACE = 0.9
"""What a pace was measured over is less than this part of the last time: it has changed."""

_REST_IN_A_ROW = 2
"""Times in a row that the time left may be told anew ..."""

_REST_ONCE_MORE = 390_000
"""... and ms after which it may once more: in all 12 times in an hour."""

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
    """How often the rest may be told: some times in a row, then now and then."""

    _left: float = _REST_IN_A_ROW
    _at: int | None = None

    def may(self, now: int) -> bool:
        """Return whether it may be told now."""
        if self._at is None:
            return True
        return now - self._at >= _LEAST_BETWEEN and self._left_at(now) >= 1

    def take(self, now: int) -> None:
        """Note that it was told."""
        self._left = max(0.0, self._left_at(now) - 1)
        self._at = now

    def _left_at(self, now: int) -> float:
        """Return how often in a row it may be told."""
        if self._at is None:
            return self._left
        return min(_REST_IN_A_ROW, self._left + (now - self._at) / _REST_ONCE_MORE)


@dataclass(slots=True)
class _Budget:
    """How often the end was told in the last hour, and what it costs to tell it."""

    _times: deque[int] = field(default_factory=deque)

    def cost(self, now: int) -> float | None:
        """Return what telling costs now; None: it may not be told."""
        while self._times and now - self._times[0] >= _HOUR:
            self._times.popleft()
        if not self._times:
            return _LEAST_COST
        since = now - self._times[-1]
        used = len(self._times) / _MOST_AN_HOUR
        if since < max(_LEAST_BETWEEN, _WAITS * (used - 0.5)) or used >= 1:
            return None
        just_told = max(0.0, 1 - since / _SAVED_BY)
        return _LEAST_COST + _COST_OF_ALL * used**2 + _COST_OF_LAST * just_told

    def take(self, now: int) -> None:
        """Note that it was told."""
        self._times.append(now)


@dataclass(slots=True)
class _SmoothEnd:
    """The estimated end, averaged over some time at the same pace."""

    _end: float | None = None
    _at: int = 0
    _age: float = 0.0
    """Seconds at this pace."""
    _elapsed: float = 0.0
    """Seconds that the pace was measured over."""

    def forget(self) -> None:
        """Begin anew."""
        self._end = None

    def add(self, now: int, remaining: float, rate: Rate) -> float:
        """Take in the seconds that are estimated to remain; return the end in ms."""
        end = now + remaining * 1000
        changed = rate.elapsed < _NEW_PACE * self._elapsed
        self._elapsed = rate.elapsed
        seconds, self._at = (now - self._at) / 1000, now
        if self._end is None or changed:
            self._end, self._age = end, 0.0
            return end
        self._age += seconds
        remembered = min(
            _REMEMBERS, _REMEMBERS_OF_REST * remaining, _REMEMBERS_OF_PACE * self._age
        )
        if remembered <= seconds:
            self._end = end
        else:
            self._end += (end - self._end) * (1 - exp(-seconds / remembered))
        return self._end


@dataclass(slots=True)
class EtaEstimator:
    """Holds on to what was told until the estimate has left it.

    Judges on the monotonic clock; what it tells is on the wall clock.
    """

    _told: Eta | None = None
    """Its times are monotonic."""
    _smooth: _SmoothEnd = field(default_factory=_SmoothEnd)
    _budget: _Budget = field(default_factory=_Budget)
    _rests: _Allowance = field(default_factory=_Allowance)

    def forget(self) -> None:
        """Tell nothing, as while paused."""
        self._told = None
        self._smooth.forget()

    def update(
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
        estimated = jobs / rate.per_second
        end = self._smooth.add(now, estimated, rate)
        remaining = max(1.0, (end - now) / 1000)
        measured = _unsure(rate, estimated)
        told = self._told
        if told is None:
            if estimated < _TOO_SHORT or hold:
                return None
            # Nothing was told before: the first word is no change.
        elif hold or self._holds(told, now, remaining, measured):
            self._told = told = self._counted_down(told, now)
            return _shown(told, wall_offset)
        self._budget.take(now)
        unsure = max(measured, _LEAST_UNSURE)
        step = _step(0.2 * unsure * remaining) * 1000
        finish = round((end + wall_offset) / step) * step
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
        cost = self._budget.cost(now)
        if cost is None:
            return True
        if told.finish <= now:
            return False
        moved = abs(now + remaining * 1000 - told.finish) / 1000
        part = max(_LEAVES * unsure, _WORTH_TELLING) * cost
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
