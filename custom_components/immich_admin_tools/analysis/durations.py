"""How long jobs take: a histogram of bounded size and what is learned from it."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, log2

from ..bullmq.models import ActiveJob, JobEvent, JsonValue
from ..serialization import stored_int, stored_mapping

_BUCKETS_PER_OCTAVE = 8
"""Buckets are 9 % wide, so a quantile is off by 4.5 % at most."""

_LAST_BUCKET = 40 * _BUCKETS_PER_OCTAVE
"""35 years; anything longer is a broken clock."""

_HALVE_AT = 4_000
"""Observations after which all counts are halved, so that old ones fade."""

ENOUGH = 100
"""Observations before a p99 means anything."""

SUGGESTION_FACTOR = 4
"""Times the p99. For log-normal durations this is beyond 9,999 in 10,000 jobs."""

SUGGESTION_FLOOR = 60
"""Seconds: below this a busy disk would raise alarms."""


@dataclass(slots=True)
class DurationStatistics:
    """Durations of one kind of job. Seconds outside, ms inside."""

    count: int = 0
    """Observations remembered; halved now and then."""
    _buckets: dict[int, int] = field(default_factory=dict)
    _recent: float = 0.0
    _recent_weight: float = 0.0
    _suggested: int | None = field(default=None, compare=False)
    _is_suggested: bool = field(default=False, compare=False)
    """Whether `_suggested` takes all observations into account."""
    _p99: float | None = field(default=None, compare=False)
    _has_p99: bool = field(default=False, compare=False)
    """Whether `_p99` does."""

    def add(self, milliseconds: int) -> None:
        """Take in one duration."""
        self._is_suggested = self._has_p99 = False
        value = max(milliseconds, 1)
        bucket = min(int(log2(value) * _BUCKETS_PER_OCTAVE), _LAST_BUCKET)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        # The mean of about the last hundred jobs, without a bias at the start.
        self._recent = self._recent * 0.99 + value * 0.01
        self._recent_weight = self._recent_weight * 0.99 + 0.01
        if self.count >= _HALVE_AT:
            self._halve()

    def _halve(self) -> None:
        self._buckets = {b: n // 2 for b, n in self._buckets.items() if n >= 2}
        self.count = sum(self._buckets.values())

    @property
    def average(self) -> float | None:
        """Return the mean of the recent jobs."""
        if self._recent_weight == 0:
            return None
        return self._recent / self._recent_weight / 1000

    def quantile(self, part: float) -> float | None:
        """Return the seconds within which this part (0 to 1) of the jobs ended."""
        left = part * self.count
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return float(2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE)) / 1000
        return None

    @property
    def median(self) -> float | None:
        """Return the p50 in seconds; None before the first job."""
        return self.quantile(0.5)

    @property
    def p99(self) -> float | None:
        """Return the p99 in seconds; None before enough jobs were seen.

        It is asked for with every poll, and most queues rest.
        """
        if not self._has_p99:
            self._p99 = self.quantile(0.99) if self.count >= ENOUGH else None
            self._has_p99 = True
        return self._p99

    @property
    def suggested_threshold(self) -> int | None:
        """Return the seconds after which such a job may be called stuck."""
        if not self._is_suggested:
            self._suggested = self._suggestion()
            self._is_suggested = True
        return self._suggested

    def _suggestion(self) -> int | None:
        p99 = self.p99
        if p99 is None:
            return None
        seconds = max(p99 * SUGGESTION_FACTOR, SUGGESTION_FLOOR)
        # Coarse steps, so that the suggestion does not change all the time.
        step = 30 if seconds < 600 else 300 if seconds < 7200 else 1800
        return ceil(seconds / step) * step

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "buckets": {str(bucket): n for bucket, n in self._buckets.items()},
            "average_ms": round((self.average or 0.0) * 1000),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> DurationStatistics:
        """Go on from `to_dict`; what can't be understood is left out."""
        own = cls()
        buckets = stored_mapping(stored, "buckets")
        for bucket in buckets:
            count = stored_int(buckets, bucket)
            if bucket.isdecimal() and int(bucket) <= _LAST_BUCKET and count:
                own._buckets[int(bucket)] = count
        own.count = sum(own._buckets.values())
        if own.count and (average := stored_int(stored, "average_ms")) is not None:
            weight = 1 - 0.99 ** min(own.count, _HALVE_AT)
            own._recent, own._recent_weight = average * weight, weight
        return own


_MOST_RUNS = 512


@dataclass(slots=True)
class JobNames:
    """Names of a queue's jobs; old ones are forgotten, others never wrong."""

    _first: list[int] = field(default_factory=list)
    _last: list[int] = field(default_factory=list)
    _name: list[str] = field(default_factory=list)

    def add(self, job_id: str, name: str) -> None:
        """Remember a job that was added. Ids that are no numbers are left out."""
        if not job_id.isdecimal():
            return
        number = int(job_id)
        if self._last and number <= self._last[-1]:
            if self.find(job_id) != name:
                # Ids began again: what was known is of other jobs.
                self.clear()
            else:
                return
        if self._last and self._name[-1] == name and self._last[-1] + 1 == number:
            self._last[-1] = number
            return
        self._first.append(number)
        self._last.append(number)
        self._name.append(name)
        if len(self._first) > _MOST_RUNS:
            half = _MOST_RUNS // 2
            del self._first[:half], self._last[:half], self._name[:half]

    def find(self, job_id: str) -> str | None:
        """Return the name of a job; None when it is not known."""
        if not job_id.isdecimal():
            return None
        number = int(job_id)
        at = bisect_right(self._first, number) - 1
        if at < 0 or number > self._last[at]:
            return None
        return self._name[at]

    def clear(self) -> None:
        """Forget all."""
        self._first.clear()
        self._last.clear()
        self._name.clear()


_MOST_STARTS = 1_000
"""Jobs whose start is remembered where more are active than the poll lists."""

_MOST_NAMES = 40


@dataclass(slots=True)
class JobDurations:
    """What one queue's jobs take. Times: ms on the clock of Redis."""

    whole: DurationStatistics = field(default_factory=DurationStatistics)
    """All jobs of the queue."""
    by_name: dict[str, DurationStatistics] = field(default_factory=dict)
    finished: int = 0
    """Jobs whose end was seen."""
    _names: JobNames = field(default_factory=JobNames)
    _starts: dict[str, int] = field(default_factory=dict)
    _active_names: dict[str, str] = field(default_factory=dict)

    def forget_ids(self) -> None:
        """Forget what is tied to ids, as when they began again."""
        self._names.clear()
        self._starts.clear()
        self._active_names.clear()

    def of(self, name: str | None) -> DurationStatistics | None:
        """Return the statistics of a job name; None when it was never seen to end."""
        return None if name is None else self.by_name.get(name)

    def observe(
        self,
        events: Iterable[JobEvent],
        jobs: Collection[ActiveJob],
        active: int,
        *,
        timed: bool = True,
    ) -> None:
        """Take in the events of one poll, then who of how many is active.

        `timed`: whether the ids of the events tell times. What runs while the clock
        of Redis jumps is not measured.
        """
        if not timed:
            self._starts.clear()
        for event in events:
            self._event(event)
        if not timed:
            self._starts.clear()
        self._active_names = {job.job_id: job.name for job in jobs if job.name}
        if len(jobs) >= active:
            # Who is not active any more ended in an event that was lost.
            ids = {job.job_id for job in jobs}
            self._starts = {i: at for i, at in self._starts.items() if i in ids}
        elif len(self._starts) > _MOST_STARTS:
            newest = list(self._starts.items())[-_MOST_STARTS // 2 :]
            self._starts = dict(newest)

    def started(self, job_id: str, at: int) -> None:
        """Take in a start whose event was not seen, as before a restart of ours."""
        self._starts.setdefault(job_id, at)

    def _event(self, event: JobEvent) -> None:
        if event.job_id is None:
            return
        if event.event == "added" and event.name is not None:
            self._names.add(event.job_id, event.name)
        elif event.event == "active":
            self._starts.pop(event.job_id, None)
            self._starts[event.job_id] = event.time
        elif event.event == "completed":
            self.finished += 1
            start = self._starts.pop(event.job_id, None)
            if start is not None and event.time >= start:
                self._add(event.job_id, event.time - start)
        elif event.event == "failed" or event.prev == "active":
            self._starts.pop(event.job_id, None)

    def _add(self, job_id: str, milliseconds: int) -> None:
        self.whole.add(milliseconds)
        name = self._active_names.get(job_id) or self._names.find(job_id)
        if name is None:
            return
        if name not in self.by_name and len(self.by_name) >= _MOST_NAMES:
            return
        self.by_name.setdefault(name, DurationStatistics()).add(milliseconds)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON; what is tied to ids is not kept."""
        return {
            "whole": self.whole.to_dict(),
            "by_name": {name: own.to_dict() for name, own in self.by_name.items()},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> JobDurations:
        """Go on from `to_dict`; what can't be understood is left out."""
        names = stored_mapping(stored, "by_name")
        return cls(
            whole=DurationStatistics.from_dict(stored_mapping(stored, "whole")),
            by_name={
                name: DurationStatistics.from_dict(stored_mapping(names, name))
                for name in list(names)[:_MOST_NAMES]
            },
        )
