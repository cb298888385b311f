"""The fixtures of the integration tests, and their quicker restarts."""

from tests.integration.conftest import (  # noqa: F401
    _real_network,
    api_only_entry,
    clocks,
    entry,
    simulator,
    valkey,
)
from tests.integration.restart.conftest import _quick  # noqa: F401
