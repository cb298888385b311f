"""What a user does with a GPU box: switches, button, actions; and what is told of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.immich_admin_tools import settings
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.gpu_host import manager
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, set_up
from .gpu import (
    SECOND,
    Box,
    all_paused,
    box,
    device_of,
    gpu_entity_id,
    gpu_state,
    host_data,
    host_of,
    reach,
    with_hosts,
)


@pytest.fixture
async def gpu_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is off."""
    async with box(hass, simulator) as own:
        await simulator.machine_learning("off")
        yield own


async def press(hass: HomeAssistant, entry: MockConfigEntry, what: str) -> None:
    """Use an entity: `switch.power.turn_on`."""
    domain, key, service = what.split(".")
    await hass.services.async_call(
        domain,
        service,
        {"entity_id": gpu_entity_id(hass, entry, f"{domain}.{key}")},
        blocking=True,
    )


async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set an entry up whose box is off."""
    await set_up(hass, entry)
    await all_paused(entry)
    return entry


async def test_by_hand_without_redis(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box
) -> None:
    """All of it works with Immich's API alone, and is told on the bus."""
    events = async_capture_events(hass, "immich_admin_tools_event")
    entry = await loaded(
        hass, with_hosts(entry_for(simulator, None), host_data(simulator, gpu_box))
    )
    await press(hass, entry, "button.wake.press")
    await reach(entry, "ready")
    assert gpu_box.wakened
    assert gpu_state(hass, entry, "sensor.last_wake") != "unknown"
    await simulator.speed(1000, "ocr")
    await simulator.add_jobs("ocr", 5)
    await reach(entry, "working")
    await press(hass, entry, "switch.power.turn_off")
    assert gpu_state(hass, entry, "sensor.state") == "draining"
    assert gpu_box.actions == []
    await all_paused(entry)
    truth = (await simulator.truth()).queues["ocr"]
    assert truth.handler_failed == 0
    assert truth.finished < 5
    await hass.async_block_till_done()
    told = [it.data for it in events if it.data["type"].startswith("gpu_")]
    assert [it["type"] for it in told] == ["gpu_wake", "gpu_ready", "gpu_sleep"]
    assert {it["device_id"] for it in told} == {device_of(hass, entry).id}
    kinds = [str(it.type) for it in entry.runtime_data.history.history]
    assert kinds.count("gpu_sleep") == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_actions(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, gpu_box: Box
) -> None:
    """Wake and sleep take the device of a box, and answer how it stands."""
    entry = await loaded(
        hass,
        with_hosts(entry_for(simulator, valkey.url), host_data(simulator, gpu_box)),
    )
    target = {"device_id": [device_of(hass, entry).id]}
    answer = await hass.services.async_call(
        DOMAIN, "wake", target, blocking=True, return_response=True
    )
    assert answer == {"hosts": {"Box": {"state": "waking"}}}
    await reach(entry, "ready")
    await hass.services.async_call(DOMAIN, "sleep", target, blocking=True)
    await all_paused(entry)
    assert gpu_box.actions == ["box_off"]
    for wrong in ("no such device", entry.runtime_data.server_device_id):
        with pytest.raises(ServiceValidationError):
            await hass.services.async_call(
                DOMAIN, "wake", {"device_id": wrong}, blocking=True
            )
    await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_with_the_reason(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, gpu_box: Box
) -> None:
    """A box that can't be woken or switched off says why, and is still watched."""
    only_watched = host_data(simulator, gpu_box, mac=None, off_action=[])
    entry = await loaded(
        hass, with_hosts(entry_for(simulator, valkey.url), only_watched)
    )
    for what, key in (
        ("switch.automatic.turn_on", "gpu_no_wake_way"),
        ("switch.power.turn_on", "gpu_no_wake_way"),
        ("button.wake.press", "gpu_no_wake_way"),
    ):
        with pytest.raises(HomeAssistantError) as refused:
            await press(hass, entry, what)
        assert refused.value.translation_key == key
        assert (refused.value.translation_placeholders or {})["host"] == "Box"
        assert "Box" in str(refused.value)
    await simulator.machine_learning("on")
    await reach(entry, "ready")
    with pytest.raises(HomeAssistantError) as refused:
        await press(hass, entry, "switch.power.turn_off")
    assert refused.value.translation_key == "gpu_no_off_action"
    # The entity follows its controller a moment later.
    async with asyncio.timeout(5):
        while gpu_state(hass, entry, "sensor.state") != "ready":
            await asyncio.sleep(0.05)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_never_wakes_up(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    gpu_box: Box,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A box that doesn't wake up is told of, with what to check; later it may."""
    monkeypatch.setattr(settings, "SHORTEST_BOOT", timedelta(seconds=1))
    gpu_box.wakes = False
    events = async_capture_events(hass, "immich_admin_tools_event")
    entry = await loaded(
        hass,
        with_hosts(
            entry_for(simulator, valkey.url),
            host_data(
                simulator,
                gpu_box,
                boot_timeout=SECOND,
                wake_retries=1,
                retry_delay=SECOND,
            ),
        ),
    )
    await press(hass, entry, "switch.power.turn_on")
    await reach(entry, "wake_failed")
    await hass.async_block_till_done()
    assert gpu_state(hass, entry, "switch.power") == "off"
    issue_id = f"gpu_wake_failed_{host_of(entry).settings.host_id}"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["mac"] == "3c:52:82:1a:2b:3c"
    assert "gpu_wake_failed" in [it.data["type"] for it in events]
    assert len(gpu_box.packets) >= 2
    await simulator.machine_learning("on")
    issues = ir.async_get(hass)
    await reach(
        entry, "ready", also=lambda: not issues.async_get_issue(DOMAIN, issue_id)
    )
    await hass.config_entries.async_unload(entry.entry_id)


async def test_home_assistant_restarts_while_it_boots(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, gpu_box: Box
) -> None:
    """The pauses are still known, and no second row of signals begins."""
    gpu_box.wakes = False
    entry = await loaded(
        hass,
        with_hosts(
            entry_for(simulator, valkey.url),
            host_data(simulator, gpu_box, on_action=[{"action": "test.box_on"}]),
        ),
    )
    await press(hass, entry, "switch.power.turn_on")
    await reach(entry, "booting")
    assert gpu_box.actions == ["box_on"]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert host_of(entry).controller.power.state == "booting"
    assert len(host_of(entry).controller.leases.holding) == 3
    await asyncio.sleep(3)
    assert gpu_box.actions == ["box_on"]
    await simulator.machine_learning("on")
    await reach(entry, "ready", also=lambda: not entry.runtime_data.leases.book.pauses)
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    assert not [queue["name"] for queue in queues if queue["isPaused"]]
    await hass.config_entries.async_unload(entry.entry_id)


def _save_an_option(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    options = {**entry.options, "external_url": "https://photos.example.org"}
    hass.config_entries.async_update_entry(entry, options=options)


def _save_the_box(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    (sub,) = entry.subentries.values()
    hass.config_entries.async_update_subentry(
        entry, sub, data={**sub.data, "wake_backlog": 11}
    )


@pytest.mark.parametrize("save", [_save_an_option, _save_the_box])
async def test_the_off_action_survives_what_is_saved_meanwhile(
    hass: HomeAssistant,
    simulator: Simulator,
    gpu_box: Box,
    save: Callable[[HomeAssistant, MockConfigEntry], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs once and to its end; the box that was loaded anew knows that it goes off."""
    monkeypatch.setattr(manager, "ALERT", 0.2)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def first(_call: ServiceCall) -> None:
        gpu_box.actions.append("begun")
        begun.set()
        await go_on.wait()

    hass.services.async_register("test", "box_prepare", first)
    await simulator.machine_learning("on")
    actions = [{"action": "test.box_prepare"}, {"action": "test.box_off"}]
    entry = with_hosts(
        entry_for(simulator, None), host_data(simulator, gpu_box, off_action=actions)
    )
    await set_up(hass, entry)
    await reach(entry, "ready")
    before = entry.runtime_data
    await press(hass, entry, "switch.power.turn_off")
    async with asyncio.timeout(20):
        while not begun.is_set():
            await entry.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.1)

    save(hass, entry)
    async with asyncio.timeout(20):
        while getattr(entry, "runtime_data", before) is before:
            await asyncio.sleep(0.05)
    await reach(entry, "shutting_down")
    assert gpu_box.actions == ["begun"]
    # It still answers: what waits must not go on with it.
    await asyncio.sleep(1)
    await reach(entry, "shutting_down")
    assert len(host_of(entry).controller.leases.holding) == 3

    go_on.set()
    await all_paused(entry)
    assert gpu_box.actions == ["begun", "box_off"]
    issue_id = f"gpu_sleep_failed_{host_of(entry).settings.host_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_gate_that_says_neither_yes_nor_no_is_told(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box
) -> None:
    """The box is not woken for it, and its page says why; so with what keeps it on."""
    hass.states.async_set("sensor.tariff", "cheap")
    hass.states.async_set("sensor.game", "standby")
    entities = {"gate_entity": "sensor.tariff", "keep_on_entity": "sensor.game"}
    entry = await loaded(
        hass,
        with_hosts(
            entry_for(simulator, None),
            host_data(simulator, gpu_box, idle_time={"hours": 1}, **entities),
        ),
    )
    await press(hass, entry, "switch.automatic.turn_on")
    sensor = gpu_entity_id(hass, entry, "sensor.state")

    async def told(reason: str | None) -> None:
        async def is_told() -> bool:
            await entry.runtime_data.queues.async_refresh()
            state = hass.states.get(sensor)
            return state is not None and state.attributes["reason"] == reason

        await until(is_told, timeout=10, what=f"the reason is {reason}", interval=0.1)

    await told(None)
    await simulator.add_jobs("ocr", 20)
    await told("gate_unclear")
    hass.states.async_set("sensor.tariff", "unknown")
    await told("gate_unknown")
    hass.states.async_set("sensor.tariff", "off")
    await told(None)
    assert gpu_box.packets == []
    hass.states.async_set("sensor.tariff", "on")
    await reach(entry, "working")
    await told("keep_on_unclear")
    hass.states.async_set("sensor.game", "on")
    await told("kept_on")
    texts = await async_get_translations(hass, "en", "entity", {DOMAIN})
    place = f"component.{DOMAIN}.entity.sensor.gpu_state.state_attributes.reason.state"
    for reason in ("gate_unclear", "keep_on_unclear"):
        assert "neither on nor off" in texts[f"{place}.{reason}"]
    await hass.config_entries.async_unload(entry.entry_id)
