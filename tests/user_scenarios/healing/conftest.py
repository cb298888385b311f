"""Servers of these stories' own, with the fixtures of the integration tests."""

from tests.integration.conftest import (  # noqa: F401
    _real_network,
    api_only_entry,
    clocks,
    entry,
    simulator,
    valkey,
)
from tests.integration.restart.conftest import _quick, servers  # noqa: F401
