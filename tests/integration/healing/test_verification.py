"""Acts whose verification is cut short, and what is shown of workers that hang."""

import asyncio
from time import monotonic
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_USERNAME,
    DOMAIN,
)
from custom_components.immich_admin_tools.devices import queue_identifier
from custom_components.immich_admin_tools.healing import manager
from custom_components.immich_admin_tools.healing.errors import NotStoredError
from custom_components.immich_admin_tools.storage import StoredSection
from tests.integration.conftest import entry_for, poll, set_up, state_of
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import call, hang, listen, set_option


async def begin_to_clear(
    hass: HomeAssistant, entry: MockConfigEntry
) -> asyncio.Task[object]:
    """Clear a queue, and return while the outcome is open."""
    clearing: asyncio.Task[object] = asyncio.create_task(
        call(hass, "clear_stuck", queue="ocr")
    )
    async with asyncio.timeout(10):
        while not entry.runtime_data.healing.under_way:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    return clearing


async def test_home_assistant_stops_while_an_act_is_verified(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It stops at once, the caller gets an answer, and hardly anything is told."""
    await hang(hass, entry, simulator, "ocr")
    told = listen(hass)
    clearing = await begin_to_clear(hass, entry)
    begun = monotonic()
    # What stands between a sign of the end and the end is not ours.
    await hass.async_stop(force=True)
    assert monotonic() - begun < 2
    assert len(told) < 20
    (answer,) = await asyncio.gather(clearing, return_exceptions=True)
    if isinstance(answer, HomeAssistantError):
        assert answer.translation_key == "heal_interrupted"
    else:
        assert "interrupted" in str(answer)
    await simulator.unhang()


async def test_a_full_disk_does_not_make_it_loop(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The act is told once, however many polls there are."""
    await hang(hass, entry, simulator, "ocr")
    told = listen(hass)
    clearing = await begin_to_clear(hass, entry)
    tries = 0

    async def full(*_args: object) -> None:
        nonlocal tries
        tries += 1
        raise NotStoredError("No space left")

    with patch.object(StoredSection, "save", full):
        await clearing
        for _ in range(20):
            await poll(hass, entry)
    assert [event["type"] for event in told] == ["job_cleared", "heal_unconfirmed"]
    assert tries <= 2
    assert not entry.runtime_data.healing.under_way
    await simulator.unhang()


async def test_a_blocked_worker_is_seen(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """On the queue and on the server, until it is free; a pause stays a pause."""
    await hang(hass, entry, simulator, "ocr")
    assert state_of(hass, entry, "sensor.blocked_workers") == "0"
    await call(hass, "clear_stuck", queue="ocr")
    await poll(hass, entry)
    await simulator.add_jobs("ocr", 5)
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.blocked_workers") == "1"
    assert state_of(hass, entry, "sensor.ocr.blocked_workers") == "1"
    assert state_of(hass, entry, "sensor.ocr.state") == "worker_blocked"
    assert state_of(hass, entry, "sensor.faceDetection.blocked_workers") == "0"
    answer = await call(hass, "get_queue", queue="ocr")
    assert answer["queues"]["ocr"]["state"] == "worker_blocked"
    await call(hass, "pause", queue="ocr")
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.ocr.state") == "paused"
    await call(hass, "resume", queue="ocr")
    # A manual restart settles it before the old lock has run out.
    await simulator.kill_worker(restart=True)
    begun = monotonic()
    async with asyncio.timeout(40):
        while entry.runtime_data.healing.lost_slots():
            await poll(hass, entry)
            await asyncio.sleep(0.5)
    assert monotonic() - begun < 25
    assert not await entry.runtime_data.healing._verification.still_held()
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.blocked_workers") == "0"


async def test_one_answer_never_hides_another(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Queues of two Immich instances have the same names."""
    other = entry_for(simulator, valkey.url, "another-user")
    await set_up(hass, other)
    registry = dr.async_get(hass)
    devices = []
    for each in (entry, other):
        device = registry.async_get_child_device_by_identifier(
            queue_identifier(each, "ocr"), each.entry_id
        )
        assert device is not None
        devices.append(device.id)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "clear_stuck", device_id=devices)
    assert error.value.translation_key == "one_immich_only"
    # Where nobody asks for an answer there is none to lose.
    await hass.services.async_call(
        DOMAIN, "pause", {"device_id": devices}, blocking=True
    )
    await hass.services.async_call(
        DOMAIN, "resume", {"device_id": devices}, blocking=True
    )
    await hass.config_entries.async_unload(other.entry_id)


async def test_missing_rights_are_an_issue_until_they_are_there(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was refused neither counts for the limit nor is told as done."""
    monkeypatch.setattr(manager, "LOOK_EVERY", 0)
    async with valkey.client() as client:
        await client.acl_setuser(
            "limited",
            enabled=True,
            passwords=["+secret"],
            keys=["immich_bull:*"],
            categories=["+@all"],
            commands=["-lrem", "-zadd"],
        )
        entry = entry_for(
            simulator,
            valkey.url,
            **{CONF_REDIS_USERNAME: "limited", CONF_REDIS_PASSWORD: "secret"},
        )
        await set_up(hass, entry)
        await hang(hass, entry, simulator, "ocr")
        set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"})
        issue_id = f"heal_rights_{entry.entry_id}"
        issues = ir.async_get(hass)
        async with asyncio.timeout(20):
            while issues.async_get_issue(DOMAIN, issue_id) is None:
                await poll(hass, entry)
                await asyncio.sleep(0.1)
        issue = issues.async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert issue.translation_placeholders == {
            "title": "Immich",
            "missing": "+lrem +zadd",
            "user": "limited",
        }
        healing = entry.runtime_data.healing
        assert not healing._journal.book.recent
        assert not healing.held_back
        assert entry.runtime_data.history.history.last_heal is None
        await client.acl_setuser("limited", enabled=True, commands=["+lrem", "+zadd"])
        async with asyncio.timeout(20):
            while issues.async_get_issue(DOMAIN, issue_id) is not None:
                await poll(hass, entry)
                await asyncio.sleep(0.1)
    await simulator.unhang()
    await hass.config_entries.async_unload(entry.entry_id)
