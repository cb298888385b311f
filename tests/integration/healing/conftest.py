"""Servers of these tests' own, and a quicker restart."""

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from pytest_socket import enable_socket

from custom_components.immich_admin_tools.restart import restarter
from tests.integration.conftest import Servers
from tests.support.elsewhere import event_loop_elsewhere
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey


@pytest.fixture(scope="package")
def servers() -> Iterator[Servers]:
    """Start Valkey and a simulator whose restarts take a tenth of the time."""
    enable_socket()
    with event_loop_elsewhere() as elsewhere:
        stack = AsyncExitStack()
        valkey = elsewhere.run(stack.enter_async_context(start_valkey()))
        simulator = Simulator(valkey.url, assets=200, time_scale=0.1)
        elsewhere.run(stack.enter_async_context(simulator))
        yield Servers(elsewhere, elsewhere.proxy(valkey), elsewhere.proxy(simulator))
        elsewhere.run(stack.aclose())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a tenth for the workers, as the simulator's restarts take a tenth."""
    for name in ("EVERY", "SETTLE", "FIRST_WITHIN", "RESUMES_WITHIN"):
        monkeypatch.setattr(restarter, name, getattr(restarter, name) / 10)
