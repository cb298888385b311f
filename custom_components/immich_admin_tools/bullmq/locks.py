"""Whether a worker lets go of a job that was taken from it.

A job's slot lives in the worker process: it is free when the handler ends or the
process goes. From Redis only the lock shows it. BullMQ renews the lock of 30 s
every 7.5-15 s for as long as the handler runs, even when the job itself is gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from redis.asyncio import Redis

from .errors import BullMQError
from .keys import QueueKeys
from .pipeline import Replies, as_int, as_text
from .translation import translate_errors

LONGEST_RENEWAL = 15_000
"""ms within which a worker that still runs the job renews its lock: BullMQ's `lockRenewTime`,
half of its `lockDuration` of 30 s."""

SHORTEST_RENEWAL = 7_500
"""ms between two renewals at least: the worker's timer runs twice in each `lockRenewTime`."""

CERTAIN_AFTER = 45_000
"""ms after the action by which an undisturbed lock was either renewed or gone."""


class SlotState(StrEnum):
    """What the lock tells about the slot."""

    UNKNOWN = "unknown"
    """Too early to tell."""
    LOST = "lost"
    """The lock is still being renewed: only a restart frees the slot."""
    FREE = "free"
    """The lock is gone."""
    REPLACED = "replaced"
    """Another run of the job has the lock, which hides the slot of the old one."""


@dataclass(frozen=True, slots=True)
class LockObservation:
    """The lock of one job at one time."""

    at: int
    """ms, Redis' own clock."""
    token: str | None
    ttl: int | None
    """ms that the lock has left; None without a lock."""

    @property
    def expires_at(self) -> int:
        """Return when the lock ends unless it is renewed; now without a lock."""
        return self.at + (self.ttl or 0)


def slot_state(observations: Sequence[LockObservation], token: str | None) -> SlotState:
    """Judge observations since the action, oldest first, of a job's lock.

    `token` is the lock's at the time of the action, None when it had none. A mere
    existing lock proves nothing, as it runs out up to 30 s after the slot is free:
    only an end that moves does. A flush of Redis takes the lock away from under a
    worker: don't judge across one.
    """
    if token is None:
        return SlotState.FREE
    if not observations:
        return SlotState.UNKNOWN
    last = observations[-1]
    if last.ttl is None:
        return SlotState.FREE
    if last.token != token:
        return SlotState.REPLACED
    held = [seen for seen in observations if seen.token == token]
    first_end = min(seen.expires_at for seen in held)
    # A renewal moves the end by 7.5 s or more, a slow poll by less.
    renewed = last.expires_at - first_end > SHORTEST_RENEWAL // 2
    if renewed and last.ttl > LONGEST_RENEWAL:
        return SlotState.LOST
    return SlotState.UNKNOWN


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
