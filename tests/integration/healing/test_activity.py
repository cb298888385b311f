"""What happens is told on the bus, kept, and shown; and it outlives a restart."""

import asyncio
from http import HTTPStatus

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.devices import queue_of_device
from custom_components.immich_admin_tools.history.events import Event
from tests.integration.conftest import enable_all, entity_id, poll, state_of
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import call, hang, listen, refused, types


async def test_a_stuck_job_is_told_cleared_and_remembered(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """From the first sign to the button, the picture, the sensor and the next start."""
    await enable_all(hass, entry)
    told = listen(hass)
    assert state_of(hass, entry, "sensor.last_heal") == STATE_UNKNOWN
    assert state_of(hass, entry, "event.activity") == STATE_UNKNOWN
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    (stuck,) = told
    device = dr.async_get(hass).async_get(stuck["device_id"])
    assert device is not None
    assert queue_of_device(entry, device) == "ocr"
    assert stuck["type"] == "job_stuck"
    assert stuck["entry_id"] == entry.entry_id
    assert (stuck["instance"], stuck["queue"]) == ("Immich", "ocr")
    assert (stuck["job_id"], stuck["kind"]) == (job_id, "hung")
    assert stuck["asset_path"].startswith("/data/")
    assert stuck["file_name"].startswith("IMG_")
    assert stuck["age"] >= 3
    shown = hass.states.get(entity_id(hass, entry, "event.activity"))
    assert shown is not None
    assert shown.attributes["event_type"] == "job_stuck"
    assert shown.attributes["asset_id"] == stuck["asset_id"]

    client = await hass_client()
    picture = await client.get(stuck["thumbnail"])
    assert picture.status == HTTPStatus.OK
    assert picture.content_type == "image/jpeg"
    assert len(await picture.read()) > 100
    other = stuck["thumbnail"].replace(
        stuck["asset_id"], (await simulator.asset_ids())[-1]
    )
    assert (await client.get(other)).status == HTTPStatus.NOT_FOUND
    wrong_entry = stuck["thumbnail"].replace(entry.entry_id, "nobody")
    assert (await client.get(wrong_entry)).status == HTTPStatus.NOT_FOUND

    button = entity_id(hass, entry, "button.ocr.clear_stuck")
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: button}, blocking=True
    )
    await hass.async_block_till_done()
    assert types(told) == ["job_stuck", "job_cleared", "heal_unconfirmed"]
    assert told[1]["outcome"] == told[2]["outcome"] == "slot_lost"
    assert told[1]["by"] == "user"
    assert state_of(hass, entry, "binary_sensor.stuck") == "off"
    last = hass.states.get(entity_id(hass, entry, "sensor.last_heal"))
    assert last is not None
    assert last.attributes["outcome"] == "slot_lost"
    assert last.attributes["asset_path"] == stuck["asset_path"]
    state = hass.states.get(entity_id(hass, entry, "sensor.ocr.state"))
    assert state is not None
    assert state.attributes["lost_slots"] == 1

    # Home Assistant starts anew: nothing is told twice, nothing is forgotten.
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert len(told) == 3
    again = hass.states.get(entity_id(hass, entry, "sensor.last_heal"))
    assert again is not None
    assert again.state == last.state
    assert entry.runtime_data.healing.lost_slots("ocr") == 1
    await simulator.unhang()


async def test_a_job_that_is_still_stuck_is_not_told_again_after_a_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It is counted once; when it ends by itself, that is told."""
    told = listen(hass)
    await hang(hass, entry, simulator, "ocr")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await asyncio.sleep(1.1)
    await poll(hass, entry)
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    assert types(told) == ["job_stuck"]
    await simulator.unhang("ocr")
    await simulator.until_truth("ocr", finished=1)
    await asyncio.sleep(0.5)
    await poll(hass, entry)
    assert types(told) == ["job_stuck", "job_recovered"]
    assert told[1]["reason"] == "ended"


async def test_pauses_and_a_finished_queue(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Whoever paused, and how much was done."""
    told = listen(hass)
    await simulator.speed(1)
    await poll(hass, entry)
    await call(hass, "pause", queue="sidecar")
    await simulator.add_jobs("sidecar", 40)
    await poll(hass, entry)
    await simulator.control("resume", queue="sidecar")
    await simulator.until_truth("sidecar", finished=40)
    await poll(hass, entry)
    assert types(told) == ["queue_paused", "queue_resumed"]
    await asyncio.sleep(30.1)
    await poll(hass, entry)
    assert types(told)[2:] == ["queue_finished"]
    assert told[2]["jobs"] == 40
    assert [event.jobs for event in entry.runtime_data.history.history][0] == 40


async def test_retry_button(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    valkey: Valkey,
) -> None:
    """Jobs that BullMQ gave up run again."""
    await enable_all(hass, entry)
    await simulator.add_jobs("migration", 1)
    await simulator.until_truth("migration", finished=1)
    async with valkey.client() as client:
        base = "immich_bull:migration"
        await client.hset(
            f"{base}:900",
            mapping={"name": "AssetFileMigration", "data": "{}", "opts": "{}"},
        )
        await client.zadd(f"{base}:failed", {"900": 1})
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.migration.failed") == "1"
    button = entity_id(hass, entry, "button.migration.retry_failed")
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: button}, blocking=True
    )
    await simulator.until_truth("migration", finished=2)
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.migration.failed") == "0"


async def test_who_may_see_a_picture(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Nobody without a login to Home Assistant."""
    await hang(hass, entry, simulator, "ocr")
    (event,) = entry.runtime_data.history.history
    client = await hass_client_no_auth()
    path = f"/api/{DOMAIN}/{entry.entry_id}/thumbnail/{event.asset_id}"
    assert (await client.get(path)).status == HTTPStatus.UNAUTHORIZED
    await simulator.unhang()


async def test_unloaded_before_the_outcome_was_verified(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The caller is told; at the next start the history gets the truth, once."""
    await hang(hass, entry, simulator, "ocr")
    clearing = hass.async_create_task(refused(hass, "clear_stuck", queue="ocr"))
    async with asyncio.timeout(10):
        while not entry.runtime_data.healing.under_way:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    await hass.config_entries.async_reload(entry.entry_id)
    assert await clearing == "heal_interrupted"
    await hass.async_block_till_done()
    await poll(hass, entry)

    def acts() -> list[Event]:
        return [it for it in entry.runtime_data.history.history if it.act_id]

    assert [it.type.value for it in acts()] == ["job_cleared"]
    assert acts()[0].doubt == "interrupted"
    assert not entry.runtime_data.healing.under_way
    async with asyncio.timeout(40):
        while acts()[0].outcome != "slot_lost":
            await asyncio.sleep(1)
            await poll(hass, entry)
    assert len(acts()) == 1
    assert entry.runtime_data.healing.lost_slots("ocr") == 1
    assert (await simulator.truth()).queues["ocr"].started == 1
    await simulator.unhang()
