"""One Valkey and one simulator for all tests of a process that ask for them (loaded by tests/conftest.py)."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from pytest_socket import enable_socket

from .elsewhere import Elsewhere, event_loop_elsewhere
from .simulator import Simulator
from .valkey import Valkey, start_valkey


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs for the whole test run. Call it through the proxies only."""

    elsewhere: Elsewhere
    valkey: Valkey
    simulator: Simulator


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start Valkey and the simulator once."""
    # It comes before `socket_enabled` has undone the plugin's block.
    enable_socket()
    with event_loop_elsewhere() as elsewhere:
        stack = AsyncExitStack()
        valkey = elsewhere.run(stack.enter_async_context(start_valkey()))
        simulator = Simulator(valkey.url, assets=200, time_scale=0.1)
        elsewhere.run(stack.enter_async_context(simulator))
        yield Servers(elsewhere, elsewhere.proxy(valkey), elsewhere.proxy(simulator))
        elsewhere.run(stack.aclose())
