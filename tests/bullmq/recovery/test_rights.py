"""A script checks its own rights before its first write."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq import recovery as recovery_module
from custom_components.immich_admin_tools.bullmq.errors import MissingRightsError
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery
from tests.support.valkey import Valkey

from .made_queue import PREFIX, MadeQueue
from .operations import OPERATIONS, every_operation, fill

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


@pytest.fixture
async def filled(client: Redis) -> MadeQueue:
    """Return a queue on which every operation has something to do."""
    return await fill(client)


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
