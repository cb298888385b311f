"""A GPU box and its owner: what they expect from each other on an ordinary day."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.immich_admin_tools.analysis import skipped
from custom_components.immich_admin_tools.clock import now_ms
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.pauses.leases import Phase
from tests.integration.conftest import entry_for, poll, set_up
from tests.integration.gpu import (
    Box,
    all_paused,
    box,
    device_of,
    gpu_entity_id,
    host_data,
    host_of,
    reach,
    with_hosts,
)
from tests.integration.test_gpu_host import paused
from tests.integration.test_gpu_shared import other
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

__all__ = ["other"]


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other tests it takes its time to skip a job."""
    monkeypatch.setattr(skipped, "LOWEST_LIMIT", 120)
    monkeypatch.setattr(skipped, "UNKNOWN_LIMIT", 120)


@pytest.fixture
async def own_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is on."""
    async with box(hass, simulator) as own:
        yield own


async def _switch(hass: HomeAssistant, entry: MockConfigEntry, what: str) -> None:
    await hass.services.async_call(
        "switch",
        what,
        {"entity_id": gpu_entity_id(hass, entry, "switch.power")},
        blocking=True,
    )


async def test_switched_on_again_while_the_off_action_still_runs(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box
) -> None:
    """Shut down, wait, cut the plug: who wants it on meanwhile gets it on, after that.

    The box must never be begun to work while the plug is about to be cut.
    """
    cut_at_work: list[bool] = []

    async def plug_off(_call: ServiceCall) -> None:
        cut_at_work.append(
            host_of(entry).controller.power.state in ("ready", "working")
        )
        await simulator.machine_learning("off")

    hass.services.async_register("test", "plug_off", plug_off)
    off_action = [
        {"action": "test.box_off"},
        {"delay": {"seconds": 25}},
        {"action": "test.plug_off"},
    ]
    entry = with_hosts(
        entry_for(simulator, valkey.url),
        host_data(simulator, own_box, off_action=off_action),
    )
    await set_up(hass, entry)
    await reach(entry, "ready")
    await _switch(hass, entry, "turn_off")
    await reach(entry, "off")
    await simulator.speed(300, "ocr")
    await simulator.add_jobs("ocr", 60)
    await _switch(hass, entry, "turn_on")
    async with asyncio.timeout(60):
        while not cut_at_work:
            await entry.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    truth = (await simulator.truth()).queues["ocr"]
    assert (cut_at_work, truth.handler_failed) == ([False], 0)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_switched_on_again_in_the_other_entry(
    hass: HomeAssistant, simulator: Simulator, other: Simulator, own_box: Box
) -> None:
    """The same with a box of two Immich instances: off in one, on again in the other."""
    own_box.more.append(other)
    cut: list[str] = []

    async def plug_off(_call: ServiceCall) -> None:
        cut.append(host_of(second).controller.power.state.value)
        await simulator.machine_learning("off")
        await other.machine_learning("off")

    async def plug_on(_call: ServiceCall) -> None:
        await simulator.machine_learning("on")
        await other.machine_learning("on")

    hass.services.async_register("test", "plug_off", plug_off)
    hass.services.async_register("test", "plug_on", plug_on)
    more = {
        "off_action": [
            {"action": "test.box_off"},
            {"delay": {"seconds": 30}},
            {"action": "test.plug_off"},
        ],
        "on_action": [{"action": "test.plug_on"}],
    }
    first = with_hosts(
        entry_for(simulator, None, "first"), host_data(simulator, own_box, **more)
    )
    second = with_hosts(
        entry_for(other, None, "second"), host_data(other, own_box, **more)
    )
    for entry in (first, second):
        await set_up(hass, entry)
        await reach(entry, "ready", 60)
    await _switch(hass, first, "turn_off")
    async with asyncio.timeout(60):
        while host_of(second).controller.power.state != "off":
            await first.runtime_data.queues.async_refresh()
            await second.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.2)
    await other.speed(300, "ocr")
    await other.add_jobs("ocr", 60)
    await _switch(hass, second, "turn_on")
    async with asyncio.timeout(90):
        while not cut:
            await first.runtime_data.queues.async_refresh()
            await second.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.1)
    assert cut == ["off"]
    await reach(second, "working", 60)
    truth = (await other.truth()).queues["ocr"]
    assert truth.handler_failed == 0
    for entry in (first, second):
        await hass.config_entries.async_unload(entry.entry_id)


async def test_users_pause_just_before_the_guards(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    own_box: Box,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever pauses a queue in Immich as the guard does keeps that pause."""
    await simulator.speed(150, "ocr")
    entry = with_hosts(entry_for(simulator, valkey.url), host_data(simulator, own_box))
    await set_up(hass, entry)
    await reach(entry, "ready")
    await simulator.add_jobs("ocr", 500)
    await simulator.until_truth("ocr", finished=20)
    leases = entry.runtime_data.leases
    take, doubts = leases.take, list[str]()

    async def taken(reason: Any, queues: Any, *args: Any, **more: Any) -> Any:
        if reason.holder.startswith("doubt") and not doubts:
            doubts.append(reason.holder)
            await simulator.request("PUT", "/api/queues/ocr", {"isPaused": True})
        return await take(reason, queues, *args, **more)

    monkeypatch.setattr(leases, "take", taken)
    await simulator.machine_learning("off")

    async def doubted() -> bool:
        return bool(doubts)

    await until(doubted, timeout=20, what="the guard pauses")
    await asyncio.sleep(2)
    await simulator.machine_learning("on")

    async def let_go() -> bool:
        await poll(hass, entry)
        return not leases.book.pauses

    await until(let_go, timeout=40, what="no queue is held by us")
    assert await paused(simulator) == {"ocr"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_killed_in_doubt(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    own_box: Box,
    hass_storage: dict[str, Any],
) -> None:
    """Killed while a queue was paused in doubt, back long after: nothing is skipped."""
    await simulator.machine_learning("off")
    await simulator.control("pause", queue="ocr")
    await simulator.add_jobs("ocr", 450)
    entry = with_hosts(entry_for(simulator, valkey.url), host_data(simulator, own_box))
    hass_storage[f"{DOMAIN}.{entry.entry_id}.safety"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{entry.entry_id}.safety",
        "data": {
            "leases": {
                "at": now_ms() - 600_000,
                "run": "",
                "book": {
                    "blocked": [],
                    "pauses": {
                        "ocr": {
                            "phase": "held",
                            "by_hand": False,
                            "leases": [
                                {
                                    "kind": "gpu_offline",
                                    "holder": "doubt ocr",
                                    "since": now_ms() - 600_000,
                                    "until": now_ms() - 540_000,
                                }
                            ],
                        }
                    },
                },
            }
        },
    }
    await set_up(hass, entry)
    await all_paused(entry)
    await asyncio.sleep(1)
    assert (await simulator.truth()).queues["ocr"].handler_failed == 0
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("method", ["reload", "delete"])
async def test_left_in_doubt(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box, method: str
) -> None:
    """Reloaded, or deleted, while nobody knows about the box: nothing more is skipped."""
    await simulator.speed(150, "ocr")
    entry = with_hosts(entry_for(simulator, valkey.url), host_data(simulator, own_box))
    await set_up(hass, entry)
    await reach(entry, "ready")
    await simulator.add_jobs("ocr", 600)
    await simulator.until_truth("ocr", finished=20)
    leases = entry.runtime_data.leases
    await simulator.machine_learning("off")

    async def doubted() -> bool:
        pause = leases.book.pauses.get("ocr")
        return pause is not None and pause.phase is Phase.HELD

    await until(doubted, timeout=20, what="the guard pauses", interval=0.001)
    if method == "reload":
        await hass.config_entries.async_reload(entry.entry_id)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    before = (await simulator.truth()).queues["ocr"].handler_failed
    await asyncio.sleep(3)
    after = (await simulator.truth()).queues["ocr"].handler_failed
    assert after - before < 10
    assert "ocr" in await paused(simulator)
    if method == "reload":
        await hass.config_entries.async_unload(entry.entry_id)


async def test_own_pause_over_a_box_that_was_off(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box
) -> None:
    """Paused by the switch while the box was off: it stays so, and nobody is asked why."""
    await simulator.machine_learning("off")
    entry = with_hosts(entry_for(simulator, valkey.url), host_data(simulator, own_box))
    await set_up(hass, entry)
    await all_paused(entry)
    await hass.services.async_call(DOMAIN, "pause", {"queue": "ocr"}, blocking=True)
    await simulator.machine_learning("on")
    await reach(entry, "ready", also=lambda: not entry.runtime_data.leases.book.pauses)
    await poll(hass, entry)
    assert await paused(simulator) == {"ocr"}
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, entry)
    await reach(entry, "ready")
    assert await paused(simulator) == {"ocr"}
    issues = [it for (d, it) in ir.async_get(hass).issues if d == DOMAIN]
    assert issues == []
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("boxes", [0, 1])
async def test_nothing_is_paused_where_nobody_asked_for_it(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    own_box: Box,
    boxes: int,
) -> None:
    """Without a box, or with one that is not paused for, skipped photos are only told.

    Pauses of nobody's wish would come and go, and undo those that the user makes as the
    photos are skipped.
    """
    host = host_data(simulator, own_box, pause_offline=False)
    entry = with_hosts(entry_for(simulator, valkey.url), *[host] * boxes)
    await set_up(hass, entry)
    told = async_capture_events(hass, f"{DOMAIN}_event")
    await simulator.machine_learning("off")
    await simulator.add_jobs("ocr", 300)
    ledger = entry.runtime_data.skipped_jobs

    async def counted() -> bool:
        await poll(hass, entry)
        return bool(ledger.of("ocr").jobs > 200)

    await until(counted, timeout=20, what="skipped photos are counted", interval=0.3)
    await asyncio.sleep(5)
    await poll(hass, entry)
    kinds = {it.data["type"] for it in told}
    assert not kinds & {"queue_paused", "queue_resumed"}
    assert await paused(simulator) == set()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_option_saved_while_the_machine_learning_is_restarted(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box
) -> None:
    """The restart goes on without the entry: no job is begun before it is over."""
    begun = asyncio.Event()

    async def restart(_call: ServiceCall) -> None:
        begun.set()
        await asyncio.sleep(8)
        await simulator.machine_learning("off")
        await asyncio.sleep(3)
        await simulator.machine_learning("on")

    hass.services.async_register("test", "restart_ml", restart)
    await simulator.speed(300, "ocr")
    entry = with_hosts(
        entry_for(simulator, valkey.url),
        host_data(simulator, own_box, restart_action=[{"action": "test.restart_ml"}]),
    )
    await set_up(hass, entry)
    await reach(entry, "ready")
    await simulator.add_jobs("ocr", 200)
    await reach(entry, "working")
    call = hass.async_create_task(
        hass.services.async_call(
            DOMAIN,
            "restart_machine_learning",
            {"device_id": device_of(hass, entry).id},
            blocking=True,
        )
    )
    async with asyncio.timeout(40):
        await begun.wait()
    await hass.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await call
    before = await simulator.until_truth("ocr", finished=1, timeout=60)
    await simulator.until_truth("ocr", finished=before.finished + 6, timeout=60)
    assert (await simulator.truth()).queues["ocr"].handler_failed == 0
    await hass.config_entries.async_unload(entry.entry_id)


async def _workers(simulator: Simulator) -> int:
    """Return how many photos smart search works on at once."""
    _, config = await simulator.request("GET", "/api/system-config")
    assert isinstance(config, dict)
    return int(config["job"]["smartSearch"]["concurrency"])


async def test_more_workers_for_as_long_as_somebody_looks_after_them(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box
) -> None:
    """Reloaded, disabled, enabled again and deleted in the middle of work."""
    before = await _workers(simulator)
    await simulator.speed(300, "smartSearch")
    entry = with_hosts(
        entry_for(simulator, valkey.url),
        host_data(simulator, own_box, concurrency={"smartSearch": before + 5}),
    )

    async def raised() -> bool:
        await poll(hass, entry)
        return await _workers(simulator) == before + 5

    await set_up(hass, entry)
    await until(raised, timeout=20, what="there are more", interval=0.3)
    await simulator.add_jobs("smartSearch", 500)
    await reach(entry, "working")
    await hass.config_entries.async_reload(entry.entry_id)
    assert await _workers(simulator) == before + 5
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    assert await _workers(simulator) == before
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await until(raised, timeout=20, what="there are more again", interval=0.3)
    await hass.config_entries.async_remove(entry.entry_id)
    assert await _workers(simulator) == before
    assert await paused(simulator) == set()
    assert (await simulator.truth()).queues["smartSearch"].handler_failed == 0


async def test_one_of_two_boxes_is_gone(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, own_box: Box
) -> None:
    """The other one does the work; only with both gone the queue rests."""
    second = host_data(
        simulator, own_box, mac="3c:52:82:1a:2b:99", ml_url="http://127.0.0.1:9"
    )
    entry = with_hosts(
        entry_for(simulator, valkey.url), host_data(simulator, own_box), second
    )
    await simulator.speed(150, "ocr")
    await set_up(hass, entry)
    await reach(entry, "ready")
    await simulator.add_jobs("ocr", 500)
    await asyncio.sleep(12)
    await poll(hass, entry)
    assert host_of(entry, 1).controller.power.state == "off"
    assert await paused(simulator) == set()
    await simulator.machine_learning("off")
    await all_paused(entry)
    assert (await simulator.truth()).queues["ocr"].handler_failed < 50
    await simulator.machine_learning("on")

    async def goes_on() -> bool:
        await poll(hass, entry)
        return not await paused(simulator)

    await until(goes_on, timeout=30, what="all queues go on", interval=0.3)
    await hass.config_entries.async_unload(entry.entry_id)
