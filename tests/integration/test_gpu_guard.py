"""The box dies while it works: how many photos are skipped before the queue rests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.immich_admin_tools.analysis import skipped
from custom_components.immich_admin_tools.pauses.leases import LeaseReason
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, set_up
from .gpu import Box, all_paused, box, host_data, reach, with_hosts

JOBS = 10_000
CONCURRENCY = 3
MOST_BURNT = 50
MOST_DOUBTS = 5
"""Pauses for 500 quick jobs, which are some dozen rows."""


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other tests it takes its time to skip a job."""
    monkeypatch.setattr(skipped, "LOWEST_LIMIT", 120)
    monkeypatch.setattr(skipped, "UNKNOWN_LIMIT", 120)


@pytest.fixture
async def gpu_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is on."""
    async with box(hass, simulator) as own:
        yield own


@pytest.fixture
async def working(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, gpu_box: Box
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry whose box works on ten thousand photos."""
    await simulator.speed(150, "smartSearch")
    entry = with_hosts(
        entry_for(simulator, valkey.url),
        host_data(simulator, gpu_box, concurrency={"smartSearch": CONCURRENCY}),
    )
    await set_up(hass, entry)
    await reach(entry, "ready")
    for _ in range(JOBS // 1000):
        await simulator.add_jobs("smartSearch", 1000)
    await reach(entry, "working")
    await simulator.until_truth("smartSearch", finished=30)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def by_us(entry: MockConfigEntry, simulator: Simulator) -> None:
    """Let the queue go on as the box is back."""
    await simulator.machine_learning("on")


async def by_the_switch(entry: MockConfigEntry, simulator: Simulator) -> None:
    """Let the queue go on as the user does here."""
    leases = entry.runtime_data.leases
    await leases.user_pauses("smartSearch")
    await simulator.machine_learning("on")
    await reach(entry, "ready")
    await leases.user_resumes("smartSearch")


async def in_immich(entry: MockConfigEntry, simulator: Simulator) -> None:
    """Let the queue go on as the user does in Immich's own pages."""
    await entry.runtime_data.leases.user_pauses("smartSearch")
    await simulator.machine_learning("on")
    await reach(entry, "ready")
    await simulator.request("PUT", "/api/queues/smartSearch", {"isPaused": False})


@pytest.mark.parametrize(
    ("way", "after"),
    [
        *((by_us, after) for after in (0.0, 0.1, 1.0, 5.0)),
        *((by_the_switch, after) for after in (0.0, 2.0)),
        *((in_immich, after) for after in (0.0, 2.0)),
    ],
)
async def test_box_dies_soon_after_its_queue_goes_on(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    gpu_box: Box,
    way: Callable[[MockConfigEntry, Simulator], Awaitable[None]],
    after: float,
) -> None:
    """No poll has seen yet that it goes on, and still few photos are skipped."""
    await simulator.machine_learning("off")
    await simulator.speed(150, "smartSearch")
    entry = with_hosts(entry_for(simulator, valkey.url), host_data(simulator, gpu_box))
    await set_up(hass, entry)
    await all_paused(entry)
    await simulator.add_jobs("smartSearch", 450)
    await way(entry, simulator)

    async def goes_on() -> bool:
        return not await is_paused(simulator, "smartSearch")

    await until(goes_on, timeout=20, what="the queue goes on", interval=0.01)
    await asyncio.sleep(after)
    await simulator.machine_learning("off")

    async def is_resting() -> bool:
        return await is_paused(simulator, "smartSearch")

    await until(is_resting, timeout=20, what="the queue is paused", interval=0.02)
    await asyncio.sleep(1)
    lost = await burnt(simulator)
    assert lost < MOST_BURNT
    own = entry.runtime_data.skipped_jobs.of("smartSearch")
    assert own.jobs == lost or (own.at_least and own.jobs < lost)
    await hass.config_entries.async_unload(entry.entry_id)


async def is_paused(simulator: Simulator, queue: str) -> bool:
    """Return whether Immich says that a queue is paused."""
    _, found = await simulator.request("GET", f"/api/queues/{queue}")
    assert isinstance(found, dict)
    return bool(found["isPaused"])


async def burnt(simulator: Simulator) -> int:
    """Return how many jobs were skipped."""
    return (await simulator.truth()).queues["smartSearch"].handler_failed


async def test_box_dies_at_work(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box, working: MockConfigEntry
) -> None:
    """Of ten thousand photos fewer than fifty are skipped, told and counted."""
    events = async_capture_events(hass, "immich_admin_tools_event")
    await simulator.machine_learning("off")

    async def is_resting() -> bool:
        return await is_paused(simulator, "smartSearch")

    await until(is_resting, timeout=10, what="the queue is paused", interval=0.05)
    await asyncio.sleep(4)
    lost = await burnt(simulator)
    assert CONCURRENCY <= lost < MOST_BURNT
    told = [it.data for it in events if it.data["type"] == "jobs_burnt"]
    assert [it["queue"] for it in told] == ["smartSearch"]
    # Those that were under way when it died took their usual time: that is said.
    assert lost - CONCURRENCY <= told[0]["jobs"] <= lost
    assert told[0]["jobs"] == lost or told[0]["at_least"]
    await reach(working, "off")
    assert await burnt(simulator) == lost

    await simulator.machine_learning("on")
    await reach(working, "working")
    await simulator.until_truth("smartSearch", finished=lost + 60)
    assert await burnt(simulator) == lost


async def test_quick_jobs_are_no_outage(
    simulator: Simulator,
    gpu_box: Box,
    working: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Jobs that are quick because there is little to do go on, but for short pauses."""
    leases = working.runtime_data.leases
    take, taken = leases.take, list[str]()

    async def counted(reason: LeaseReason, *args: object, **more: object) -> object:
        taken.append(reason.holder)
        return await take(reason, *args, **more)

    monkeypatch.setattr(leases, "take", counted)
    await simulator.speed(5, "smartSearch")
    done = (await simulator.truth()).queues["smartSearch"].finished
    await simulator.until_truth("smartSearch", finished=done + 500, timeout=60)

    async def goes_on() -> bool:
        return not await is_paused(simulator, "smartSearch")

    await until(goes_on, timeout=5, what="the queue goes on")
    assert await burnt(simulator) == 0
    # Not for each row: a host that answers is given its time.
    assert set(taken) <= {"doubt smartSearch"}
    assert len(taken) <= MOST_DOUBTS


async def test_box_fails_at_its_work(
    simulator: Simulator, gpu_box: Box, working: MockConfigEntry
) -> None:
    """A ping that is answered is not enough: what fails at every photo is found out."""
    await simulator.speed(5, "smartSearch")
    await simulator.machine_learning("error500")

    async def is_resting() -> bool:
        return await is_paused(simulator, "smartSearch")

    await until(is_resting, timeout=10, what="the queue is paused", interval=0.05)
    lost = await burnt(simulator)
    assert lost < 2 * MOST_BURNT
    await asyncio.sleep(3)
    assert await burnt(simulator) <= lost + CONCURRENCY
    await simulator.machine_learning("on")

    async def goes_on() -> bool:
        return not await is_paused(simulator, "smartSearch")

    await until(goes_on, timeout=60, what="the queue goes on")
    assert await burnt(simulator) <= lost + CONCURRENCY
