"""Missing rights are named one by one, and nothing is changed to find them out."""

from collections.abc import AsyncIterator, Callable
import contextlib

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.access import (
    HEAL_RULES,
    READ_RULES,
    RESTART_CHANNEL,
    RESTART_RULES,
    Access,
    acl_setuser_line,
    check_access,
)
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.errors import (
    BullMQError,
    MissingRightsError,
)
from custom_components.immich_admin_tools.bullmq.permissions import (
    PUBLISH_RULES,
    key_rule,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.valkey import Valkey, start_valkey

from .recovery.made_queue import PREFIX, QUEUE, MadeQueue

WRITE_RULES = HEAL_RULES[len(READ_RULES) :]


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return a server that has something to lose."""
    pytest_socket.enable_socket()
    async with start_valkey() as server, server.client() as admin:
        queue = MadeQueue(admin, "bullmq:5.80.5")
        await queue.create()
        await queue.start("1")
        await queue.add("2")
        await admin.set("elsewhere", "1")
        yield server


@contextlib.asynccontextmanager
async def user(valkey: Valkey, *rules: str) -> AsyncIterator[Redis]:
    """Give a client of a user with these rules."""
    async with valkey.client() as admin:
        line = ("on", ">secret", *rules)
        await admin.execute_command("ACL SETUSER", "ha", "reset", *line)  # type: ignore[no-untyped-call]  # redis-py's
    url = f"redis://ha:secret@127.0.0.1:{valkey.port}"
    async with create_client(RedisSettings(url), None) as client:
        yield client


@contextlib.asynccontextmanager
async def made_by(valkey: Valkey, line: str) -> AsyncIterator[Redis]:
    """Give a client of a user that was made by a line of a Redis CLI."""
    command, verb, name, *rules = line.split()
    assert (command, verb, name) == ("ACL", "SETUSER", "ha")
    rules = [rule for rule in rules if rule not in ("on", ">PASSWORD")]
    async with user(valkey, *rules) as client:
        yield client


async def access_of(valkey: Valkey, rules: tuple[str, ...]) -> Access:
    """Return what is found out about a user with these rules."""
    async with made_by(valkey, acl_setuser_line("ha", rules)) as client:
        return await check_access(client, PREFIX)


@pytest.mark.parametrize(
    ("rules", "heal", "restart"),
    [
        (READ_RULES, WRITE_RULES, PUBLISH_RULES),
        (HEAL_RULES, (), PUBLISH_RULES),
        (RESTART_RULES, (), ()),
    ],
    ids=["read", "heal", "restart"],
)
async def test_each_line_gives_what_it_says(
    valkey: Valkey,
    rules: tuple[str, ...],
    heal: tuple[str, ...],
    restart: tuple[str, ...],
) -> None:
    """The lines are what a user copies."""
    access = await access_of(valkey, rules)
    assert access.read_missing == ()
    assert access.heal_missing == heal
    assert access.restart_missing == restart
    access.require_read()


async def test_reading_works_with_the_rules_for_reading(valkey: Valkey) -> None:
    """All of it: jobs, locks, events."""
    async with (
        valkey.client() as admin,
        made_by(valkey, acl_setuser_line("ha", READ_RULES)) as client,
    ):
        reader = QueueReader(client)
        await reader.read([QUEUE])
        await admin.xadd("immich_bull:faceDetection:events", {"event": "added"})
        queue = (await reader.read([QUEUE])).queues[QUEUE]
        assert (queue.wait, len(queue.jobs), len(queue.events)) == (1, 1, 1)


@pytest.mark.parametrize("rule", READ_RULES)
async def test_missing_rule_for_reading_is_named(valkey: Valkey, rule: str) -> None:
    """By itself, whatever else there is."""
    access = await access_of(valkey, tuple(r for r in RESTART_RULES if r != rule))
    assert access.read_missing == (rule,)
    assert (access.heal_missing, access.restart_missing) == ((), ())
    with pytest.raises(MissingRightsError) as caught:
        access.require_read()
    assert caught.value.commands == (rule,)


async def read_twice(client: Redis, admin: Redis) -> None:
    """Read with an event between, so that every command of a poll is sent."""
    reader = QueueReader(client)
    await reader.read([QUEUE])
    await admin.xadd("immich_bull:faceDetection:events", {"event": "added"})
    await reader.read([QUEUE])


@pytest.mark.parametrize("rule", [rule for rule in READ_RULES if rule != "+ping"])
async def test_reading_fails_without_any_of_its_rules(
    valkey: Valkey, rule: str
) -> None:
    """None is asked for in vain; PING is for connections that were idle."""
    line = acl_setuser_line("ha", tuple(r for r in READ_RULES if r != rule))
    async with made_by(valkey, line) as client, valkey.client() as admin:
        with pytest.raises(MissingRightsError) as caught:
            await read_twice(client, admin)
        assert caught.value.commands == (rule,)


@pytest.mark.parametrize("rule", WRITE_RULES)
async def test_missing_rule_for_healing_is_named(valkey: Valkey, rule: str) -> None:
    """By itself; a user without EVAL is asked through EVALSHA."""
    access = await access_of(valkey, tuple(r for r in RESTART_RULES if r != rule))
    assert access.read_missing == ()
    assert access.heal_missing == (rule,)
    assert access.restart_missing == ()


async def test_missing_rule_for_restarting_is_named(valkey: Valkey) -> None:
    """The server doesn't say which of the two it is: both are named."""
    access = await access_of(valkey, (*HEAL_RULES, "+publish"))
    assert access.restart_missing == PUBLISH_RULES
    access = await access_of(valkey, (*HEAL_RULES, f"&{RESTART_CHANNEL}"))
    assert access.restart_missing == PUBLISH_RULES
    assert access.heal_missing == ()


async def test_no_script_at_all(valkey: Valkey) -> None:
    """Nothing can be asked: everything counts as missing."""
    scripts = ("+eval", "+evalsha", "+script|load")
    access = await access_of(
        valkey, tuple(rule for rule in RESTART_RULES if rule not in scripts)
    )
    assert access.heal_missing == WRITE_RULES
    assert access.restart_missing == PUBLISH_RULES


@pytest.mark.parametrize("rules", [HEAL_RULES, RESTART_RULES], ids=["heal", "restart"])
async def test_nothing_denied_is_tried(valkey: Valkey, rules: tuple[str, ...]) -> None:
    """A user with the rights that are asked for leaves nothing in the log of refusals."""
    async with valkey.client() as admin:
        await admin.execute_command("ACL LOG", "RESET")  # type: ignore[no-untyped-call]  # redis-py's
        await access_of(valkey, rules)
        log = await admin.execute_command("ACL LOG")  # type: ignore[no-untyped-call]  # redis-py's
    assert not log


async def test_user_without_any_right(valkey: Valkey) -> None:
    """Everything is named, also what connecting itself would need."""
    access = await access_of(valkey, ())
    assert access.read_missing == READ_RULES
    assert access.heal_missing == WRITE_RULES
    assert access.restart_missing == PUBLISH_RULES
    assert access.server_version == "unknown"


@pytest.mark.parametrize("pattern", ["~other:*", "resetkeys"])
async def test_keys_of_the_prefix_are_out_of_reach(
    valkey: Valkey, pattern: str
) -> None:
    """The pattern is named, not every command that would need it."""
    async with user(valkey, pattern, *RESTART_RULES) as client:
        access = await check_access(client, PREFIX)
    assert access.read_missing == ("~immich_bull:*",)
    assert access.heal_missing == ("~immich_bull:*",)
    assert access.restart_missing == ()


async def test_keys_that_may_only_be_read(valkey: Valkey) -> None:
    """`%R~` is enough to show everything."""
    async with user(valkey, "%R~immich_bull:*", *RESTART_RULES) as client:
        access = await check_access(client, PREFIX)
        await QueueReader(client).read([QUEUE])
    assert access.read_missing == ()
    assert access.heal_missing == ("~immich_bull:*",)


async def test_default_user_may_do_everything(valkey: Valkey) -> None:
    """As most installations have it."""
    async with create_client(RedisSettings(valkey.url), None) as client:
        access = await check_access(client, PREFIX)
        reading = await QueueReader(client).read([])
    assert (access.read_missing, access.heal_missing) == ((), ())
    assert access.restart_missing == ()
    assert access.run_id == reading.run_id
    assert access.server_version == reading.server_version


async def test_nothing_is_changed(valkey: Valkey) -> None:
    """No key, no message to anybody."""
    async with valkey.client() as admin, admin.pubsub() as listener:
        await listener.psubscribe("*")

        async def dump() -> dict[object, object]:
            return {key: await admin.dump(key) for key in await admin.keys()}

        before = await dump()
        await access_of(valkey, RESTART_RULES)
        async with create_client(RedisSettings(valkey.url), None) as client:
            await check_access(client, PREFIX)
        assert await dump() == before
        channels = set()
        while message := await listener.get_message(timeout=0.2):
            if message["type"] == "pmessage":
                channels.add(message["channel"].decode())
        assert all(channel.startswith("immich_bull:") for channel in channels)


async def test_keys_of_others_stay_out_of_reach(valkey: Valkey) -> None:
    """Also inside a script."""
    escapes: list[Callable[[Redis], object]] = [
        lambda client: client.get("elsewhere"),
        lambda client: client.eval("return redis.call('GET', 'elsewhere')", 0),
        lambda client: client.eval("return redis.call('DEL', 'elsewhere')", 0),
        lambda client: client.publish("elsewhere", "x"),
        lambda client: client.flushall(),
        lambda client: client.config_get("*"),
        lambda client: client.keys("*"),
    ]
    async with made_by(valkey, acl_setuser_line("ha", RESTART_RULES)) as client:
        for escape in escapes:
            with pytest.raises(Exception, match=r"permissions|can't run|ACL"):
                await escape(client)  # type: ignore[misc]  # redis-py's union
    async with valkey.client() as admin:
        assert await admin.get("elsewhere") == b"1"


async def test_key_of_the_check_is_in_use(valkey: Valkey) -> None:
    """Somebody put a key there: said, rather than taken for missing rights."""
    async with valkey.client() as admin:
        await admin.set("immich_bull:immich-admin-tools:access-check", "x")
    async with create_client(RedisSettings(valkey.url), None) as client:
        with pytest.raises(BullMQError, match="unexpected type"):
            await check_access(client, PREFIX)


def test_line_for_a_prefix_with_signs() -> None:
    """Signs of a pattern stand for themselves."""
    assert key_rule("immich_bull") == "~immich_bull:*"
    assert key_rule("a*[b]?\\") == "~a\\*\\[b\\]\\?\\\\:*"
    line = acl_setuser_line("ha", ("+ping",), "x")
    assert line == "ACL SETUSER ha on >PASSWORD ~x:* resetchannels -@all +ping"
