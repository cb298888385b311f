"""Statistics as the recorder has them, up to this moment."""

from datetime import timedelta

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entity_id, entry_for, poll, set_up
from .healing.helpers import call

QUEUE = "sidecar"


@pytest.fixture(autouse=True)
def _real_network(
    recorder_mock: Recorder, socket_enabled: None, enable_custom_integrations: None
) -> None:
    """As for all tests of this folder, but with a recorder, which has to come first."""


async def _process(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, count: int
) -> None:
    """Let jobs be processed, and poll until they are counted."""
    queues = entry.runtime_data.queues
    wanted = queues.data.queues[QUEUE].processed + count
    await simulator.add_jobs(QUEUE, count)

    async def done() -> bool:
        await poll(hass, entry)
        return bool(queues.data.queues[QUEUE].processed == wanted)

    await until(done, timeout=30, what=f"{wanted} processed", interval=0.1)


async def _compile(hass: HomeAssistant) -> None:
    """Let the recorder do what it does every five minutes."""
    await async_wait_recording_done(hass)
    now = dt_util.utcnow()
    start = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    do_adhoc_statistics(hass, start=start)
    await async_wait_recording_done(hass)


async def test_processed(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """Nothing is known at first; then it is exact, also between two looks of the recorder."""
    await simulator.speed(0)
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    answer = (await call(hass, "get_statistics", queue=QUEUE))["queues"][QUEUE]
    assert answer["processed"] is None
    assert answer["processed_unknown_because"] == "not_yet"
    assert answer["peak_hours"] is None

    sensor = entity_id(hass, entry, f"sensor.{QUEUE}.processed")
    await _compile(hass)
    await _process(hass, entry, simulator, 25)
    answer = (await call(hass, "get_statistics", queue=QUEUE))["queues"][QUEUE]
    assert answer["processed_unknown_because"] is None
    assert answer["processed"] == {"today": 25, "this_week": 25, "this_month": 25}
    (name,) = answer["jobs"]
    assert answer["jobs"][name]["median_duration"] > 0
    # Without telemetry nobody knows: that is not zero.
    assert answer["jobs"][name]["failed"] is None
    assert answer["slots_taken"] is None
    assert sensor in hass.states.async_entity_ids("sensor")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_periods_and_peak_hours(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """What the recorder kept of earlier days and hours, in the user's time zone."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    sensor = entity_id(hass, entry, f"sensor.{QUEUE}.processed")
    unit = hass.states.get(sensor)
    assert unit is not None
    midnight = dt_util.start_of_local_day()
    day = timedelta(days=1)
    rows: list[StatisticData] = []
    # So that the sum of the sensor, which begins at 0 here, goes on from it.
    total = -410.0
    done = {(20, 21): 100, (19, 3): 10, (19, 21): 300}
    # Imported statistics count from their first row on: one of the month before, whatever
    # day it is.
    before = dt_util.as_utc(midnight - 40 * day)
    rows.append({"start": before, "state": total, "sum": total})
    for hours in range(48):
        days_ago, hour = 20 - hours // 24, hours % 24
        total += done.get((days_ago, hour), 0)
        start = dt_util.as_utc(midnight - days_ago * day + timedelta(hours=hour))
        rows.append({"start": start, "state": total, "sum": total})
    async_import_statistics(
        hass,
        {
            "mean_type": StatisticMeanType.NONE,
            "has_sum": True,
            "name": None,
            "source": "recorder",
            "statistic_id": sensor,
            "unit_of_measurement": unit.attributes["unit_of_measurement"],
            "unit_class": None,
        },
        rows,
    )
    await async_wait_recording_done(hass)
    await _compile(hass)
    answer = (await call(hass, "get_statistics"))["queues"]
    assert set(answer) == set(entry.runtime_data.queues.data.queues)
    assert answer[QUEUE]["peak_hours"] == [
        {"hour": 21, "processed": 200.0},
        {"hour": 3, "processed": 5.0},
    ]
    assert answer[QUEUE]["processed"]["today"] == 0
    month = sum(
        jobs
        for days_ago, jobs in ((20, 100), (19, 310))
        if (midnight - days_ago * day).month == midnight.month
    )
    assert answer[QUEUE]["processed"]["this_month"] == month
    await hass.config_entries.async_unload(entry.entry_id)


async def test_what_nobody_knows_is_said(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """Without Redis, or with the sensor switched off, there is a reason, and no figure."""
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    er.async_get(hass).async_update_entity(
        entity_id(hass, entry, f"sensor.{QUEUE}.processed"),
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    await hass.async_block_till_done()
    answer = await call(hass, "get_statistics", queue=QUEUE)
    assert answer["queues"][QUEUE]["processed_unknown_because"] == "sensor_off"
    assert answer["outcomes"]["unknown_because"] == "no_telemetry"
    await hass.config_entries.async_remove(entry.entry_id)

    api_only = entry_for(simulator, None)
    await set_up(hass, api_only)
    answer = (await call(hass, "get_statistics", queue=QUEUE))["queues"][QUEUE]
    assert answer["processed"] is None
    assert answer["processed_unknown_because"] == "needs_redis"
    await hass.config_entries.async_unload(api_only.entry_id)
