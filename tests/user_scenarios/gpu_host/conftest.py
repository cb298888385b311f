"""The fixtures of the integration tests."""

from tests.integration.conftest import _real_network, entry, simulator, valkey  # noqa: F401
