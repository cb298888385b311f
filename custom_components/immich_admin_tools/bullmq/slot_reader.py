"""Reads the locks of single jobs, to see what became of the slots they were in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from .errors import BullMQError
from .keys import QueueKeys
from .lock_watch import LockObservation
from .replies import Replies, as_int, as_text
from .translation import translate_errors


@dataclass(frozen=True, slots=True)
class SlotReading:
    """Locks at one moment."""

    at: int
    """ms, Redis' own clock."""
    job_counters: Mapping[str, int | None]
    """`id` per queue: when it falls, Redis was emptied, and the locks with it."""
    locks: tuple[LockObservation, ...]
    """In the order that was asked for."""


async def read_slots(
    client: Redis, prefix: str, jobs: Sequence[tuple[str, str]]
) -> SlotReading:
    """Return the locks of jobs, each by queue and id, in one round trip."""
    queues = list(dict.fromkeys(queue for queue, _ in jobs))
    with translate_errors():
        pipeline = client.pipeline(transaction=False)
        pipeline.time()
        for queue in queues:
            pipeline.get(QueueKeys(prefix, queue).job_counter)
        for queue, job_id in jobs:
            lock = QueueKeys(prefix, queue).lock(job_id)
            pipeline.get(lock)
            pipeline.pttl(lock)
        replies = Replies(await pipeline.execute(raise_on_error=False))
    match replies.take():
        case (int(seconds), int(microseconds)):
            now = seconds * 1000 + microseconds // 1000
        case _:
            raise BullMQError("Redis gives no time")
    counters = {queue: as_int(replies.take()) for queue in queues}
    return SlotReading(
        now, counters, tuple(_lock(now, replies.take(), replies.take()) for _ in jobs)
    )


def _lock(now: int, token: object, ttl: object) -> LockObservation:
    """Return a lock; one without an end is as good as none."""
    left = as_int(ttl)
    return LockObservation(
        now, as_text(token), left if left is not None and left >= 0 else None
    )
