"""A Valkey of its own for each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_socket

from tests.support.valkey import Valkey, start_valkey


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return an empty server."""
    # The plugin for Home Assistant's tests blocks sockets, where it is loaded.
    pytest_socket.enable_socket()
    async with start_valkey() as server:
        yield server
