"""Nothing is written where a script could not be carried through."""

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.errors import (
    BullMQError,
    UnknownLayoutError,
)
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery

from .made_queue import QUEUE, MadeQueue
from .operations import OPERATIONS, every_operation, fill

# The parts that each operation writes to or decides by.
PARTS = {
    "remove": ["active", "events", "meta", "stalled"],
    "requeue": [
        "active",
        "events",
        "marker",
        "meta",
        "paused",
        "prioritized",
        "stalled",
        "wait",
    ],
    "fail": ["active", "events", "failed", "meta", "stalled"],
    "remove_waiting": [
        "active",
        "delayed",
        "events",
        "meta",
        "paused",
        "prioritized",
        "wait",
    ],
    "retry_failed": [
        "events",
        "failed",
        "marker",
        "meta",
        "paused",
        "pc",
        "prioritized",
        "wait",
    ],
    "clear_failed": ["events", "failed", "meta"],
}


@pytest.fixture
async def filled(client: Redis) -> MadeQueue:
    """Return a queue on which every operation has something to do."""
    return await fill(client)


@every_operation
@pytest.mark.parametrize(
    "version", [None, "", "bullmq:4.18.2", "bullmq:7.0.0", "bullmq:50.1", "5.80.5"]
)
async def test_unknown_layout(
    recovery: QueueRecovery, filled: MadeQueue, operation: str, version: str | None
) -> None:
    """A version that is not known, or was never written, is left alone."""
    if version is None:
        await filled.client.hdel(filled.keys.meta, "version")
    else:
        await filled.client.hset(filled.keys.meta, "version", version)
    before = await filled.dump()

    with pytest.raises(UnknownLayoutError) as caught:
        await OPERATIONS[operation](recovery)

    assert caught.value.queue == QUEUE
    assert caught.value.version == (version or None)
    assert await filled.dump() == before


@pytest.mark.parametrize(
    ("operation", "part"),
    [(operation, part) for operation, parts in PARTS.items() for part in parts],
)
async def test_key_of_an_unexpected_type(
    recovery: QueueRecovery, filled: MadeQueue, operation: str, part: str
) -> None:
    """A script that met such a key half-way would not be rolled back."""
    key = filled.keys.key(part)
    await filled.client.delete(key)
    if part == "pc":
        await filled.client.set(key, "many")
    else:
        await filled.client.set(key, "a string")
    before = await filled.dump()

    with pytest.raises(UnknownLayoutError, match=f"{part} has an unexpected type"):
        await OPERATIONS[operation](recovery)

    assert await filled.dump() == before


@every_operation
async def test_job_of_an_unexpected_type(
    recovery: QueueRecovery, filled: MadeQueue, operation: str
) -> None:
    """The job's own keys are told by the outcome, and left alone."""
    for job_id in ("7", "1", "5"):
        await filled.client.delete(filled.keys.job(job_id))
        await filled.client.set(filled.keys.job(job_id), "a string")
    before = await filled.dump()

    await OPERATIONS[operation](recovery)

    assert await filled.dump() == before


@every_operation
async def test_deduplication_key_of_an_unexpected_type(
    recovery: QueueRecovery, filled: MadeQueue, operation: str
) -> None:
    """It is not the job's, so it stays."""
    for dedup_id in ("one", "two", "three"):
        await filled.client.delete(filled.keys.key(f"de:{dedup_id}"))
        await filled.client.lpush(filled.keys.key(f"de:{dedup_id}"), "x")

    await OPERATIONS[operation](recovery)

    assert len(await filled.client.keys("*:de:*")) == 3


@every_operation
async def test_full_memory_is_no_half_way_house(
    recovery: QueueRecovery, filled: MadeQueue, operation: str
) -> None:
    """A Redis that takes no more data either does all of it or nothing."""
    before = await filled.dump()
    await filled.client.config_set("maxmemory", 1)
    try:
        await OPERATIONS[operation](recovery)
    except BullMQError:
        assert await filled.dump() == before
    else:
        where = [
            await filled.client.lrange(filled.keys.active, 0, -1),
            await filled.client.zrange(filled.keys.failed, 0, -1),
            await filled.client.lrange(filled.keys.wait, 0, -1),
        ]
        ids = [job_id for part in where for job_id in part]
        assert len(ids) == len(set(ids))
        for job_id in (b"7", b"1", b"5"):
            exists = await filled.client.exists(filled.keys.job(job_id.decode()))
            assert bool(exists) == (job_id in ids)
    finally:
        await filled.client.config_set("maxmemory", 0)
