"""Auto-heal in Home Assistant, with a real worker that hangs."""

import asyncio
from typing import Any

from homeassistant.const import ATTR_ENTITY_ID, ATTR_OPTION
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_HEAL_LIMITS,
    CONF_RESTART_ACTION,
    CONF_THRESHOLDS,
)
from custom_components.immich_admin_tools.history.events import Event
from tests.integration.conftest import entity_id, entry_for, poll, set_up, state_of
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import call, hang, listen, refused, set_option, types


async def choose(hass: HomeAssistant, entry: MockConfigEntry, option: str) -> None:
    """Choose what is done, as the user does."""
    select = entity_id(hass, entry, "select.auto_heal")
    await hass.services.async_call(
        "select",
        "select_option",
        {ATTR_ENTITY_ID: select, ATTR_OPTION: option},
        blocking=True,
    )


async def until_told(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    told: list[dict[str, Any]],
    *wanted: str,
) -> None:
    """Poll until these things were told, in any order."""
    async with asyncio.timeout(90):
        while not set(wanted) <= set(types(told)):
            await asyncio.sleep(0.5)
            await poll(hass, entry)


async def test_what_is_chosen_is_kept_in_the_options(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It takes effect without a reload, and jobs are left alone by default."""
    assert state_of(hass, entry, "select.auto_heal") == "alert_only"
    await hang(hass, entry, simulator, "ocr")
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    runtime = entry.runtime_data
    await choose(hass, entry, "off")
    assert entry.options[CONF_AUTO_HEAL] == "off"
    assert state_of(hass, entry, "select.auto_heal") == "off"
    assert entry.runtime_data is runtime
    await simulator.unhang()


async def test_without_redis_there_is_less_to_choose_from(
    hass: HomeAssistant, api_only_entry: MockConfigEntry
) -> None:
    """A choice of before comes down to telling."""
    select = hass.states.get(entity_id(hass, api_only_entry, "select.auto_heal"))
    assert select is not None
    assert select.attributes["options"] == ["off", "alert_only"]
    set_option(hass, api_only_entry, **{CONF_AUTO_HEAL: "clear_and_restart"})
    await poll(hass, api_only_entry)
    assert state_of(hass, api_only_entry, "select.auto_heal") == "alert_only"


async def test_clear_and_log(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The list is freed, and the truth is told: the worker is not."""
    told = listen(hass)
    await hang(hass, entry, simulator, "ocr")
    await choose(hass, entry, "clear_and_log")
    await until_told(hass, entry, told, "job_cleared")
    cleared = told[types(told).index("job_cleared")]
    assert (cleared["by"], cleared["reason"]) == ("auto", "hung")
    assert cleared["outcome"] == "slot_lost"
    assert entry.runtime_data.queues.data.queues["ocr"].active == 0
    truth = await simulator.truth()
    assert truth.queues["ocr"].hung_now == 1
    assert truth.restarts["worker"] == 0
    await simulator.unhang()


async def test_the_hourly_limit(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """What is held back is not touched."""
    set_option(hass, entry, **{CONF_HEAL_LIMITS: {"actions_per_hour": 2}})
    await hang(hass, entry, simulator, "migration", 3)
    await choose(hass, entry, "clear_and_log")
    async with asyncio.timeout(60):
        while entry.runtime_data.queues.data.queues["migration"].active != 1:
            await poll(hass, entry)
            await asyncio.sleep(0.2)
    await asyncio.sleep(1)
    await poll(hass, entry)
    assert len(entry.runtime_data.healing.held_back) == 1
    assert entry.runtime_data.queues.data.queues["migration"].active == 1
    await simulator.unhang()


async def test_clear_and_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The hung photo is given up, the workers restart, and it is tried again: once."""
    told = listen(hass)
    set_option(hass, entry, **{CONF_RESTART_ACTION: {"ways": ["redis"]}})
    before = (await simulator.truth()).restarts["worker"]
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    await choose(hass, entry, "clear_and_restart")
    await until_told(
        hass, entry, told, "job_failed", "workers_restarted", "job_requeued"
    )
    truth = await simulator.until_truth("ocr", finished=1)
    assert (truth.started, truth.lost) == (2, 1)
    assert (await simulator.truth()).restarts["worker"] == before + 1
    await poll(hass, entry)
    assert entry.runtime_data.healing.lost_slots() == 0
    requeued = told[types(told).index("job_requeued")]
    assert (requeued["job_id"], requeued["reason"]) == (job_id, "retry")
    assert not (await paused(simulator))


async def paused(simulator: Simulator) -> list[str]:
    """Return the queues that are paused."""
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return [queue["name"] for queue in queues if queue["isPaused"]]


@pytest.mark.parametrize("mode", ["remove", "requeue"])
async def test_clear_all_and_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, mode: str
) -> None:
    """One call: cleared, restarted, and every worker free."""
    set_option(
        hass,
        entry,
        **{
            CONF_RESTART_ACTION: {"ways": ["redis"]},
            CONF_HEAL_LIMITS: {"restart_cool_down": 0, "restarts_per_day": 9},
        },
    )
    for queue in ("ocr", "smartSearch"):
        await hang(hass, entry, simulator, queue)
    answer = await call(hass, "clear_all_and_restart", mode=mode)
    assert set(answer["queues"]) == {"ocr", "smartSearch"}
    for queue in answer["queues"].values():
        (job,) = queue["jobs"]
        assert job["outcome"] == "confirmed"
        assert job["mode"] == ("remove" if mode == "remove" else "fail")
    assert answer["restart"]["way"] == "redis"
    assert not answer["restart"]["missing"]
    tries = 1 if mode == "remove" else 2

    async def all_started() -> bool:
        await poll(hass, entry)
        truth = await simulator.truth()
        return all(
            truth.queues[queue].started == tries for queue in ("ocr", "smartSearch")
        )

    await until(all_started, timeout=60, what="both ran as often", interval=0.5)
    await poll(hass, entry)
    assert entry.runtime_data.healing.lost_slots() == 0
    failed = [queue.failed for queue in entry.runtime_data.queues.data.queues.values()]
    assert not any(failed)


async def test_nothing_is_cleared_when_the_restart_would_be_refused(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """No way was chosen."""
    await hang(hass, entry, simulator, "ocr")
    assert await refused(hass, "clear_all_and_restart") == "restart_no_way"
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    await simulator.unhang()


async def test_two_home_assistants_act_once(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Both see it, both decide, and the fences let one of them do it."""
    other = entry_for(simulator, valkey.url, "another-user")
    # The same Redis twice is refused in the dialog; here it stands for another Home Assistant.
    await set_up(hass, other)
    set_option(hass, other, **{CONF_THRESHOLDS: {"ocr": 1}})
    await poll(hass, other)
    await hang(hass, entry, simulator, "ocr")
    async with asyncio.timeout(10):
        while other.runtime_data.queues.data.stuck_jobs != 1:
            await asyncio.sleep(0.2)
            await poll(hass, other)
    for each in (entry, other):
        set_option(hass, each, **{CONF_AUTO_HEAL: "clear_and_log"})
    await asyncio.gather(poll(hass, entry), poll(hass, other))

    def acts() -> list[Event]:
        """Return what both hold to have done."""
        histories = (each.runtime_data.history.history for each in (entry, other))
        return [event for it in histories for event in it if event.act_id is not None]

    async with asyncio.timeout(60):
        while not acts():
            await asyncio.sleep(0.5)
    await asyncio.gather(poll(hass, entry), poll(hass, other))
    assert len(acts()) == 1
    for each in (entry, other):
        assert not each.runtime_data.healing.under_way
    await simulator.unhang()
    await hass.config_entries.async_unload(other.entry_id)
