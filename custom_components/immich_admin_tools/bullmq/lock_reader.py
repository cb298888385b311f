"""Reads the locks of single jobs, to see what became of their slots."""

from collections.abc import Sequence

from redis.asyncio import Redis

from .keys import QueueKeys
from .lock_watch import LockObservation
from .translation import translate_errors


async def read_locks(
    client: Redis, prefix: str, queue: str, job_ids: Sequence[str]
) -> tuple[LockObservation, ...]:
    """Return the lock of each job, in the order asked for, in one round trip."""
    keys = QueueKeys(prefix, queue)
    async with client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        for job_id in job_ids:
            pipeline.get(keys.lock(job_id))
            pipeline.pttl(keys.lock(job_id))
        with translate_errors():
            (seconds, micros), *replies = await pipeline.execute()
    now = seconds * 1000 + micros // 1000
    return tuple(
        LockObservation(
            now,
            None if token is None else token.decode(errors="replace"),
            ttl if ttl >= 0 else None,
        )
        for token, ttl in zip(replies[::2], replies[1::2], strict=True)
    )
