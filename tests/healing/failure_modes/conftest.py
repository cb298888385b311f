"""Runs all scenarios at once, and hands out what each of them saw."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_socket

from tests.support.elsewhere import Elsewhere, event_loop_elsewhere

from .installation import Version
from .scenarios import (
    Seen,
    blocked_and_flushed,
    hanging,
    killed_and_restarted,
    killed_for_good,
)

VERSIONS: tuple[Version, ...] = ("5.51", "5.80", "6")
SCENARIOS: tuple[Callable[[Version], Coroutine[None, None, Seen]], ...] = (
    # The longest first.
    killed_and_restarted,
    blocked_and_flushed,
    killed_for_good,
    hanging,
)

APART = 2.0
"""Seconds between two starts, so that they don't slow each other down."""


type Scenario = Callable[[Version], Coroutine[None, None, Seen]]


@dataclass(slots=True)
class Scenarios:
    """All that runs, in an event loop that outlives a test."""

    elsewhere: Elsewhere
    _running: dict[tuple[str, Version], asyncio.Task[Seen]] = field(
        default_factory=dict
    )

    async def start(self) -> None:
        """Start all of them, one after the other."""
        starts = [(scenario, version) for scenario in SCENARIOS for version in VERSIONS]
        for number, (scenario, version) in enumerate(starts):
            self._running[scenario.__name__, version] = asyncio.create_task(
                _after(number * APART, scenario, version)
            )

    async def end(self) -> None:
        """Stop what still runs, and wait until it has stopped its servers."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def seen(self, scenario: str, version: Version) -> Seen:
        """Wait until a scenario is over, in any event loop."""

        async def outcome() -> Seen:
            return await asyncio.shield(self._running[scenario, version])

        waiting = asyncio.run_coroutine_threadsafe(outcome(), self.elsewhere.loop)
        return await asyncio.wrap_future(waiting)


async def _after(seconds: float, scenario: Scenario, version: Version) -> Seen:
    await asyncio.sleep(seconds)
    return await scenario(version)


@pytest.fixture(scope="package")
def scenarios() -> Iterator[Scenarios]:
    """Start everything with the first test."""
    pytest_socket.enable_socket()
    with event_loop_elsewhere() as elsewhere:
        running = Scenarios(elsewhere)
        elsewhere.run(running.start())
        yield running
        elsewhere.run(running.end())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Version:
    """Return each version of BullMQ."""
    chosen: Version = request.param
    return chosen
