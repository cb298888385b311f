"""Heals stuck jobs: writes down, acts behind fences, has it verified and recorded."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
import logging
from uuid import uuid4

from redis.asyncio import Redis

from ..bullmq.errors import (
    BullMQError,
    MissingRightsError,
    UnknownLayoutError,
    WritesRefusedError,
)
from ..bullmq.locks import SlotReading, read_slots
from ..bullmq.recovery import ActiveFence, QueueRecovery, Result
from .journal import Journal
from .models import (
    FAIL_REASON,
    Decision,
    HealAction,
    HealedJob,
    HealMode,
    HealReport,
    Initiator,
    Outcome,
    SkippedJob,
    SkipReason,
    UnconfirmedReason,
)
from .verification import Clock, HealingServices, Verification

_LOGGER = logging.getLogger(__name__)

_LEFT_ALONE = {
    Result.NOT_ACTIVE: SkipReason.RACED,
    Result.LOCK_CHANGED: SkipReason.RACED,
    Result.RUN_CHANGED: SkipReason.RACED,
    Result.HASH_MISSING: SkipReason.ONLY_REMOVE,
    Result.UNSUPPORTED: SkipReason.UNSUPPORTED,
}


@dataclass(slots=True)
class ExecutionResult:
    """What the fences let through."""

    done: list[HealAction] = field(default_factory=list)
    skipped: list[tuple[HealAction, SkippedJob]] = field(default_factory=list)
    failed: list[HealedJob] = field(default_factory=list)
    """Not tried or refused: certainly unchanged."""
    unknown: list[HealAction] = field(default_factory=list)
    """Sent, and no reply came."""
    error: BullMQError | None = None
    """The first one."""

    @property
    def changed_nothing(self) -> bool:
        """Return whether it is certain that Redis is as it was."""
        return not self.done and not self.unknown


async def execute(
    recovery: QueueRecovery, acts: Iterable[HealAction]
) -> ExecutionResult:
    """Do it to each job that is still what it was when it was judged.

    A refusal holds for the whole queue (unknown layout) or for the mode (missing
    rights); the rest goes on. Once Redis is lost, or takes no changes, nothing more
    is tried.
    """
    result = ExecutionResult()
    over = False
    refused: set[str | HealMode] = set()
    for act in acts:
        if over or act.queue in refused or act.mode in refused:
            result.failed.append(HealedJob(act, Outcome.FAILED))
            continue
        try:
            answer = await _carry_out_one(recovery, act)
        except (MissingRightsError, UnknownLayoutError) as err:
            refused.add(act.queue if isinstance(err, UnknownLayoutError) else act.mode)
            result.failed.append(HealedJob(act, Outcome.FAILED))
            result.error = result.error or err
        except WritesRefusedError as err:
            over = True
            result.failed.append(HealedJob(act, Outcome.FAILED))
            result.error = result.error or err
        except BullMQError as err:
            over = True
            result.unknown.append(act)
            result.error = result.error or err
        else:
            reason = _LEFT_ALONE.get(answer)
            if reason is None:
                result.done.append(act)
            else:
                skipped = SkippedJob(act.queue, act.job_id, reason)
                result.skipped.append((act, skipped))
    if result.error is not None and not result.changed_nothing:
        # Else it is raised, and told by whoever asked.
        _LOGGER.warning("Not all stuck jobs could be cleared: %s", result.error)
    return result


async def _carry_out_one(recovery: QueueRecovery, act: HealAction) -> Result:
    """Do it, if the job is still what it was when it was judged."""
    fence = ActiveFence(act.job_id, act.processed_on, act.lock_token)
    match act.mode:
        case HealMode.REMOVE:
            return await recovery.remove(act.queue, fence)
        case HealMode.REQUEUE:
            return await recovery.requeue(act.queue, fence)
        case HealMode.FAIL:
            return await recovery.fail(act.queue, fence, FAIL_REASON)


def lost_jobs(acts: Iterable[HealAction]) -> list[HealedJob]:
    """Return acts of which it is not known whether they were done."""
    return [
        HealedJob(act, Outcome.UNCONFIRMED, UnconfirmedReason.REDIS_LOST)
        for act in acts
    ]


type RestartStep = Callable[[], Awaitable[None]]


class Healer:
    """Heals the queues of one Immich through its Redis."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        log: Journal,
        services: HealingServices,
        verification: Verification,
        now: Clock,
        wall: Clock,
    ) -> None:
        """Use a client that others may share; acts are dated by `wall`."""
        self._client = client
        self._prefix = prefix
        self._recovery = QueueRecovery(client, prefix)
        self._log = log
        self._services = services
        self._verification = verification
        self._now = now
        self._wall = wall

    async def heal(
        self,
        decisions: Sequence[Decision],
        by: Initiator,
        before_verifying: RestartStep | None = None,
    ) -> HealReport:
        """Carry decisions out and wait for what came of them, for 40 s at most.

        `before_verifying` is done in between, such as a restart; what it raises is
        raised when all is recorded. Raises, with nothing changed, NotStoredError when
        the decisions can't be written down and BullMQError when Redis refuses all.
        """
        if not decisions:
            if before_verifying is not None:
                await before_verifying()
            return HealReport()
        jobs = [(decision.job.queue, decision.job.job_id) for decision in decisions]
        before = await read_slots(self._client, self._prefix, jobs)
        acts = _acts(decisions, by, self._wall(), before)
        for act in acts:
            _LOGGER.info(
                "%s job %s (%s) of %s: %s, %s, for %s s",
                act.mode,
                act.job_id,
                act.name,
                act.queue,
                act.reason,
                act.kind,
                act.age,
            )
        ids = {act.act_id for act in acts}
        self._verification.handle(ids)
        try:
            await self._log.change(lambda book: book.begun(acts, self._now()))
            return await self._heal(acts, before_verifying)
        finally:
            self._verification.handled(ids)

    async def _heal(
        self, acts: Sequence[HealAction], step: RestartStep | None
    ) -> HealReport:
        """Do what is written down."""
        carried = await execute(self._recovery, acts)
        # What got no reply stays written down: it is looked up later.
        raced = [act for act, _ in carried.skipped]
        refused = [job.act for job in carried.failed]
        if raced or refused:
            await self._log.settle(lambda book: book.came_to_nothing(raced, refused))
        if carried.changed_nothing and carried.error is not None:
            raise carried.error
        try:
            if step is not None:
                await step()
        except Exception:
            # Not when it is cancelled: then what is written down is looked up later.
            await self._finish(carried)
            raise
        return await self._finish(carried)

    async def _finish(self, carried: ExecutionResult) -> HealReport:
        """Record what was not done for certain, and wait for the rest."""
        undone = [*lost_jobs(carried.unknown), *carried.failed]
        if undone:
            await self._services.record(undone)
        verified = await self._verification.watch(carried.done)
        return HealReport(
            (*verified, *undone), tuple(job for _, job in carried.skipped)
        )


def _acts(
    decisions: Iterable[Decision], by: Initiator, now: int, before: SlotReading
) -> list[HealAction]:
    """Turn decisions into acts."""
    return [
        HealAction(
            act_id=uuid4().hex,
            at=now,
            redis_at=before.at,
            job_counter=before.job_counters[decision.job.queue],
            queue=decision.job.queue,
            job_id=decision.job.job_id,
            name=decision.job.name,
            asset_id=decision.job.asset_ids[0] if decision.job.asset_ids else None,
            kind=decision.job.kind,
            age=decision.job.age,
            processed_on=decision.job.processed_on,
            lock_token=decision.job.lock_token,
            mode=decision.mode,
            reason=decision.reason,
            by=by,
            retry_when_free=decision.retry_when_free,
        )
        for decision in decisions
    ]
