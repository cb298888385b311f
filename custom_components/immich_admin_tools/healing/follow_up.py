"""Looks after acts when the answer is given: late verdicts, lost slots, lost records."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
import logging
from uuid import uuid4

from redis.asyncio import Redis

from ..bullmq.job_trail import read_trail
from ..bullmq.lock_watch import SlotState
from ..bullmq.recovery import QueueRecovery, Result
from ..bullmq.slot_reader import read_slots
from .act_log import ActLog, Step
from .aftermath import Fate, fate_of, verdict_of_fate
from .errors import NotStoredError
from .models import Act, HealedJob, HealMode, Outcome, Reason
from .slots import Slot
from .verdicts import Verdict, stays_watched, verdict_by_lock
from .world import Clock, World

_LOGGER = logging.getLogger(__name__)


class FollowUp:
    """Follows the acts of one Immich from poll to poll.

    While nothing is open it costs nothing, else one round trip. A lost slot is
    remembered until its lock is gone, also across a restart of Home Assistant.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str,
        log: ActLog,
        world: World,
        now: Clock,
        under_way: Callable[[], Collection[str]],
    ) -> None:
        """Go on from the log; `under_way` names acts that the healer still handles."""
        self._client = client
        self._prefix = prefix
        self._recovery = QueueRecovery(client, prefix)
        self._log = log
        self._world = world
        self._now = now
        self._under_way = under_way
        self._slots: dict[str, Slot] = {}
        self._lock = asyncio.Lock()

    def lost_slots(self, queue: str | None = None) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        book = self._log.book
        return sum(
            queue is None or book.watched[act_id].queue == queue for act_id in book.lost
        )

    async def follow(self) -> None:
        """Look once. Raises BullMQError when Redis does not answer, or refuses."""
        async with self._lock:
            await self._look_up_unrecorded()
            await self._watch()

    async def _look_up_unrecorded(self) -> None:
        """Find out what became of acts that were never recorded; never repeat them."""
        busy = self._under_way()
        pending = self._log.book.pending
        acts = [act for act_id, act in pending.items() if act_id not in busy]
        if not acts:
            return
        view = await self._world.look()
        for act in acts:
            trail = await read_trail(
                self._client, self._prefix, act.queue, act.job_id, act.redis_at
            )
            fate = fate_of(act, trail)
            queue = None if view is None else view.queues.get(act.queue)
            verdict = verdict_of_fate(act, fate, queue)
            _LOGGER.info(
                "Looked up what became of job %s of %s: %s",
                act.job_id,
                act.queue,
                fate,
            )
            await self._world.record([HealedJob(act, *verdict)])
            watched = fate is not Fate.NOT_DONE and stays_watched(act, verdict)
            await self._settle(act, watched=watched)

    async def _settle(self, act: Act, *, watched: bool) -> None:
        """Take an act that is now recorded out of the pending ones."""
        done = {act.act_id}
        await self._change(
            lambda book: book.recorded(done, done if watched else (), ())
        )

    async def _watch(self) -> None:
        """Look at the locks of all that is watched."""
        acts = list(self._log.book.watched.values())
        self._slots = {
            act.act_id: self._slots.get(act.act_id)
            or Slot(act, lost=act.act_id in self._log.book.lost)
            for act in acts
        }
        if not acts:
            return
        reading = await read_slots(
            self._client, self._prefix, [(act.queue, act.job_id) for act in acts]
        )
        for act, lock in zip(acts, reading.locks, strict=True):
            slot = self._slots[act.act_id]
            was_lost = slot.lost
            slot.observe(lock, reading.job_counters[act.queue])
            await self._conclude(slot, was_lost=was_lost)

    async def _conclude(self, slot: Slot, *, was_lost: bool) -> None:
        """Draw what can be drawn from one slot."""
        act = slot.act
        verdict = verdict_by_lock(slot)
        if verdict is None:
            return
        if verdict[0] is Outcome.SLOT_LOST:
            if not was_lost:
                await self._world.record([HealedJob(act, *verdict)])
                await self._change(lambda book: book.seen_lost({act.act_id}))
            return
        await self._end(slot, verdict, was_lost=was_lost)

    async def _end(self, slot: Slot, verdict: Verdict, *, was_lost: bool) -> None:
        """Stop watching a slot, and do what was put off until then."""
        act = slot.act
        retried = (
            act.retry_when_free and slot.state is not None and await self._retry(act)
        )
        if retried is None:
            return
        # A slot that was lost and is free now does not undo what was said of the act.
        outcomes = [] if was_lost else [HealedJob(act, *verdict)]
        if retried:
            outcomes.append(HealedJob(_retry_of(act, self._now()), Outcome.CONFIRMED))
        if outcomes:
            await self._world.record(outcomes)
        if was_lost and slot.state is SlotState.FREE:
            _LOGGER.info(
                "The worker of job %s of %s is free again", act.job_id, act.queue
            )
        await self._change(lambda book: book.let_go({act.act_id}))

    async def _retry(self, act: Act) -> bool | None:
        """Put a job back that was given up for a time; None when it is still held."""
        result = await self._recovery.retry_failed(act.queue, (act.job_id,))
        match result.outcomes[act.job_id]:
            case Result.DONE:
                return True
            case Result.LOCKED:
                return None
            case _:
                return False

    async def _change(self, step: Step) -> None:
        """Store a step; what can't be stored is looked up at the next start."""
        try:
            await self._log.change(step)
        except NotStoredError as err:
            _LOGGER.error("What became of an act can't be written down: %s", err)


def _retry_of(act: Act, now: int) -> Act:
    """Return the act of putting a job back."""
    return replace(
        act,
        act_id=uuid4().hex,
        at=now,
        mode=HealMode.REQUEUE,
        reason=Reason.RETRY,
        lock_token=None,
        retry_when_free=False,
    )
