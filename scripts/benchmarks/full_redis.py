"""A Redis full of queues as a busy Immich leaves them."""

from collections.abc import Mapping
from time import time

from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX, QueueKeys

JOBS_RUNNING = 20
EVENTS = 200
"""Entries of each stream before anybody reads."""

_LONG = 3_600_000
_FILL = "for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], i) end"
_FILL_AT_ONCE = 100_000

_JOB: Mapping[str | bytes | bytearray | memoryview | int | float, str] = {
    "name": "AssetDetectFaces",
    "data": '{"id":"6007f61a-27c7-4a65-b2ab-29f7ed23da78","source":"upload"}',
    "opts": '{"removeOnComplete":true,"removeOnFail":false,"attempts":1}',
    "timestamp": "1795163311018",
    "processedOn": "1795163311034",
    "delay": "0",
    "priority": "0",
    "ats": "1",
}


async def fill(client: Redis, queues: list[str]) -> None:
    """Make the queues, with the running jobs spread over all of them."""
    for name in queues:
        keys = QueueKeys(DEFAULT_PREFIX, name)
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.hset(
                keys.meta,
                mapping={"version": "bullmq:5.80.5", "opts.maxLenEvents": "10000"},
            )
            pipeline.set(keys.job_counter, 5_000_000)
            pipeline.set(keys.heartbeat, int(time() * 1000), px=_LONG)
            await pipeline.execute()
        await write_events(client, name, EVENTS)
    for number in range(JOBS_RUNNING):
        keys = QueueKeys(DEFAULT_PREFIX, queues[number % len(queues)])
        job_id = str(4_900_000 + number)
        await client.hset(keys.job(job_id), mapping=_JOB)
        await client.set(keys.lock(job_id), f"worker:{number}", px=_LONG)
        await client.lpush(keys.active, job_id)


async def let_wait(client: Redis, queue: str, count: int) -> None:
    """Let a queue have so many waiting jobs, of which only the next has a hash."""
    keys = QueueKeys(DEFAULT_PREFIX, queue)
    await client.delete(keys.wait)
    for _ in range(count // _FILL_AT_ONCE):
        await client.eval(_FILL, 1, keys.wait, str(_FILL_AT_ONCE))
    await client.hset(keys.job(str(_FILL_AT_ONCE)), mapping=_JOB)


async def write_events(client: Redis, queue: str, count: int) -> None:
    """Write events as workers do."""
    keys = QueueKeys(DEFAULT_PREFIX, queue)
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(count):
            pipeline.xadd(
                keys.events,
                {"event": "active", "jobId": str(number), "prev": "waiting"},
                maxlen=10_000,
            )
        await pipeline.execute()
