"""A real server, a real HTTP client, and the client under test."""

# Home Assistant may put another library in httpx's place, so it comes first.
import homeassistant  # noqa: F401  isort: skip

from collections.abc import AsyncIterator

import httpx
import pytest

from custom_components.immich_admin_tools.immich.client import ImmichClient

from .http_server import HttpServer

API_KEY = "kEy0123456789-that-must-never-be-seen"


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> None:
    """Allow sockets where the plugin for Home Assistant's tests blocks them."""
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@pytest.fixture
def name_resolution(request: pytest.FixtureRequest) -> None:
    """Need the system's resolver, which that plugin replaces by one that fails."""
    if request.config.pluginmanager.hasplugin("homeassistant"):
        pytest.skip("The plugin for Home Assistant's tests blocks DNS")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that keeps connections as long as Home Assistant's does."""
    limits = httpx.Limits(keepalive_expiry=15)
    async with httpx.AsyncClient(limits=limits, verify=False) as client:
        yield client


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    """Return a server that knows no path yet."""
    async with HttpServer() as server:
        yield server


@pytest.fixture
def client(http: httpx.AsyncClient, server: HttpServer) -> ImmichClient:
    """Return the client under test, on the server of this test."""
    return ImmichClient(http, server.url, API_KEY)
