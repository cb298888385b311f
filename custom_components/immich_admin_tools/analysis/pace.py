"""A queue's rate and time left, as they are shown."""

from collections import deque
from dataclasses import dataclass, field
from math import floor, log10

from .eta import EtaEstimator, known_well_enough
from .models import Eta, NoEta, QueueState
from .rate import Rate, RateEstimator

_WORTH_TELLING = 0.05


def significant(value: float, digits: int = 3) -> float:
    """Round to some significant digits."""
    if value == 0:
        return 0.0
    return round(value, digits - 1 - floor(log10(abs(value))))


@dataclass(slots=True)
class Hysteresis:
    """A number with 5 % of hysteresis; zero and None are told at once."""

    told: float | None = None

    def update(self, value: float | None) -> float | None:
        """Return what is to be shown."""
        if (
            value is None
            or not value
            or not self.told
            or abs(value - self.told) > _WORTH_TELLING * self.told
        ):
            self.told = None if value is None else significant(value)
        return self.told


_LEAST_ELAPSED = 15.0
"""Seconds of measuring before a rate is shown."""

_ZERO_ELAPSED = 300.0
"""Seconds without one job before a zero counts as measured."""

_WINDOW_BLOCK = 30.0
_WINDOW_BLOCKS = 10
"""The throughput of a queue without a backlog is that of the last five minutes."""

_RANGE = 1.645
_COLLAPSED_JOBS = 8.0
_COLLAPSED_SECONDS = 45.0
"""A pace has collapsed when none of so many jobs came that were due by then, for so
long: the time left is unknown until it was measured anew for as long."""

_SLOW = 5.0
"""Seconds per job from which its usual duration gives a first guess of the rate."""
_GUESS_UNSURE = 0.3


@dataclass(frozen=True, slots=True)
class PaceView:
    """What is shown of it."""

    rate_per_minute: float | None
    rate_range: tuple[float, float] | None
    eta: Eta | None
    no_eta: NoEta | None


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do in a queue."""

    now: int
    """Monotonic ms."""
    waiting: int
    active: int
    is_paused: bool
    state: QueueState
    average_duration: float | None
    wall_offset: int = 0
    """ms to add to show a time."""

    @property
    def moving(self) -> bool:
        """Return False when nothing is processed though there is work."""
        return self.state not in (QueueState.STALLED, QueueState.WORKER_LOST)


@dataclass(slots=True)
class Pace:
    """Measures one queue from one source.

    The rate of work is measured only while work waits, so that a rest does not
    look like slowness; without a backlog the plain throughput is shown.
    """

    _estimator: RateEstimator = field(default_factory=RateEstimator)
    _window: deque[tuple[float, float]] = field(
        default_factory=lambda: deque([(0.0, 0.0)], maxlen=_WINDOW_BLOCKS)
    )
    _last: Work | None = None
    _teller: EtaEstimator = field(default_factory=EtaEstimator)
    _rate: Hysteresis = field(default_factory=Hysteresis)
    _told_range: tuple[float, float] | None = None
    _quiet: float = 0.0
    """Seconds of work without a job done."""
    _usual: float = 0.0
    """Jobs per second before that."""
    _collapsed: bool = False
    _since_collapse: float = 0.0
    """Seconds since the first job after it."""

    def skip(self) -> None:
        """Leave out the time up to the next poll, as after a change of source."""
        self._last = None

    def update(self, work: Work, processed: int) -> PaceView:
        """Take in one poll: what was processed since the last one."""
        last, self._last = self._last, work
        if last is not None and not last.is_paused and not work.is_paused:
            self._measure(last, work, processed)
        return self._view(work)

    def _measure(self, last: Work, work: Work, processed: int) -> None:
        seconds = max(0, work.now - last.now) / 1000
        if seconds <= 0:
            return
        self._observe_window(seconds, processed)
        if last.waiting > 0 and work.waiting + work.active > 0:
            self._watch_collapse(seconds, processed)
            self._estimator.add(seconds, processed)

    def _watch_collapse(self, seconds: float, processed: int) -> None:
        """Notice when jobs stop coming, and when they come again for a while."""
        if processed:
            self._quiet = 0.0
        elif self._quiet == 0.0 and (rate := self._estimator.rate) is not None:
            self._usual = rate.per_second
        self._quiet += 0.0 if processed else seconds
        if self._is_overdue and self._quiet >= _COLLAPSED_SECONDS:
            self._collapsed = True
            self._since_collapse = 0.0
        elif self._collapsed:
            self._since_collapse += seconds if processed or self._since_collapse else 0
            self._collapsed = self._since_collapse < _COLLAPSED_SECONDS

    @property
    def _is_overdue(self) -> bool:
        """Return whether so many jobs are due that it is no chance any more."""
        return self._usual * self._quiet >= _COLLAPSED_JOBS

    def _observe_window(self, seconds: float, jobs: float) -> None:
        block_seconds, block_jobs = self._window[-1]
        if block_seconds >= _WINDOW_BLOCK:
            self._window.append((seconds, jobs))
        else:
            self._window[-1] = (block_seconds + seconds, block_jobs + jobs)

    def _throughput(self) -> float | None:
        """Return jobs per second of the last minutes, with or without a backlog."""
        seconds = sum(block[0] for block in self._window)
        if seconds < _LEAST_ELAPSED:
            return None
        return sum(block[1] for block in self._window) / seconds

    def _view(self, work: Work) -> PaceView:
        if work.is_paused:
            self._rate.update(None)
            self._teller.forget()
            return PaceView(None, None, None, NoEta.PAUSED)
        # Where nothing is to be done it is not asked for, and it takes a while.
        rate = self._estimator.rate if work.waiting + work.active else None
        shown, shown_range = self._shown_rate(work, rate)
        eta, no_eta = self._eta(work, rate)
        return PaceView(shown, shown_range, eta, no_eta)

    def _shown_rate(
        self, work: Work, rate: Rate | None
    ) -> tuple[float | None, tuple[float, float] | None]:
        """Return jobs per minute and their range."""
        before = self._rate.told
        if work.state is QueueState.IDLE or not work.moving:
            return self._rate.update(0.0), None
        if work.waiting == 0:
            throughput = self._throughput()
            told = self._rate.update(None if throughput is None else throughput * 60)
            return told, None
        if rate is None or rate.elapsed < _LEAST_ELAPSED:
            return self._rate.update(None), None
        if rate.jobs == 0 and work.moving and rate.elapsed < _ZERO_ELAPSED:
            return self._rate.update(None), None
        told = self._rate.update(rate.per_second * 60)
        if told != before or self._told_range is None:
            unsure = _RANGE * rate.deviation
            self._told_range = (
                significant(max(0.0, rate.per_second - unsure) * 60),
                significant((rate.per_second + unsure) * 60),
            )
        return told, self._told_range

    def _eta(self, work: Work, rate: Rate | None) -> tuple[Eta | None, NoEta | None]:
        """Return the time left, or why there is none."""
        jobs = work.waiting + work.active
        reason: NoEta | None = None
        if jobs == 0:
            reason = NoEta.NOTHING_TO_DO
        elif not work.moving:
            reason = NoEta.NOT_MOVING
        elif self._collapsed:
            reason = NoEta.MEASURING
        elif rate is None or not known_well_enough(rate):
            rate = _first_guess(work)
            reason = NoEta.MEASURING if rate is None else None
        if reason is not None or rate is None or rate.per_second <= 0:
            self._teller.forget()
            return None, reason or NoEta.NOT_MOVING
        eta = self._teller.update(
            work.now, jobs, rate, work.wall_offset, hold=self._is_overdue
        )
        return eta, None if eta is not None else NoEta.NEARLY_DONE


def _first_guess(work: Work) -> Rate | None:
    """Guess the rate of long jobs from their usual duration.

    With jobs of minutes it would take an hour to measure it.
    """
    if not work.active or work.average_duration is None:
        return None
    if work.average_duration < _SLOW:
        return None
    per_second = work.active / work.average_duration
    return Rate(per_second, per_second * _GUESS_UNSURE, per_second, 0.0, 0.0)
