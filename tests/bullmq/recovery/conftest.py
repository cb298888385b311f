"""A real Valkey of our own, and queues made in it as BullMQ leaves them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery
from tests.support.elsewhere import event_loop_elsewhere
from tests.support.valkey import Valkey, start_valkey

from .made_queue import PREFIX, MadeQueue


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """Return a server for all of these tests, as most take a few milliseconds."""
    pytest_socket.enable_socket()
    with event_loop_elsewhere() as elsewhere:
        starting = start_valkey()
        server = elsewhere.run(starting.__aenter__())
        yield server
        elsewhere.run(starting.__aexit__(None, None, None))


@pytest.fixture
async def client(valkey: Valkey, socket_enabled: None) -> AsyncIterator[Redis]:
    """Return a client of an empty Valkey."""
    async with valkey.client() as redis:
        await redis.flushall()
        yield redis


@pytest.fixture
def recovery(client: Redis) -> QueueRecovery:
    """Return what is tested here."""
    return QueueRecovery(client, PREFIX)


@pytest.fixture(params=["bullmq:5.51.0", "bullmq:5.80.5", "bullmq:6.7.0"])
async def queue(client: Redis, request: pytest.FixtureRequest) -> MadeQueue:
    """Return an empty queue of each BullMQ version."""
    made = MadeQueue(client, request.param)
    await made.create()
    return made
