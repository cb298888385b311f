"""A GPU box from waking up to going off, with real queues and real packets."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, set_up
from .gpu import (
    Box,
    all_paused,
    box,
    gpu_entity_id,
    gpu_state,
    host_data,
    reach,
    with_hosts,
)

ML_QUEUES = ("smartSearch", "faceDetection", "ocr")


@pytest.fixture
async def gpu_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is off, with a cable to the loopback network."""
    async with box(hass, simulator) as own:
        await simulator.machine_learning("off")
        yield own


@pytest.fixture
async def gpu_entry(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, gpu_box: Box
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry with a host that is off."""
    entry = entry_for(simulator, valkey.url)
    entry = with_hosts(entry, host_data(simulator, gpu_box))
    await set_up(hass, entry)
    await all_paused(entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def paused(simulator: Simulator) -> set[str]:
    """Return the queues that Immich says are paused."""
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return {queue["name"] for queue in queues if queue["isPaused"]}


async def test_a_whole_day(
    hass: HomeAssistant,
    simulator: Simulator,
    gpu_box: Box,
    gpu_entry: MockConfigEntry,
) -> None:
    """A backlog wakes the box, it is worked off, and the box goes off; nothing is skipped."""
    assert await paused(simulator) == set(ML_QUEUES)
    assert gpu_state(hass, gpu_entry, "binary_sensor.online") == "off"
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": gpu_entity_id(hass, gpu_entry, "switch.automatic")},
        blocking=True,
    )
    await simulator.speed(50, "smartSearch")
    await simulator.add_jobs("smartSearch", 9)
    await all_paused(gpu_entry)
    assert gpu_box.packets == []
    await simulator.add_jobs("smartSearch", 21)
    await reach(gpu_entry, "working")
    assert gpu_box.wakened
    assert gpu_state(hass, gpu_entry, "switch.power") == "on"
    await all_paused(gpu_entry)
    assert gpu_box.actions == ["box_off"]
    truth = (await simulator.truth()).queues["smartSearch"]
    assert (truth.finished, truth.handler_failed) == (30, 0)
    assert await paused(simulator) == set(ML_QUEUES)
    await hass.async_block_till_done()
    assert gpu_state(hass, gpu_entry, "switch.power") == "off"
