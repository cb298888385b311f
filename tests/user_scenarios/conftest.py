"""The real servers and entries of the tests of the integration."""

from tests.integration.conftest import (
    _real_network,
    clocks,
    entry,
    servers,
    simulator,
    valkey,
)

__all__ = ["_real_network", "clocks", "entry", "servers", "simulator", "valkey"]
