"""A real Valkey for the tests of the healing, and queues made in it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_socket
from redis.asyncio import Redis

from tests.bullmq.recovery.made_queue import MadeQueue
from tests.support.elsewhere import event_loop_elsewhere
from tests.support.valkey import Valkey, start_valkey

from .fake_healing import FakeHealing


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """Return a server for all of these tests."""
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


@pytest.fixture(params=["bullmq:5.51.0", "bullmq:5.80.5", "bullmq:6.7.0"])
async def queue(client: Redis, request: pytest.FixtureRequest) -> MadeQueue:
    """Return an empty queue of each BullMQ version."""
    made = MadeQueue(client, request.param)
    await made.create()
    return made


@pytest.fixture
async def healing(client: Redis) -> FakeHealing:
    """Return a healer with all that it stands on."""
    queue = MadeQueue(client, "bullmq:5.80.5")
    await queue.create()
    return FakeHealing(queue)
