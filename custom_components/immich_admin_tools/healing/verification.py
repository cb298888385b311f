"""Finds out what acts achieved, from poll to poll; whoever acted waits for the answer.

There is one verification per Immich. Each poll gives it the view and costs one read
of the locks while something is open, else nothing. It never runs twice at a time, and
from the moment it is ended it does nothing: what is open then stays in the journal and
is looked up at the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
import logging
from typing import Protocol
from uuid import uuid4

from redis.asyncio import Redis

from ..analysis.models import QueueView, ServerView
from ..bullmq.errors import BullMQError, MissingRightsError, UnknownLayoutError
from ..bullmq.jobs import read_job_history
from ..bullmq.locks import SHORTEST_RENEWAL, read_slots
from ..bullmq.recovery import QueueRecovery, Result
from .journal import Journal
from .models import (
    MAY_CHANGE,
    HealAction,
    HealedJob,
    HealMode,
    Outcome,
    Reason,
    UnconfirmedReason,
)
from .reconciliation import Reconciled, reconcile, verdict_of_reconciled
from .verdicts import Slot, Verdict, stays_watched, verdict_by_lock, verdict_by_queue

type Clock = Callable[[], int]
"""Returns ms: monotonic, unless it is called `wall` (since the epoch)."""

type Sleep = Callable[[float], Awaitable[None]]


class HealingServices(Protocol):
    """Where the healing looks, and whom it tells."""

    def look_soon(self) -> None:
        """Ask for a poll before the next one is due: somebody waits for what it tells."""

    def slots(self, queue: str) -> int | None:
        """Return how many jobs a queue may run at a time; None when that is not known."""

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them. Never raises.

        An act that was recorded before gets its new outcome.
        """


class RestartSigns:
    """Compares polls."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}
        self._without: set[str] = set()
        self._unknown: set[str] = set()

    @property
    def unknown(self) -> Collection[str]:
        """Return those of the new ones that were told by an id never seen before.

        One that only came back may be the old one, which Redis had been away from.
        """
        return self._unknown

    def note_worker(self, queue: str, lock_token: str | None) -> None:
        """Take in the worker that an act took a job from."""
        if lock_token is not None:
            self._known.setdefault(queue, set()).add(_worker_of(lock_token))

    def new_workers(self, view: ServerView) -> set[str]:
        """Return the queues with a worker that was not there at the last poll."""
        new: set[str] = set()
        self._unknown = set()
        for name, queue in view.queues.items():
            seen = {
                _worker_of(job.lock_token)
                for job in queue.jobs
                if job.lock_token is not None
            }
            known = self._known.setdefault(name, set())
            if known and seen - known:
                new.add(name)
                self._unknown.add(name)
            known |= seen
            if queue.worker is False:
                self._without.add(name)
            elif queue.worker and name in self._without:
                self._without.discard(name)
                new.add(name)
        return new


def _worker_of(lock_token: str) -> str:
    """Return the part that stays the same from job to job."""
    return lock_token.rpartition(":")[0]


_LOGGER = logging.getLogger(__name__)

ANSWER_WITHIN = 40_000
"""ms until a caller gets an answer. A worker that still runs a job renews its lock of
30 s within 15 s; if it does not, the lock is gone after 30 s: that leaves time for a poll."""

LOOK_EVERY = 5.0
"""Seconds between two polls that are asked for while somebody waits: the default pace."""

WATCHED_FOR = 3_600_000
"""ms after which a queue that does not move tells nothing of an old act any more."""

STILL_HELD_LOOKS = 20
"""Looks, a second apart, in which a worker that hangs on renews its lock for certain."""

type Wait = Callable[[Collection[asyncio.Future[HealedJob]], float], Awaitable[None]]
"""Waits for answers, at most for some seconds."""


async def wait_for_answers(
    answers: Collection[asyncio.Future[HealedJob]], seconds: float
) -> None:
    """Return as soon as all are there, or when the time is over."""
    await asyncio.wait(answers, timeout=seconds)


@dataclass(slots=True)
class _OpenCheck:
    """An act that is done, and whose outcome somebody waits for."""

    act: HealAction
    slot: Slot
    deadline: int
    answer: asyncio.Future[HealedJob]
    verdict: Verdict = field(default=(Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY))
    """The last one, which may still change."""


class Verification:
    """Verifies the acts on one Immich. All times are monotonic."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        log: Journal,
        services: HealingServices,
        now: Clock,
        wall: Clock,
        *,
        wait: Wait = wait_for_answers,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Go on from the log; `wall` only dates what is done later."""
        self._client = client
        self._prefix = prefix
        self._recovery = QueueRecovery(client, prefix)
        self._log = log
        self._services = services
        self._now = now
        self._wall = wall
        self._wait = wait
        self._sleep = sleep
        self._signs = RestartSigns()
        self._open: dict[str, _OpenCheck] = {}
        self._slots = {
            act.act_id: Slot(act, now(), lost=act.act_id in log.book.lost)
            for act in log.book.watched.values()
        }
        for act in log.book.watched.values():
            self._signs.note_worker(act.queue, act.lock_token)
        self._watched_since = dict.fromkeys(self._slots, now())
        self._busy: set[str] = set()
        self._follows = False
        self._ended = False

    @property
    def ended(self) -> bool:
        """Return whether nothing is verified any more."""
        return self._ended

    @property
    def idle(self) -> bool:
        """Return whether a poll has nothing to tell it."""
        book = self._log.book
        return not (book.pending or book.watched or self._open or self._log.unstored)

    def lost_slots(self, queue: str | None = None) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        return sum(
            slot.lost and queue in (None, slot.act.queue)
            for slot in self._slots.values()
        )

    def handle(self, act_ids: Collection[str]) -> None:
        """Leave acts to whoever carries them out: their fate is not to be looked up."""
        self._busy |= set(act_ids)

    def handled(self, act_ids: Collection[str]) -> None:
        """Take acts back whose carrying out is over, or was broken off."""
        self._busy -= set(act_ids)

    def end(self) -> None:
        """Answer all who wait, and do nothing from now on."""
        self._ended = True
        for check in self._open.values():
            if not check.answer.done():
                check.answer.set_result(_interrupted(check.act))
        self._open.clear()

    async def watch(self, acts: Sequence[HealAction]) -> list[HealedJob]:
        """Wait for the outcome of acts that were just done, at most ANSWER_WITHIN.

        An outcome that is open by then is UNCONFIRMED, and followed further.
        """
        if self._ended:
            return [_interrupted(act) for act in acts]
        deadline = self._now() + ANSWER_WITHIN
        loop = asyncio.get_running_loop()
        waiting = [
            _OpenCheck(
                act,
                Slot(act, self._now(), from_the_act=True),
                deadline,
                loop.create_future(),
            )
            for act in acts
        ]
        for check in waiting:
            self._open[check.act.act_id] = check
            self._signs.note_worker(check.act.queue, check.act.lock_token)
        while left := [check.answer for check in waiting if not check.answer.done()]:
            seconds = (deadline - self._now()) / 1000
            if seconds <= 0:
                await self._answer_late(waiting)
                # What a poll is just recording is about to be answered.
                await asyncio.gather(*left)
                break
            self._services.look_soon()
            await self._wait(left, min(LOOK_EVERY, seconds))
        return [check.answer.result() for check in waiting]

    async def _answer_late(self, waiting: Iterable[_OpenCheck]) -> None:
        """Say what is known at the bound."""
        await self._resolve(
            [check for check in waiting if check.act.act_id in self._open]
        )

    async def follow(self, view: ServerView) -> None:
        """Take in one poll. Raises BullMQError when Redis does not answer."""
        if self._ended or self._follows:
            return
        self._follows = True
        try:
            await self._log.retry()
            await self._note_restarts(view)
            await self._look_up_unrecorded(view)
            await self._look_at_slots(view)
        finally:
            self._follows = False

    async def still_held(self) -> bool:
        """Return whether a worker is seen to renew the lock of a lost slot just now.

        What a poll saw may be some seconds old, and the workers have been restarted
        since. Takes up to 20 s. Raises BullMQError.
        """
        ends: dict[str, int] = {}
        for _ in range(STILL_HELD_LOOKS):
            acts = [slot.act for slot in self._slots.values() if slot.lost]
            if self._ended or not acts:
                return False
            reading = await read_slots(self._client, self._prefix, _jobs(acts))
            for act, lock in zip(acts, reading.locks, strict=True):
                if lock.token != act.lock_token or lock.ttl is None:
                    continue
                end = self._now() + lock.ttl
                if end - ends.setdefault(act.act_id, end) > SHORTEST_RENEWAL // 2:
                    return True
                ends[act.act_id] = min(end, ends[act.act_id])
            await self._sleep(1.0)
        return False

    async def workers_restarted(self) -> None:
        """Hold no slot for lost any more until it is seen anew: the workers are new."""
        for slot in self._all_slots():
            slot.note_new_worker(self._now())
        await self._begin_anew(self._slots.values())

    async def _note_restarts(self, view: ServerView) -> None:
        """Hold the slots of a queue for free whose worker was evidently restarted."""
        new = self._signs.new_workers(view)
        for slot in self._all_slots():
            if slot.act.queue in self._signs.unknown:
                slot.note_new_worker(self._now())
        await self._begin_anew(
            slot
            for slot in self._slots.values()
            if slot.act.queue in new and not slot.in_doubt
        )

    def _all_slots(self) -> list[Slot]:
        """Return those that somebody waits for, and those that are followed further."""
        return [*(check.slot for check in self._open.values()), *self._slots.values()]

    async def _begin_anew(self, slots: Iterable[Slot]) -> None:
        """Have it proved anew that workers hang on."""
        lost = [slot for slot in slots if slot.lost]
        for slot in lost:
            slot.begin_anew()
        ids = {slot.act.act_id for slot in lost}
        if ids:
            await self._log.settle(lambda book: book.not_lost(ids))

    async def _look_up_unrecorded(self, view: ServerView) -> None:
        """Find out what became of acts that were never recorded; never repeat them."""
        busy = self._busy | self._open.keys()
        pending = self._log.book.pending
        for act in [act for act_id, act in pending.items() if act_id not in busy]:
            history = await read_job_history(
                self._client, self._prefix, act.queue, act.job_id, act.redis_at
            )
            reconciled = reconcile(act, history)
            verdict = verdict_of_reconciled(act, reconciled, view.queues.get(act.queue))
            _LOGGER.info(
                "Outcome for job %s of %s, looked up later: %s",
                act.job_id,
                act.queue,
                reconciled,
            )
            await self._services.record([HealedJob(act, *verdict)])
            if reconciled is Reconciled.NOT_DONE:
                await self._settle_undone(act)
            else:
                await self._settle([(act, verdict)])

    async def _settle_undone(self, act: HealAction) -> None:
        """Take an act out that was never done."""
        await self._log.settle(lambda book: book.came_to_nothing([act], ()))

    async def _settle(self, outcomes: Iterable[tuple[HealAction, Verdict]]) -> None:
        """Take acts that are now recorded out of the pending ones."""
        done: set[str] = set()
        watched: set[str] = set()
        lost: set[str] = set()
        for act, verdict in outcomes:
            done.add(act.act_id)
            if stays_watched(act, verdict):
                watched.add(act.act_id)
                slot = self._slots.setdefault(act.act_id, Slot(act, self._now()))
                slot.said = verdict
                self._watched_since[act.act_id] = self._now()
            if verdict[0] is Outcome.SLOT_LOST:
                lost.add(act.act_id)
        await self._log.settle(lambda book: book.recorded(done, watched, lost))

    async def _look_at_slots(self, view: ServerView) -> None:
        """Read all locks at once, and draw what can be drawn from them."""
        opened = list(self._open.values())
        watched = list(self._slots.values())
        slots = [*(check.slot for check in opened), *watched]
        locked = [slot for slot in slots if _has_lock(slot.act)]
        if locked:
            acts = [slot.act for slot in locked]
            try:
                reading = await read_slots(self._client, self._prefix, _jobs(acts))
            except BullMQError:
                for slot in locked:
                    slot.interrupted()
                raise
            at = self._now()
            for slot, lock in zip(locked, reading.locks, strict=True):
                slot.observe(replace(lock, at=at), reading.job_counters[slot.act.queue])
                queue = slot.act.queue
                slot.note_queue(view.queues.get(queue), self._services.slots(queue))
        ripe: list[_OpenCheck] = []
        for check in opened:
            check.verdict = _verdict(check.slot, view.queues.get(check.act.queue))
            open_still = check.verdict[1] in MAY_CHANGE or check.slot.in_doubt
            if not open_still or self._now() >= check.deadline:
                ripe.append(check)
        await self._resolve([check for check in ripe if check.act.act_id in self._open])
        for slot in watched:
            await self._conclude(slot, view.queues.get(slot.act.queue))

    async def _resolve(self, ripe: Sequence[_OpenCheck]) -> None:
        """Record outcomes, then answer who waits for them."""
        if not ripe:
            return
        for check in ripe:
            del self._open[check.act.act_id]
            # Until it is taken out of the pending ones, nobody looks it up.
            self._busy.add(check.act.act_id)
        healed = [HealedJob(check.act, *check.verdict) for check in ripe]
        try:
            await self._services.record(healed)
            for check in ripe:
                if stays_watched(check.act, check.verdict):
                    self._slots[check.act.act_id] = check.slot
                    check.slot.told = check.verdict[0] is Outcome.SLOT_LOST
                    check.slot.said = check.verdict
            await self._settle((check.act, check.verdict) for check in ripe)
        finally:
            for it, job in zip(ripe, healed, strict=True):
                self._busy.discard(it.act.act_id)
                if not it.answer.done():
                    it.answer.set_result(job)

    async def _conclude(self, slot: Slot, queue: QueueView | None) -> None:
        """Draw what can be drawn from the slot of an act that was recorded before."""
        act = slot.act
        if _has_lock(act):
            verdict = verdict_by_lock(slot, queue)
            if act.act_id in self._log.book.lost and not slot.lost:
                await self._log.settle(lambda book: book.not_lost({act.act_id}))
        else:
            verdict = verdict_by_queue(queue)
        if verdict is None:
            return
        if verdict[1] in MAY_CHANGE or slot.in_doubt:
            over = self._now() - self._watched_since[act.act_id] >= WATCHED_FOR
            # What waits for a free worker waits until there is one.
            if not over or slot.lost or (slot.in_doubt and act.retry_when_free):
                if verdict[0] is not Outcome.SLOT_LOST:
                    return
        if verdict[0] is not Outcome.SLOT_LOST:
            await self._let_go(slot, verdict)
            return
        if not slot.told:
            slot.told = True
            await self._services.record([HealedJob(act, *verdict)])
        await self._log.settle(lambda book: book.seen_lost({act.act_id}))

    async def _let_go(self, slot: Slot, verdict: Verdict) -> None:
        """Stop watching a slot, and do what was put off until then."""
        act = slot.act
        retried = (
            act.retry_when_free and slot.state is not None and await self._retry(act)
        )
        if retried is None:
            return
        # A slot that was lost and is free now does not undo what was said of the act.
        news = not slot.told and slot.said != verdict
        outcomes = [HealedJob(act, *verdict)] if news else []
        if retried:
            outcomes.append(HealedJob(_retry_of(act, self._wall()), Outcome.CONFIRMED))
        if outcomes:
            await self._services.record(outcomes)
        if slot.told and verdict[0] is Outcome.CONFIRMED:
            _LOGGER.info(
                "The worker of job %s of %s is free again", act.job_id, act.queue
            )
        self._slots.pop(act.act_id, None)
        self._watched_since.pop(act.act_id, None)
        await self._log.settle(lambda book: book.let_go({act.act_id}))

    async def _retry(self, act: HealAction) -> bool | None:
        """Put a job back that was given up for a time; None when it can't be yet."""
        try:
            result = await self._recovery.retry_failed(act.queue, (act.job_id,))
        except (MissingRightsError, UnknownLayoutError) as err:
            # The others need not wait for it.
            _LOGGER.debug("Job %s can't be put back: %s", act.job_id, err)
            return None
        match result.outcomes[act.job_id]:
            case Result.DONE:
                return True
            case Result.LOCKED:
                return None
            case _:
                return False


def _has_lock(act: HealAction) -> bool:
    """Return whether the lock tells of it: there was one, or the job waits for it."""
    return act.lock_token is not None or act.retry_when_free


def _verdict(slot: Slot, queue: QueueView | None) -> Verdict:
    """Judge one act as it stands now."""
    if slot.act.lock_token is None:
        return verdict_by_queue(queue)
    return verdict_by_lock(slot, queue) or (
        Outcome.UNCONFIRMED,
        UnconfirmedReason.TOO_EARLY,
    )


def _interrupted(act: HealAction) -> HealedJob:
    """Return what is said when nobody looks any more."""
    return HealedJob(act, Outcome.UNCONFIRMED, UnconfirmedReason.INTERRUPTED)


def _jobs(acts: Iterable[HealAction]) -> list[tuple[str, str]]:
    """Return queue and id of each."""
    return [(act.queue, act.job_id) for act in acts]


def _retry_of(act: HealAction, at: int) -> HealAction:
    """Return the act of putting a job back."""
    return replace(
        act,
        act_id=uuid4().hex,
        at=at,
        mode=HealMode.REQUEUE,
        reason=Reason.RETRY,
        lock_token=None,
        retry_when_free=False,
    )
