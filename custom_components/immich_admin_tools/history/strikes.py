"""How often the same work got stuck. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..analysis.models import JobView, StuckKind
from ..bullmq.models import JsonValue
from ..serialization import (
    from_json,
    if_unreadable,
    stored_mapping,
    stored_str,
    to_json,
)

MOST = 5_000
"""Works that are remembered; the one not stuck for longest is forgotten first."""

REMEMBERED = 90 * 24 * 3_600_000
"""ms after which a work that was not stuck again is forgotten."""

COUNTED = (StuckKind.HUNG, StuckKind.ORPHANED)
"""Kinds that count: a job that merely takes long says nothing against its photo."""


@dataclass(frozen=True, slots=True)
class Strikes:
    """One work: a kind of job on one photo, or on whatever else it is about."""

    count: int
    first: int = field(metadata=if_unreadable(0))
    last: int = field(metadata=if_unreadable(0))
    """ms since the epoch."""
    run: str = field(metadata=if_unreadable(""))
    """The last run that was noted, so that none is told twice."""
    asset_id: str | None
    counted: str = field(metadata=if_unreadable(""))
    """The last run that was counted, so that none counts twice."""


PROBLEM_FROM = 2
"""Times that a photo got stuck, from which on it is one to look at."""


@dataclass(frozen=True, slots=True)
class ProblemAsset:
    """A photo or video that got stuck again and again."""

    asset_id: str
    times_stuck: int
    last: int
    """ms since the epoch."""
    queues: tuple[str, ...]


class StrikeCounts:
    """Counts each stuck run once, by the work it was about."""

    def __init__(self) -> None:
        self._strikes: dict[str, Strikes] = {}
        self.changes = 0
        """Differs after each strike."""

    def note(self, job: JobView, at: int) -> bool:
        """Take in a stuck run; return whether it is a new one.

        A run counts from when it is hung or orphaned. A ghost has no work, so it
        counts for none and is always new.
        """
        key = _work_of(job)
        if key is None:
            return True
        run = f"{job.job_id}@{job.processed_on or ''}"
        known = self._strikes.get(key)
        is_new = known is None or not _same(known.run, run)
        counts = job.kind in COUNTED and (
            known is None or not _same(known.counted, run)
        )
        if known is not None and not is_new and not counts:
            return False
        self.changes += 1
        self._strikes.pop(key, None)
        self._strikes[key] = Strikes(
            count=(0 if known is None else known.count) + counts,
            first=at if known is None else known.first,
            last=at if known is None or is_new else known.last,
            run=run if is_new or known is None else known.run,
            asset_id=job.asset_ids[0] if job.asset_ids else None,
            counted=run if counts else "" if known is None else known.counted,
        )
        while len(self._strikes) > MOST:
            del self._strikes[next(iter(self._strikes))]
        return is_new

    def count(self, job: JobView) -> int:
        """Return how often this work got stuck, this time included."""
        strikes = self._strikes.get(_work_of(job) or "")
        return 0 if strikes is None else strikes.count

    def of_asset(self, asset_id: str) -> int:
        """Return how often any work on an asset got stuck."""
        return sum(
            strikes.count
            for strikes in self._strikes.values()
            if strikes.asset_id == asset_id
        )

    def problem_assets(self) -> list[ProblemAsset]:
        """Return the assets that got stuck more than once, the worst first."""
        found: dict[str, list[tuple[str, Strikes]]] = {}
        for key, strikes in self._strikes.items():
            if strikes.asset_id is not None and strikes.count:
                found.setdefault(strikes.asset_id, []).append((key, strikes))
        problems = [
            ProblemAsset(
                asset_id=asset_id,
                times_stuck=sum(strikes.count for _, strikes in works),
                last=max(strikes.last for _, strikes in works),
                queues=tuple(dict.fromkeys(key.partition("/")[0] for key, _ in works)),
            )
            for asset_id, works in found.items()
        ]
        return sorted(
            (asset for asset in problems if asset.times_stuck >= PROBLEM_FROM),
            key=lambda asset: (-asset.times_stuck, -asset.last),
        )

    def to_dict(self, now: int) -> dict[str, JsonValue]:
        """Return it as JSON, without what was long ago."""
        return {
            key: to_json(strikes)
            for key, strikes in self._strikes.items()
            if now - strikes.last < REMEMBERED
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> StrikeCounts:
        """Go on from `to_dict`; what can't be understood is left out."""
        book = cls()
        for key in stored:
            value = stored_mapping(stored, key)
            strikes = from_json(Strikes, value)
            if strikes is None:
                continue
            if stored_str(value, "counted") is None:
                # 0.1.0 counted every run that it noted.
                strikes = replace(strikes, counted=strikes.run)
            book._strikes[key] = strikes
        return book


def _work_of(job: JobView) -> str | None:
    """Return what tells the work of a job from all other; None when it has none."""
    if job.name is None:
        return None
    subject: object = job.asset_ids[0] if job.asset_ids else (job.data or {}).get("id")
    return f"{job.queue}/{job.name}/{subject if isinstance(subject, str) else ''}"


def _same(one: str, other: str) -> bool:
    """Compare runs; the API does not tell when one began."""
    one_id, _, one_start = one.rpartition("@")
    other_id, _, other_start = other.rpartition("@")
    return one_id == other_id and (
        one_start == other_start or not one_start or not other_start
    )
