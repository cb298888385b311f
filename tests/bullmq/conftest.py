"""Real servers for the tests, a new one for each."""

from collections.abc import AsyncIterator

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq import connection, reader
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from tests.support.valkey import Valkey, start_valkey


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return an empty server."""
    pytest_socket.enable_socket()
    async with start_valkey() as server:
        yield server


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[Redis]:
    """Return a client as the integration makes it."""
    async with create_client(RedisSettings(valkey.url), None) as redis:
        yield redis


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients that are made from now on wait half a second only."""
    monkeypatch.setattr(connection, "SOCKET_TIMEOUT", 0.5)
    monkeypatch.setattr(connection, "SENTINEL_TIMEOUT", 0.5)
    monkeypatch.setattr(reader, "POLL_TIMEOUT", 1.0)
