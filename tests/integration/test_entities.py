"""Every entity, as a user finds it, with values of a real queue."""

import asyncio

from homeassistant.components.number import SERVICE_SET_VALUE
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.permissions import REQUIRED
from tests.support.learned import learn
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import enable_all, entity_id, entry_for, poll, set_up, state_of

STUCK = ("binary_sensor.stuck", "binary_sensor.ocr.stuck")

REDIS_ONLY = {
    "redis",
    "redis_latency",
    "worker",
    "average_duration",
    "blocked_workers",
    "processed",
    "clear_stuck",
    "retry_failed",
    "last_heal",
}


def _registry(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dict[str, str]]:
    """Return what a user sees of each entity, by domain and unique id."""
    prefix = f"{entry.unique_id}_"
    return {
        f"{item.domain}.{item.unique_id.removeprefix(prefix)}": {
            "name": str(item.original_name),
            "on": str(item.disabled_by is None),
            "category": str(item.entity_category),
            "class": str(item.original_device_class),
            "unit": str(item.unit_of_measurement),
        }
        for item in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
    }


async def test_all_entities(
    hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """What dashboards and automations of users depend on does not change by chance."""
    assert dict(sorted(_registry(hass, entry).items())) == snapshot


async def test_entities_without_redis(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """Only what Redis alone can tell is missing."""
    api_only = entry_for(simulator, None)
    await set_up(hass, api_only)
    without = set(_registry(hass, api_only))
    await hass.config_entries.async_remove(api_only.entry_id)
    with_redis = entry_for(simulator, valkey.url)
    await set_up(hass, with_redis)
    missing = set(_registry(hass, with_redis)) - without
    assert missing
    for name in missing:
        assert any(name.endswith(key) for key in REDIS_ONLY), name
    await hass.config_entries.async_unload(with_redis.entry_id)


async def _until(hass: HomeAssistant, entry: MockConfigEntry, **wanted: int) -> None:
    """Poll until a queue's view has these values: `ocr=5` waiting."""

    async def seen() -> bool:
        await poll(hass, entry)
        queues = entry.runtime_data.queues.data.queues
        return all(queues[name].waiting == value for name, value in wanted.items())

    await until(seen, timeout=20, what=str(wanted), interval=0.2)


@pytest.mark.parametrize("source", ["redis", "api"])
async def test_values_of_a_paused_queue(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, source: str
) -> None:
    """The same numbers from both sources; waiting counts the paused ones too."""
    await simulator.control("pause", queue="ocr")
    await simulator.add_jobs("ocr", 7)
    await simulator.add_jobs("ocr", 3, delay=600_000)
    entry = entry_for(simulator, valkey.url if source == "redis" else None)
    await set_up(hass, entry)
    await enable_all(hass, entry)
    assert state_of(hass, entry, "sensor.ocr.waiting") == "7"
    assert state_of(hass, entry, "sensor.ocr.delayed") == "3"
    assert state_of(hass, entry, "sensor.ocr.active") == "0"
    assert state_of(hass, entry, "sensor.ocr.failed") == "0"
    assert state_of(hass, entry, "sensor.ocr.state") == "paused"
    assert state_of(hass, entry, "sensor.ocr.eta") == STATE_UNKNOWN
    assert state_of(hass, entry, "sensor.waiting") == "7"
    assert state_of(hass, entry, "switch.ocr.processing") == STATE_OFF
    assert state_of(hass, entry, "binary_sensor.stuck") == STATE_OFF
    assert state_of(hass, entry, "binary_sensor.api") == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


async def test_prioritized_jobs_are_counted(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """They are in no list, and still wait."""
    await simulator.control("pause", queue="thumbnailGeneration")
    await simulator.add_jobs("thumbnailGeneration", 2, priority=5)
    await simulator.add_jobs("thumbnailGeneration", 4)
    await _until(hass, entry, thumbnailGeneration=6)
    assert state_of(hass, entry, "sensor.thumbnailGeneration.waiting") == "6"


@pytest.mark.parametrize("source", ["redis", "api"])
async def test_a_hung_job_becomes_stuck(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, source: str
) -> None:
    """At the threshold the user chose, at the next look, and named."""
    entry = entry_for(simulator, valkey.url if source == "redis" else None)
    await set_up(hass, entry)
    await enable_all(hass, entry)
    await simulator.hang("ocr")
    await simulator.add_jobs("ocr", 3)
    await simulator.until_truth("ocr", hung_now=1)
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == STATE_OFF

    number = entity_id(hass, entry, "number.ocr.stuck_threshold")
    await hass.services.async_call(
        "number", SERVICE_SET_VALUE, {ATTR_ENTITY_ID: number, "value": 1}, blocking=True
    )
    assert state_of(hass, entry, "number.ocr.stuck_threshold") == "1"
    assert entry.options["thresholds"] == {"ocr": 1}
    await asyncio.sleep(1.1)
    await poll(hass, entry)
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == STATE_ON
    assert state_of(hass, entry, "binary_sensor.stuck") == STATE_ON
    assert state_of(hass, entry, "sensor.stuck_jobs") == "1"
    assert state_of(hass, entry, "sensor.ocr.stuck_jobs") == "1"
    shown = hass.states.get(entity_id(hass, entry, "sensor.ocr.stuck_jobs"))
    assert shown is not None
    (job,) = shown.attributes["jobs"]
    assert job["name"] == "Ocr"
    assert job["asset_id"] in await simulator.asset_ids()
    assert job["file_name"].startswith(("IMG_", "VID_"))
    assert job["asset_path"].startswith("/data/")
    assert job["file_size"] > 0
    assert job["file_type"] in ("IMAGE", "VIDEO")
    assert job["url"] == f"{simulator.url}/photos/{job['asset_id']}"
    # It is long so far; only a job that hangs counts.
    assert job["times_stuck"] == 0
    since = dt_util.parse_datetime(job["since"])
    assert since is not None
    assert since < dt_util.utcnow()

    # From three thresholds on it is called hung, if it is known how long such jobs take;
    # after that nothing changes any more.
    learn(entry.runtime_data.queues.analyst, "ocr", "Ocr")
    await asyncio.sleep(3.1)
    await poll(hass, entry)
    await poll(hass, entry)
    written: list[str] = []
    stop = async_track_state_change_event(
        hass,
        [entity_id(hass, entry, name) for name in STUCK],
        callback(lambda event: written.append(event.data["entity_id"])),
    )
    for name in STUCK:
        stuck = hass.states.get(entity_id(hass, entry, name))
        assert stuck is not None
        why = "a worker holds the job and does not finish"
        known = {**job, "kind": "hung", "why": why, "times_stuck": 1}
        assert stuck.attributes["jobs"] == [known]
    await asyncio.sleep(1.1)
    await poll(hass, entry)
    assert written == [], "an age that ticks would be written with every poll"
    stop()

    await hass.services.async_call(
        "number", SERVICE_SET_VALUE, {ATTR_ENTITY_ID: number, "value": 0}, blocking=True
    )
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.ocr.stuck") == STATE_OFF
    await hass.config_entries.async_unload(entry.entry_id)


async def test_rate_and_eta_of_a_running_queue(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """They appear by themselves once there is something to measure."""
    await simulator.speed(50, "smartSearch")
    await simulator.add_jobs("smartSearch", 5000)

    async def measured() -> bool:
        await poll(hass, entry)
        return entry.runtime_data.queues.data.queues["smartSearch"].eta is not None

    await until(measured, timeout=90, what="there is an ETA", interval=1)
    view = entry.runtime_data.queues.data.queues["smartSearch"]
    # Two at a time, each 50 ms and the work around it: below 2,400 a minute.
    assert 600 < view.rate_per_minute < 2400
    assert state_of(hass, entry, "sensor.smartSearch.eta") not in (
        STATE_UNKNOWN,
        STATE_UNAVAILABLE,
    )
    assert state_of(hass, entry, "sensor.smartSearch.state") == "running"


async def test_processing_switch(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Off pauses the queue in Immich, on lets it go on."""
    switch = {ATTR_ENTITY_ID: entity_id(hass, entry, "switch.faceDetection.processing")}
    for service, paused, state in (
        (SERVICE_TURN_OFF, True, STATE_OFF),
        (SERVICE_TURN_ON, False, STATE_ON),
    ):
        await hass.services.async_call("switch", service, switch, blocking=True)
        _, queue = await simulator.request("GET", "/api/queues/faceDetection")
        assert isinstance(queue, dict)
        assert queue["isPaused"] is paused
        await poll(hass, entry)
        assert state_of(hass, entry, "switch.faceDetection.processing") == state


async def test_background_tasks_can_be_paused_too(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Immich refuses it by the newer path."""
    switch = {
        ATTR_ENTITY_ID: entity_id(hass, entry, "switch.backgroundTask.processing")
    }
    await hass.services.async_call("switch", SERVICE_TURN_OFF, switch, blocking=True)
    _, queue = await simulator.request("GET", "/api/queues/backgroundTask")
    assert isinstance(queue, dict)
    assert queue["isPaused"] is True


async def test_concurrency(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The number is Immich's; all other settings stay as they were."""
    _, before = await simulator.request("GET", "/api/system-config")
    number = entity_id(hass, entry, "number.smartSearch.concurrency")
    await hass.services.async_call(
        "number", SERVICE_SET_VALUE, {ATTR_ENTITY_ID: number, "value": 5}, blocking=True
    )
    assert state_of(hass, entry, "number.smartSearch.concurrency") == "5"
    _, after = await simulator.request("GET", "/api/system-config")
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["job"].pop("smartSearch") == {"concurrency": 5}
    before["job"].pop("smartSearch")
    assert after == before


async def test_concurrency_with_a_config_file(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Immich refuses; the user is told where the number is."""
    await simulator.control("config_file", on=True)
    number = entity_id(hass, entry, "number.ocr.concurrency")
    try:
        with pytest.raises(HomeAssistantError) as error:
            await hass.services.async_call(
                "number",
                SERVICE_SET_VALUE,
                {ATTR_ENTITY_ID: number, "value": 9},
                blocking=True,
            )
    finally:
        await simulator.control("config_file", on=False)
    assert error.value.translation_key == "immich_config_file"


async def test_queues_without_concurrency(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Those that always work on one job have no such number."""
    names = _registry(hass, entry)
    assert "number.facialRecognition_concurrency" not in names
    assert "number.facialRecognition_stuck_threshold" in names


async def test_key_that_may_not_change_settings(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The number is shown as unavailable, and an issue names the missing right."""
    key = await simulator.add_key(*REQUIRED, "systemConfig.read")
    entry = entry_for(simulator, valkey.url, api_key=key)
    await set_up(hass, entry)
    assert state_of(hass, entry, "number.ocr.concurrency") == STATE_UNAVAILABLE
    issue = ir_issue(hass, f"missing_optional_permission_{entry.entry_id}")
    assert issue["missing"] == "systemConfig.update"
    await hass.config_entries.async_remove(entry.entry_id)


def ir_issue(hass: HomeAssistant, issue_id: str) -> dict[str, str]:
    """Return the placeholders of an issue that must be there."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    return dict(issue.translation_placeholders or {})


async def test_counts_of_a_busy_queue_are_held_back(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """At most one write in 15 s, but zero is never late."""
    await simulator.control("pause", queue="sidecar")
    await simulator.add_jobs("sidecar", 5)
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.sidecar.waiting") == "5"
    await simulator.add_jobs("sidecar", 4)
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.sidecar.waiting") == "5"
    await simulator.control("drain", queue="sidecar")
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.sidecar.waiting") == "0"
