"""Nothing is written where a script could not be carried through."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq import recovery as recovery_module
from custom_components.immich_admin_tools.bullmq.errors import (
    BullMQError,
    MissingRightsError,
    UnknownLayoutError,
)
from custom_components.immich_admin_tools.bullmq.fences import ActiveFence
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery
from tests.support.valkey import Valkey

from .made_queue import PREFIX, PROCESSED_ON, QUEUE, TOKEN, MadeQueue

ACTIVE = ActiveFence("7", PROCESSED_ON, TOKEN)

type Operation = Callable[[QueueRecovery], Awaitable[object]]

OPERATIONS: dict[str, Operation] = {
    "remove": lambda recovery: recovery.remove(QUEUE, ACTIVE),
    "requeue": lambda recovery: recovery.requeue(QUEUE, ACTIVE),
    "fail": lambda recovery: recovery.fail(QUEUE, ACTIVE, "stuck"),
    "remove_waiting": lambda recovery: recovery.remove_waiting(QUEUE, "1"),
    "retry_failed": lambda recovery: recovery.retry_failed(QUEUE, ["5"]),
    "clear_failed": lambda recovery: recovery.clear_failed(QUEUE, ["5"]),
}

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

WRITES = {
    "remove": {"+lrem", "+srem", "+del", "+xadd"},
    "requeue": {"+lrem", "+srem", "+hdel", "+rpush", "+zadd", "+xadd"},
    "fail": {"+lrem", "+srem", "+del", "+hincrby", "+hset", "+zadd", "+xadd"},
    "remove_waiting": {"+lrem", "+zrem", "+del", "+xadd"},
    "retry_failed": {"+zrem", "+hdel", "+lpush", "+zadd", "+incr", "+xadd"},
    "clear_failed": {"+zrem", "+del", "+xadd"},
}

# As the set-up dialog asks for them.
READ_RULES = (
    "+ping +info +time +llen +zcard +lrange +lindex +hget +hmget +get +pttl +xread "
    "+xinfo|stream +zrevrange +multi +exec"
)
HEAL_RULES = (
    "+hexists +exists +eval +evalsha +script|load +lrem +lpush +rpush +del +zadd "
    "+zrem +srem +hset +hdel +hincrby +xadd +incr"
)

every_operation = pytest.mark.parametrize("operation", OPERATIONS)


@pytest.fixture
async def queue(client: Redis) -> MadeQueue:
    """Return an empty queue: refusals are the same in each BullMQ version."""
    made = MadeQueue(client, "bullmq:5.80.5")
    await made.create()
    return made


@pytest.fixture
async def filled(queue: MadeQueue) -> MadeQueue:
    """Return a queue on which every operation has something to do."""
    await queue.start("7", dedup_id="one")
    await queue.add("1", dedup_id="two")
    await queue.fail("5", dedup_id="three")
    await queue.client.xadd(queue.keys.events, {"event": "drained"})
    return queue


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


@pytest.fixture
async def user(
    valkey: Valkey, filled: MadeQueue
) -> AsyncIterator[tuple[Redis, QueueRecovery]]:
    """Return the client of a user who has exactly the documented rights."""
    await set_user(filled, reset=True)
    async with valkey.client(username="ha", password="secret") as client:
        yield client, QueueRecovery(client, PREFIX)
    await filled.client.acl_deluser("ha")


async def set_user(
    filled: MadeQueue,
    *,
    reset: bool = True,
    commands: str = f"{READ_RULES} {HEAL_RULES}",
    keys: str = f"{PREFIX}:*",
) -> None:
    """Give the user rights, from nothing or on top."""
    await filled.client.acl_setuser(
        "ha",
        enabled=True,
        reset=reset,
        reset_channels=reset,
        passwords=["+secret"] if reset else None,
        categories=["-@all"] if reset else None,
        commands=commands.split(),
        keys=[keys] if reset else None,
    )


async def deny(filled: MadeQueue, rule: str) -> None:
    """Take one right away."""
    await set_user(filled, reset=False, commands=rule.replace("+", "-"))


@every_operation
async def test_documented_rights_are_enough(
    filled: MadeQueue, user: tuple[Redis, QueueRecovery], operation: str
) -> None:
    """Also when the server has not seen the script yet."""
    await filled.client.script_flush()
    before = await filled.dump()

    await OPERATIONS[operation](user[1])

    assert await filled.dump() != before


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        (operation, rule)
        for operation, rules in WRITES.items()
        for rule in sorted(rules)
    ],
)
async def test_one_right_is_missing(
    filled: MadeQueue,
    user: tuple[Redis, QueueRecovery],
    operation: str,
    rule: str,
) -> None:
    """It is named, and nothing was changed."""
    before = await filled.dump()
    await deny(filled, rule)

    with pytest.raises(MissingRightsError) as caught:
        await OPERATIONS[operation](user[1])

    assert caught.value.commands == (rule,)
    assert await filled.dump() == before


@pytest.fixture
def as_on_redis_6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the function away that asks for rights, which Redis 7 brought."""
    shadow = "local redis = setmetatable({acl_check_cmd = false}, {__index = redis})\n"
    for name, value in vars(recovery_module).items():
        if isinstance(value, str) and "local function refusal" in value:
            monkeypatch.setattr(recovery_module, name, shadow + value)


@pytest.mark.usefixtures("as_on_redis_6")
@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        (operation, rule)
        for operation, rules in WRITES.items()
        for rule in sorted(rules)
    ],
)
async def test_one_right_is_missing_on_redis_6(
    filled: MadeQueue,
    user: tuple[Redis, QueueRecovery],
    operation: str,
    rule: str,
) -> None:
    """It is found by trying, which leaves nothing behind."""
    before = await filled.dump()
    await deny(filled, rule)

    with pytest.raises(MissingRightsError) as caught:
        await OPERATIONS[operation](user[1])

    assert caught.value.commands == (rule,)
    assert await filled.dump() == before

    await set_user(filled)
    await OPERATIONS[operation](user[1])
    assert filled.keys.key("immich-admin-tools") not in await filled.all_keys()
    assert await filled.dump() != before


@every_operation
@pytest.mark.parametrize("rule", READ_RULES.split())
async def test_one_read_is_denied(
    filled: MadeQueue,
    user: tuple[Redis, QueueRecovery],
    operation: str,
    rule: str,
) -> None:
    """Either the operation does not need it, or it is named and nothing changed."""
    before = await filled.dump()
    await deny(filled, rule)

    named: tuple[str, ...] = ()
    try:
        await OPERATIONS[operation](user[1])
    except MissingRightsError as error:
        named = error.commands

    assert named in ((), (rule,))
    assert (await filled.dump() == before) is bool(named)


@every_operation
async def test_read_only_user(
    filled: MadeQueue, user: tuple[Redis, QueueRecovery], operation: str
) -> None:
    """The first thing that is missing is the right to run scripts."""
    before = await filled.dump()
    await set_user(filled, commands=READ_RULES)

    with pytest.raises(MissingRightsError, match="evalsha"):
        await OPERATIONS[operation](user[1])

    assert await filled.dump() == before


@every_operation
async def test_another_prefix_is_out_of_reach(
    filled: MadeQueue, user: tuple[Redis, QueueRecovery], operation: str
) -> None:
    """A user who may not reach the keys is told so."""
    before = await filled.dump()
    await set_user(filled, keys="other:*")

    with pytest.raises(MissingRightsError):
        await OPERATIONS[operation](user[1])

    assert await filled.dump() == before


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
