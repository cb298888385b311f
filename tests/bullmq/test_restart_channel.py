"""The message that restarts Immich, and whom else it would reach, on a real Valkey."""

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
import json
from typing import Any, Literal

import pytest
import pytest_socket
import redis.asyncio as aioredis

from custom_components.immich_admin_tools.bullmq.errors import (
    MissingRightsError,
    RedisCannotConnectError,
)
from custom_components.immich_admin_tools.bullmq.permissions import (
    RESTART_CHANNEL,
    RESTART_RULES,
)
from custom_components.immich_admin_tools.bullmq.workers import (
    ConnectedWorker,
    connected_workers,
    other_databases,
    others_on_redis,
    publish_restart,
)
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey, start_valkey

QUEUES = frozenset({"faceDetection", "ocr"})
ACL = (
    "user restarts on >pw ~immich_bull:* resetchannels -@all "
    + " ".join(RESTART_RULES),
    "user heals on >pw ~immich_bull:* resetchannels -@all +ping +info",
)


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Start a server with users of few rights."""
    pytest_socket.enable_socket()
    async with start_valkey(acl=ACL) as server:
        yield server


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[aioredis.Redis]:
    """Connect as the user who may do all."""
    async with valkey.client() as client:
        yield client


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Close at the end what a test opens."""
    async with AsyncExitStack() as stack:
        yield stack


def _as(valkey: Valkey, user: str) -> aioredis.Redis:
    return aioredis.Redis(port=valkey.port, username=user, password="pw")


async def _worker(
    valkey: Valkey, stack: AsyncExitStack, prefix: str, database: int, queue: str
) -> int:
    """Connect as BullMQ's worker does; return the connection's id."""
    name = f"{prefix}:{base64.b64encode(queue.encode()).decode()}:w:microservices"
    client = aioredis.Redis(
        port=valkey.port, db=database, client_name=name, single_connection_client=True
    )
    await stack.enter_async_context(client)
    client_id: int = await client.client_id()
    return client_id


async def test_the_message_is_immichs_own(
    valkey: Valkey, client: aioredis.Redis
) -> None:
    """Each listener gets it; the number of listeners comes back."""
    assert await publish_restart(client) == 0
    async with client.pubsub() as listener:
        await listener.subscribe(RESTART_CHANNEL)
        assert await listener.get_message(timeout=5)
        async with _as(valkey, "restarts") as user:
            assert await publish_restart(user) == 1
        message = await listener.get_message(timeout=5)
    assert message
    content: dict[str, Any] = json.loads(message["data"])
    uid = content.pop("uid")
    assert isinstance(uid, str) and uid
    assert content == {
        "type": 6,
        "data": ["AppRestart", {"isMaintenanceMode": False}],
    }


async def test_a_missing_right_is_named(valkey: Valkey) -> None:
    """Without `+publish` nothing is sent."""
    async with _as(valkey, "heals") as user:
        with pytest.raises(MissingRightsError) as refused:
            await publish_restart(user)
    assert refused.value.commands == ("+publish",)


async def test_no_server(valkey: Valkey) -> None:
    """An error of ours, like everywhere."""
    async with valkey.client() as client:
        await valkey.stop()
        with pytest.raises(RedisCannotConnectError):
            await publish_restart(client)
        with pytest.raises(RedisCannotConnectError):
            await others_on_redis(client, "immich_bull", 0, QUEUES)


async def test_workers_are_seen_by_their_connections(
    valkey: Valkey, client: aioredis.Redis, stack: AsyncExitStack
) -> None:
    """With a prefix that has colons as well; other names are no workers."""
    await client.client_setname("immich_bull:not*base64")
    first = await _worker(valkey, stack, "immich_bull", 0, "ocr")
    second = await _worker(valkey, stack, "my:own", 3, "faceDetection")
    assert first < second
    workers = await connected_workers(client)
    assert workers is not None
    assert set(workers) == {
        ConnectedWorker("immich_bull", 0, "ocr", first),
        ConnectedWorker("my:own", 3, "faceDetection", second),
    }


@pytest.mark.parametrize("version", ["5.51", "5.80", "6"])
async def test_real_workers_are_seen(
    valkey: Valkey, client: aioredis.Redis, version: Literal["5.51", "5.80", "6"]
) -> None:
    """One connection per queue, in each version of BullMQ that Immich had or may get."""
    async with Simulator(valkey.url, bullmq=version) as simulator:
        workers = await connected_workers(client)
        truth = await simulator.truth()
    assert workers is not None
    assert sorted(it.queue for it in workers) == sorted(truth.queues)
    assert {(it.prefix, it.database) for it in workers} == {(simulator.prefix, 0)}


@pytest.mark.parametrize(
    ("prefix", "database", "queue", "found"),
    [
        ("immich_bull", 0, "ocr", ()),
        ("immich_bull", 2, "ocr", ("database 2",)),
        ("second", 0, "ocr", ("prefix second",)),
        # Other programs use BullMQ as well: the message is not for them.
        ("paperless", 4, "mails", ()),
    ],
)
async def test_other_immichs(
    valkey: Valkey,
    client: aioredis.Redis,
    stack: AsyncExitStack,
    prefix: str,
    database: int,
    queue: str,
    found: tuple[str, ...],
) -> None:
    """They are known by the queues of their workers."""
    await _worker(valkey, stack, "immich_bull", 0, "faceDetection")
    await _worker(valkey, stack, prefix, database, queue)
    assert await others_on_redis(client, "immich_bull", 0, QUEUES) == found


async def test_a_user_who_may_not_look(valkey: Valkey, client: aioredis.Redis) -> None:
    """Then any other database with keys may be another Immich."""
    await client.set("immich_bull:x", 1)
    async with _as(valkey, "restarts") as user:
        assert await connected_workers(user) is None
        assert await others_on_redis(user, "immich_bull", 0, QUEUES) == ()
        assert await other_databases(user, 5) == (0,)
        assert await others_on_redis(user, "immich_bull", 5, QUEUES) == ("database 0",)
