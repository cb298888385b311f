"""What hourly and daily figures say: when most is done, and whether it gets worse. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..bullmq.models import JsonValue
from ..immich.telemetry import Outcomes, Telemetry
from ..serialization import stored_int, stored_mapping, stored_str

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


VERSION = 1
MOST_DAYS = 35
_MOST_JOBS = 200


@dataclass(slots=True)
class _Process:
    """One process of Immich, as it was seen last."""

    name: str
    seen: Mapping[str, Outcomes]


@dataclass(slots=True)
class OutcomeCounts:
    """Counts from when telemetry was first read."""

    since: int | None = None
    """ms since the epoch; None before the first reading."""
    jobs: dict[str, Outcomes] = field(default_factory=dict)
    """Per job name."""
    days: dict[str, Outcomes] = field(default_factory=dict)
    """All jobs together, per day of the user (`2026-11-20`), the last MOST_DAYS."""
    _processes: dict[str, _Process] = field(default_factory=dict)

    def update(self, source: str, reading: Telemetry, now: int, day: str) -> None:
        """Take in a reading; `source` tells one endpoint from another."""
        before = self._processes.get(source)
        self._processes[source] = _Process(reading.process, reading.jobs)
        if self.since is None:
            self.since = now
        if before is None:
            # What was counted before nobody looked belongs to no time.
            return
        seen = {} if _restarted(before, reading) else before.seen
        for job, outcomes in reading.jobs.items():
            grown = _minus(outcomes, seen.get(job, Outcomes()))
            if grown == Outcomes():
                continue
            if job in self.jobs or len(self.jobs) < _MOST_JOBS:
                self.jobs[job] = _plus(self.jobs.get(job, Outcomes()), grown)
            self.days[day] = _plus(self.days.get(day, Outcomes()), grown)
        for old in sorted(self.days)[:-MOST_DAYS]:
            del self.days[old]

    def of(self, job: str) -> Outcomes:
        """Return the counts of one job name: zeros when nothing happened since."""
        return self.jobs.get(job, Outcomes())

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "version": VERSION,
            "since": self.since,
            "jobs": _stored(self.jobs),
            "days": _stored(self.days),
            "processes": {
                source: {"name": own.name, "seen": _stored(own.seen)}
                for source, own in self._processes.items()
            },
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> OutcomeCounts:
        """Go on from `to_dict`; what can't be understood is left out."""
        own = cls()
        if stored_int(stored, "version") != VERSION:
            return own
        own.since = stored_int(stored, "since")
        own.jobs = _read(stored_mapping(stored, "jobs"))
        own.days = _read(stored_mapping(stored, "days"))
        processes = stored_mapping(stored, "processes")
        for source in processes:
            process = stored_mapping(processes, source)
            own._processes[source] = _Process(
                stored_str(process, "name") or "",
                _read(stored_mapping(process, "seen")),
            )
        return own


def _restarted(before: _Process, now: Telemetry) -> bool:
    """Return whether the counters began anew: one fell, or is gone."""
    if before.name != now.process:
        return True
    return any(
        _fell(outcomes, now.jobs.get(job, Outcomes()))
        for job, outcomes in before.seen.items()
    )


def _fell(before: Outcomes, now: Outcomes) -> bool:
    return (
        now.success < before.success
        or now.failed < before.failed
        or now.skipped < before.skipped
    )


def _plus(one: Outcomes, other: Outcomes) -> Outcomes:
    return Outcomes(
        one.success + other.success,
        one.failed + other.failed,
        one.skipped + other.skipped,
    )


def _minus(one: Outcomes, other: Outcomes) -> Outcomes:
    return Outcomes(
        one.success - other.success,
        one.failed - other.failed,
        one.skipped - other.skipped,
    )


def _stored(counts: Mapping[str, Outcomes]) -> dict[str, JsonValue]:
    return {
        name: [own.success, own.failed, own.skipped] for name, own in counts.items()
    }


def _read(stored: Mapping[str, JsonValue]) -> dict[str, Outcomes]:
    found: dict[str, Outcomes] = {}
    for name, value in stored.items():
        match value:
            case [int() as success, int() as failed, int() as skipped]:
                found[name] = Outcomes(success, failed, skipped)
    return found
