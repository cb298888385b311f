"""Which runs of jobs were already seen, from whichever source."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..bullmq.models import ActiveJob
from ..immich.models import ListedJob
from .stuck import TOO_FAR_APART, Run

type _RedisKey = tuple[str, int | None]
"""Id and processedOn."""

type _ApiKey = tuple[str, int]
"""Id and when it was added: the API tells no start."""


@dataclass(slots=True)
class RunTracker:
    """The active runs of one queue.

    Redis tells runs apart by their start, the API by when the job was added; both
    know the latter, so a run is not forgotten when the source changes.
    """

    _by_start: dict[_RedisKey, Run] = field(default_factory=dict)
    _by_added: dict[_ApiKey, Run] = field(default_factory=dict)
    _all_seen_at: int | None = None
    """When all active jobs were seen in Redis the last time."""

    @property
    def job_ids(self) -> set[str]:
        """Return the ids of the jobs that were active in the last poll."""
        return {job_id for job_id, _ in (*self._by_start, *self._by_added)}

    def forget(self) -> None:
        """Forget all, as when ids began again."""
        self._by_start.clear()
        self._by_added.clear()

    def from_redis(
        self,
        jobs: Collection[ActiveJob],
        active: int,
        now: int,
        finished: int,
        too_far_apart: int = TOO_FAR_APART,
    ) -> list[tuple[ActiveJob, Run]]:
        """Match the listed ones of all active jobs with their runs.

        Those that ended are dropped.
        """
        by_start: dict[_RedisKey, Run] = {}
        by_added: dict[_ApiKey, Run] = {}
        found: list[tuple[ActiveJob, Run]] = []
        for job in jobs:
            run = self._by_start.get(job.identity)
            if run is None:
                run = self._seen_by_api(job, now, finished)
            by_start[job.identity] = run
            if job.added_at is not None:
                by_added[(job.job_id, job.added_at)] = run
            run.observe(job, now, too_far_apart)
            found.append((job, run))
        self._by_start, self._by_added = by_start, by_added
        if len(jobs) >= active:
            self._all_seen_at = now
        return found

    def _seen_by_api(self, job: ActiveJob, now: int, finished: int) -> Run:
        """Take over what the API saw of a job whose start was not known then.

        It may have been another run of that job, so it has to be seen twice anew.
        """
        known = (
            self._by_added.get((job.job_id, job.added_at))
            if job.added_at is not None
            else None
        )
        if known is None or known.processed_on is not None:
            return Run(
                now,
                now,
                finished,
                processed_on=job.processed_on,
                not_before=self._all_seen_at,
            )
        return Run(
            known.first_seen,
            now,
            known.peers_before,
            processed_on=job.processed_on,
            not_before=self._all_seen_at,
        )

    def from_api(
        self, jobs: Iterable[ListedJob], now: int, finished: int
    ) -> list[tuple[ListedJob, Run]]:
        """Match the listed active jobs with their runs."""
        by_added: dict[_ApiKey, Run] = {}
        found: list[tuple[ListedJob, Run]] = []
        for job in jobs:
            key = (job.job_id, job.added_at)
            run = self._by_added.get(key) or Run(now, now, finished)
            by_added[key] = run
            run.last_seen = now
            run.polls += 1
            found.append((job, run))
        kept = set(map(id, by_added.values()))
        self._by_start = {k: r for k, r in self._by_start.items() if id(r) in kept}
        self._by_added = by_added
        return found
