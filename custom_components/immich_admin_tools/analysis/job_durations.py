"""Durations per queue and per job name, from the events of starts and ends."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ..bullmq.models import ActiveJob, JobEvent, JsonValue
from .durations import DurationStatistics
from .job_names import JobNames
from .stored import stored_mapping

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
