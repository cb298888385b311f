"""What was counted goes on after restarts: nothing is lost, nothing counted twice."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import enable_all, entry_for, poll, set_up, state_of

QUEUE = "sidecar"


async def _finished(simulator: Simulator) -> int:
    return (await simulator.truth()).queues[QUEUE].finished


async def _until_processed(
    hass: HomeAssistant, entry: MockConfigEntry, wanted: int
) -> None:
    """Poll until that many jobs were counted; more is wrong."""

    async def seen() -> bool:
        await poll(hass, entry)
        processed = entry.runtime_data.queues.data.queues[QUEUE].processed
        assert processed <= wanted
        return bool(processed == wanted)

    await until(seen, timeout=30, what=f"{wanted} processed", interval=0.1)


async def test_go_on_after_a_restart_of_home_assistant(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Jobs that ended while Home Assistant was away are counted when it is back."""
    before = await _finished(simulator)
    await simulator.speed(0)
    await simulator.add_jobs(QUEUE, 30)
    await _until_processed(hass, entry, 30)
    durations = entry.runtime_data.queues.analyst.usual_duration(QUEUE)

    assert await hass.config_entries.async_unload(entry.entry_id)
    await simulator.add_jobs(QUEUE, 50)
    await simulator.until_truth(QUEUE, finished=before + 80)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    # Read, not reckoned: so what the jobs took is known as well.
    events = entry.runtime_data.queues.redis.reading.queues[QUEUE].events
    assert [event.event for event in events].count("completed") == 50
    await _until_processed(hass, entry, 80)
    assert durations is not None
    assert entry.runtime_data.queues.analyst.usual_duration(QUEUE) is not None
    await simulator.add_jobs(QUEUE, 5)
    await _until_processed(hass, entry, 85)


async def test_go_on_after_a_flush_while_away(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, valkey: Valkey
) -> None:
    """Ids that begin again at 1 are other jobs, and the count does not fall."""
    await simulator.speed(0)
    await simulator.add_jobs(QUEUE, 20)
    await _until_processed(hass, entry, 20)
    assert await hass.config_entries.async_unload(entry.entry_id)
    # Empties Redis of the queues, and starts the ids anew.
    await simulator.control("reset")
    await simulator.add_jobs(QUEUE, 7)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await _until_processed(hass, entry, 27)


async def test_sensor(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The sensor shows the count; without Redis there is none."""
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    await enable_all(hass, entry)
    assert state_of(hass, entry, f"sensor.{QUEUE}.processed") == "0"
    before = await _finished(simulator)
    await simulator.speed(0)
    await simulator.add_jobs(QUEUE, 12)
    # A count that only grows is written once a minute, but its first jobs at once.
    await simulator.until_truth(QUEUE, finished=before + 12)
    await _until_processed(hass, entry, 12)
    assert int(state_of(hass, entry, f"sensor.{QUEUE}.processed")) > 0
    await hass.config_entries.async_unload(entry.entry_id)


async def test_no_sensor_without_redis(
    hass: HomeAssistant, api_only_entry: MockConfigEntry
) -> None:
    """Immich's API does not tell how many jobs were done."""
    view = api_only_entry.runtime_data.queues.data.queues[QUEUE]
    assert view.processed is None
    with pytest.raises(AssertionError):
        state_of(hass, api_only_entry, f"sensor.{QUEUE}.processed")
