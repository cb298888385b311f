"""Acts on stuck jobs behind fences, then watches what became of their workers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio import Redis

from ..analysis.models import JobView
from ..bullmq.errors import BullMQError
from ..bullmq.fences import ActiveFence
from ..bullmq.lock_reader import read_locks
from ..bullmq.lock_watch import LockObservation, SlotState, slot_state
from ..bullmq.recovery import QueueRecovery, Result
from .models import HealedJob, HealMode, HealReport, Outcome, SkippedJob, SkipReason
from .policy import reason_to_skip

FAIL_REASON = "Stuck; failed by Immich Admin Tools"
WATCH_EVERY = 2.0
WATCH_FOR = 20.0
"""Seconds: a worker that still runs a job renews its lock within 15 s."""

type Sleep = Callable[[float], Awaitable[None]]

_RACED = {
    Result.NOT_ACTIVE: SkipReason.RACED,
    Result.LOCK_CHANGED: SkipReason.RACED,
    Result.RUN_CHANGED: SkipReason.RACED,
    Result.HASH_MISSING: SkipReason.ONLY_REMOVE,
    Result.UNSUPPORTED: SkipReason.UNSUPPORTED,
}
_SLOTS = {
    SlotState.FREE: Outcome.CONFIRMED,
    SlotState.LOST: Outcome.SLOT_LOST,
    SlotState.UNKNOWN: Outcome.UNCONFIRMED,
    SlotState.REPLACED: Outcome.UNCONFIRMED,
}


class Healer:
    """Heals the queues of one Immich through its Redis."""

    def __init__(
        self, client: Redis, prefix: str, sleep: Sleep = asyncio.sleep
    ) -> None:
        """Use a client that others may share."""
        self._client = client
        self._prefix = prefix
        self._recovery = QueueRecovery(client, prefix)
        self._sleep = sleep

    async def heal(
        self,
        queue: str,
        jobs: Sequence[JobView],
        mode: HealMode,
        older_than: float | None = None,
    ) -> HealReport:
        """Act on the stuck ones among a queue's active jobs.

        Raises BullMQError when Redis refuses before anything was changed.
        """
        skipped: list[SkippedJob] = []
        acted: list[JobView] = []
        for job in jobs:
            reason = reason_to_skip(job, mode, older_than)
            if reason is None:
                reason = _RACED.get(await self._act(queue, job, mode))
            if reason is None:
                acted.append(job)
            else:
                skipped.append(SkippedJob(job, reason))
        outcomes = await self._watch(queue, acted)
        return HealReport(
            queue,
            tuple(
                HealedJob(job, mode, outcome)
                for job, outcome in zip(acted, outcomes, strict=True)
            ),
            tuple(skipped),
        )

    async def _act(self, queue: str, job: JobView, mode: HealMode) -> Result:
        """Do it, if the job is still what it was when it was judged."""
        fence = ActiveFence(job.job_id, job.processed_on, job.lock_token)
        match mode:
            case HealMode.REMOVE:
                return await self._recovery.remove(queue, fence)
            case HealMode.REQUEUE:
                return await self._recovery.requeue(queue, fence)
            case HealMode.FAIL:
                return await self._recovery.fail(queue, fence, FAIL_REASON)

    async def _watch(self, queue: str, jobs: Sequence[JobView]) -> list[Outcome]:
        """Follow the locks until each tells, at most WATCH_FOR seconds."""
        seen: list[list[LockObservation]] = [[] for _ in jobs]
        waited = 0.0
        while True:
            states = [
                slot_state(observations, job.lock_token)
                for job, observations in zip(jobs, seen, strict=True)
            ]
            if SlotState.UNKNOWN not in states or waited > WATCH_FOR:
                return [_SLOTS[state] for state in states]
            if seen[0]:
                await self._sleep(WATCH_EVERY)
                waited += WATCH_EVERY
            try:
                locks = await read_locks(
                    self._client, self._prefix, queue, [job.job_id for job in jobs]
                )
            except BullMQError:
                # The act is done; that it can't be verified is no failure of it.
                waited += WATCH_EVERY
                continue
            for observations, lock in zip(seen, locks, strict=True):
                observations.append(lock)
