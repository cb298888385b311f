"""Runs of jobs that the user wants to be left alone, for good or for a while."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ..bullmq.models import JsonValue
from ..serialization import OMIT, items_from_json, stored_int, to_json
from .models import WITHOUT_LOCK, StuckKind

MOST = 1_000
"""Runs that are remembered; the one ignored longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class RunId:
    """What tells a run from all others, as far as its source tells it."""

    job_id: str
    processed_on: int | None
    """None: only Immich's API saw it."""
    added_at: int | None

    def same(self, other: RunId) -> bool:
        """Return whether it is the same run; the API tells only when a job was added."""
        if self.job_id != other.job_id:
            return False
        if None not in (self.processed_on, other.processed_on):
            return self.processed_on == other.processed_on
        return self.added_at == other.added_at


@dataclass(frozen=True, slots=True)
class IgnoredRun:
    """One run."""

    queue: str
    job_id: str
    processed_on: int | None = None
    added_at: int | None = None
    until: int | None = None
    """ms since the epoch: what is stored; None: until the run is over."""
    lasts: int | None = None
    """ms: it can't be longer, whatever the wall clock says."""
    kind: StuckKind | None = None
    """What was the matter with it; None: that was not stored."""
    deadline: int | None = field(default=None, compare=False, metadata=OMIT)
    """`until` on the clock that never jumps."""

    @property
    def run(self) -> RunId:
        """Return which run it is."""
        return RunId(self.job_id, self.processed_on, self.added_at)

    def allows(self, kind: StuckKind | None) -> bool:
        """Return whether the user said so about this, too.

        Whoever leaves a job alone that takes long knows nothing of a worker that goes later.
        """
        return (
            kind not in WITHOUT_LOCK or self.kind is None or self.kind in WITHOUT_LOCK
        )


class IgnoredRuns:
    """Knows them for as long as they run. Another run of the same job is not ignored."""

    def __init__(self) -> None:
        self._runs: list[IgnoredRun] = []

    def add(
        self,
        queue: str,
        run: RunId,
        lasts: int | None,
        now: int,
        wall: int,
        kind: StuckKind | None = None,
    ) -> None:
        """Ignore a run for `lasts` ms, or until it is over; `kind`: what it is now."""
        self._runs = [own for own in self._runs if not _is(own, queue, run)]
        self._runs.append(
            IgnoredRun(
                queue=queue,
                job_id=run.job_id,
                processed_on=run.processed_on,
                added_at=run.added_at,
                until=None if lasts is None else wall + lasts,
                lasts=lasts,
                kind=kind,
                deadline=None if lasts is None else now + lasts,
            )
        )
        del self._runs[:-MOST]

    def covers(
        self, queue: str, run: RunId, now: int, kind: StuckKind | None = None
    ) -> bool:
        """Return whether a run is ignored as what it is by now; `now` is monotonic.

        From then on it is known by what was seen of it now.
        """
        for index, own in enumerate(self._runs):
            if not _is(own, queue, run):
                continue
            if own.deadline is not None and own.deadline <= now:
                return False
            if own.processed_on is None and run.processed_on is not None:
                self._runs[index] = replace(own, processed_on=run.processed_on)
            return own.allows(kind)
        return False

    def over(self, queue: str, active: Collection[RunId] = ()) -> None:
        """Forget the runs of a queue that are not among all that is active."""
        if self._runs:
            self._runs = [
                own
                for own in self._runs
                if own.queue != queue or any(own.run.same(run) for run in active)
            ]

    def copy(self) -> IgnoredRuns:
        """Return others that know the same."""
        other = IgnoredRuns()
        other._runs = list(self._runs)
        return other

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {"runs": [to_json(run, without_none=True) for run in self._runs]}

    @classmethod
    def from_dict(
        cls, stored: Mapping[str, JsonValue], now: int, wall: int
    ) -> IgnoredRuns:
        """Go on from `to_dict`; what can't be understood is left out.

        A wall clock that was put back since then does not make it longer.
        """
        own = cls()
        own._runs = [
            run
            if run.until is None
            else replace(
                run,
                deadline=now + min(max(0, run.until - wall), run.lasts or 0),
            )
            for run in items_from_json(IgnoredRun, _ending(stored.get("runs")))
        ]
        return own


def _is(own: IgnoredRun, queue: str, run: RunId) -> bool:
    return own.queue == queue and own.run.same(run)


def _ending(stored: JsonValue) -> JsonValue:
    """Leave out what was to end at a time that can't be read: it would never end."""
    if not isinstance(stored, list):
        return None
    return [
        item
        for item in stored
        if isinstance(item, dict)
        and (
            (item.get("until") is None and item.get("lasts") is None)
            or stored_int(item, "until") is not None
        )
    ]
