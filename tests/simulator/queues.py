"""Looks into Redis past the simulator, for evidence that it didn't produce itself."""

from collections import Counter

from redis.asyncio import Redis

PREFIX = "immich_bull"
FAST_STALLS = ("--lock-duration", "2500", "--stalled-interval", "800")
"""Options with which jobs of a dead worker come back in seconds, not in a minute.

Not shorter: on a busy machine a living worker must still renew its locks in time.
"""


async def events(client: Redis, queue: str) -> Counter[str]:
    """Count the events that BullMQ wrote for a queue."""
    entries = await client.xrange(f"{PREFIX}:{queue}:events") or []
    return Counter(_text(fields[b"event"]) for _, fields in entries if fields)


async def active(client: Redis, queue: str) -> list[str]:
    """Return the ids of the active jobs."""
    return [
        _text(item) for item in await client.lrange(f"{PREFIX}:{queue}:active", 0, -1)
    ]


async def is_empty(client: Redis, queue: str) -> bool:
    """Whether no job of the queue waits or runs."""
    key = f"{PREFIX}:{queue}"
    lists = [
        await client.llen(f"{key}:{name}") for name in ("wait", "paused", "active")
    ]
    return not any(lists) and not await client.zcard(f"{key}:prioritized")


def _text(item: bytes | str) -> str:
    return item if isinstance(item, str) else item.decode()
