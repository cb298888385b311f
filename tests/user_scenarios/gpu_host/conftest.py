"""The fixtures of the integration tests."""

from tests.integration.conftest import _real_network, entry, servers, simulator, valkey  # noqa: F401
