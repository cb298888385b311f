"""Clocks that are put right while jobs run: with real workers, at the one door."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import clock
from custom_components.immich_admin_tools.analysis.models import QueueView
from custom_components.immich_admin_tools.const import CONF_THRESHOLDS
from tests.support.simulator import Simulator

from .conftest import Clocks, entity_id, poll, state_of

HOUR = 3_600.0


def ocr(entry: MockConfigEntry) -> QueueView:
    """Return a queue as it was seen last."""
    view: QueueView = entry.runtime_data.queues.data.queues["ocr"]
    return view


async def hang(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Let a job hang, with a threshold of a minute, and see it begin."""
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_THRESHOLDS: {"ocr": 60}}
    )
    await poll(hass, entry)
    await simulator.hang("ocr")
    await simulator.add_jobs("ocr", 3)
    await simulator.until_truth("ocr", hung_now=1)
    await poll(hass, entry)
    await poll(hass, entry)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
async def test_a_clock_that_is_put_right_makes_no_job_stuck(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    clocks: Clocks,
    by: float,
) -> None:
    """Half an hour or a day: a job is as old as it was."""
    await hang(hass, entry, simulator)
    before = ocr(entry).jobs
    clocks.wall += by
    await poll(hass, entry)
    await poll(hass, entry)
    assert [(job.kind, job.due) for job in ocr(entry).jobs] == [
        (None, False) for _ in before
    ]
    assert max(job.age or 0 for job in ocr(entry).jobs) < 55
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == "off"


@pytest.mark.parametrize("by", [-HOUR, 0.0, HOUR])
async def test_a_stuck_job_stays_stuck(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    clocks: Clocks,
    by: float,
) -> None:
    """An hour back hides none; what is shown is on the clock of now."""
    await hang(hass, entry, simulator)
    clocks.passed += 61
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == "on"
    age = ocr(entry).oldest_active or 0
    clocks.wall += by
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == "on"
    assert age <= (ocr(entry).oldest_active or 0) < age + 20
    since = ocr(entry).stuck[0].since
    assert since is not None
    shown = dt_util.utc_from_timestamp(since / 1000)
    now = dt_util.utc_from_timestamp(clock.now_ms() / 1000)
    assert timedelta(seconds=55) < now - shown < timedelta(seconds=90)


async def test_idle_is_held_and_then_told_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, clocks: Clocks
) -> None:
    """A queue with a job now and then does not flap, and its rate ends with it."""
    states: list[str] = []
    state = entity_id(hass, entry, "sensor.ocr.state")
    remove = hass.bus.async_listen(
        "state_changed",
        lambda event: (
            states.append(event.data["new_state"].state)
            if event.data["entity_id"] == state
            else None
        ),
    )
    for _ in range(4):
        await simulator.control("pause", queue="ocr")
        finished = (await simulator.truth()).queues["ocr"].finished
        await simulator.add_jobs("ocr", 1)
        await simulator.control("resume", queue="ocr")
        await poll(hass, entry)
        await simulator.until_truth("ocr", finished=finished + 1)
        clocks.passed += 10
        await poll(hass, entry)
    assert state_of(hass, entry, "sensor.ocr.state") in ("running", "idle")
    clocks.passed += 31
    await poll(hass, entry)
    await hass.async_block_till_done()
    remove()
    assert states.count("idle") <= 1
    assert state_of(hass, entry, "sensor.ocr.state") == "idle"
    assert state_of(hass, entry, "sensor.ocr.rate") == "0.0"
    assert state_of(hass, entry, "sensor.rate") == "0.0"


async def test_counters_are_written_only_when_they_changed(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """An idle server wears no disk."""
    store = entry.runtime_data.stores.counters
    await poll(hass, entry)
    await store.async_flush()
    for _ in range(5):
        await poll(hass, entry)
    assert store._snapshot is None
    finished = (await simulator.truth()).queues["sidecar"].finished
    await simulator.speed(0)
    await simulator.add_jobs("sidecar", 5)
    await simulator.until_truth("sidecar", finished=finished + 5)
    await poll(hass, entry)
    assert store._snapshot is not None
