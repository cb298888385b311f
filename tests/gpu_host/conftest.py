"""Sockets for the tests that need real ones."""

# Home Assistant may put another library in httpx's place, so it comes first.
import homeassistant  # noqa: F401  isort: skip

import pytest


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
