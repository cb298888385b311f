"""Heals stuck jobs: writes down, acts behind fences, verifies, records."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
import logging
from uuid import uuid4

from redis.asyncio import Redis

from ..analysis.models import ServerView
from ..bullmq.errors import BullMQError
from ..bullmq.recovery import QueueRecovery
from ..bullmq.slot_reader import SlotReading, read_slots
from .act_log import ActLog
from .carrying_out import CarriedOut, carry_out, lost_jobs
from .errors import NotStoredError
from .models import Act, Decision, Doubt, HealedJob, HealReport, Initiator, Outcome
from .slots import Slot
from .verdicts import Verdict, stays_watched, verdict_by_lock, verdict_by_queue
from .world import Clock, Sleep, World

_LOGGER = logging.getLogger(__name__)

WATCH_EVERY = 2.0
WATCH_FOR = 34.0
"""Seconds. A worker that still runs a job renews its lock of 30 s within 15 s; if it
does not, the lock is gone after 30 s."""

_MAY_CHANGE = frozenset({Doubt.TOO_EARLY, Doubt.NOT_MOVING})
"""Doubts that may go away while one looks on."""


type Step = Callable[[], Awaitable[None]]


class Healer:
    """Heals the queues of one Immich through its Redis."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        log: ActLog,
        world: World,
        now: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Use a client that others may share; `now` is ms since the epoch."""
        self._client = client
        self._prefix = prefix
        self._recovery = QueueRecovery(client, prefix)
        self._log = log
        self._world = world
        self._now = now
        self._sleep = sleep
        self._under_way: set[str] = set()

    @property
    def under_way(self) -> Collection[str]:
        """Return the ids of the acts that are being done or verified now."""
        return self._under_way

    async def heal(
        self,
        decisions: Sequence[Decision],
        by: Initiator,
        before_verifying: Step | None = None,
    ) -> HealReport:
        """Carry decisions out and verify them; takes up to half a minute.

        `before_verifying` is done in between, such as a restart; what it raises is
        raised when all is recorded. Raises, with nothing changed, NotStoredError when
        the decisions can't be written down and BullMQError when Redis refuses all.
        """
        if not decisions:
            if before_verifying is not None:
                await before_verifying()
            return HealReport()
        jobs = [(it.job.queue, it.job.job_id) for it in decisions]
        before = await read_slots(self._client, self._prefix, jobs)
        acts = _acts(decisions, by, self._now(), before)
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
        self._under_way |= ids
        try:
            await self._log.change(lambda book: book.begun(acts, self._now()))
            return await self._heal(acts, before_verifying)
        finally:
            self._under_way -= ids

    async def _heal(self, acts: Sequence[Act], step: Step | None) -> HealReport:
        """Do what is written down."""
        carried = await carry_out(self._recovery, acts)
        if carried.changed_nothing and carried.error is not None:
            await self._note([], acts)
            raise carried.error
        try:
            if step is not None:
                await step()
        except Exception:
            # Not when it is cancelled: then what is written down is looked up later.
            await self._finish(carried)
            raise
        return await self._finish(carried)

    async def _finish(self, carried: CarriedOut) -> HealReport:
        """Verify, record, and only then forget what was written down."""
        verified = await self._watch(carried.done)
        healed = [*verified, *lost_jobs(carried.unknown), *carried.failed]
        await self._world.record(healed)
        # What got no reply is looked up later.
        settled = [job.act for job in (*verified, *carried.failed)]
        await self._note(verified, [*settled, *(act for act, _ in carried.skipped)])
        return HealReport(tuple(healed), tuple(job for _, job in carried.skipped))

    async def _note(
        self, verified: Iterable[HealedJob], settled: Iterable[Act]
    ) -> None:
        """Take acts out of the book; what can't be stored is looked up at the next start."""
        watched = {
            job.act.act_id
            for job in verified
            if stays_watched(job.act, (job.outcome, job.doubt))
        }
        lost = {job.act.act_id for job in verified if job.outcome is Outcome.SLOT_LOST}
        done = {act.act_id for act in settled}
        try:
            await self._log.change(lambda book: book.recorded(done, watched, lost))
        except NotStoredError as err:
            _LOGGER.error("An act can't be marked as done: %s", err)

    async def _watch(self, acts: Sequence[Act]) -> list[HealedJob]:
        """Follow locks and queues until each tells, at most WATCH_FOR seconds."""
        slots = [Slot(act) for act in acts]
        waited = 0.0
        while slots:
            verdicts = await self._verdicts(slots)
            if waited >= WATCH_FOR or not any(
                doubt in _MAY_CHANGE for _, doubt in verdicts
            ):
                return [
                    HealedJob(slot.act, *verdict)
                    for slot, verdict in zip(slots, verdicts, strict=True)
                ]
            await self._sleep(WATCH_EVERY)
            waited += WATCH_EVERY
        return []

    async def _verdicts(self, slots: Sequence[Slot]) -> list[Verdict]:
        """Judge all acts as they stand now."""
        await self._observe(slots)
        view = None
        if any(slot.act.lock_token is None for slot in slots):
            view = await self._world.look()
        return [_verdict(slot, view) for slot in slots]

    async def _observe(self, slots: Sequence[Slot]) -> None:
        """Look at all locks once."""
        watched = [slot for slot in slots if slot.act.lock_token is not None]
        if not watched:
            return
        jobs = [(slot.act.queue, slot.act.job_id) for slot in watched]
        try:
            reading = await read_slots(self._client, self._prefix, jobs)
        except BullMQError:
            # The act is done; that it can't be verified is no failure of it.
            return
        for slot, lock in zip(watched, reading.locks, strict=True):
            slot.observe(lock, reading.job_counters[slot.act.queue])


def _verdict(slot: Slot, view: ServerView | None) -> Verdict:
    """Judge one act as it stands now."""
    if slot.act.lock_token is None:
        return verdict_by_queue(
            None if view is None else view.queues.get(slot.act.queue)
        )
    return verdict_by_lock(slot) or (Outcome.UNCONFIRMED, Doubt.TOO_EARLY)


def _acts(
    decisions: Iterable[Decision], by: Initiator, now: int, before: SlotReading
) -> list[Act]:
    """Turn decisions into acts."""
    return [
        Act(
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
