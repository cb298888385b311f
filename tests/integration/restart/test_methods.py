"""The user's ways in the user's order, within the limits."""

import asyncio
import base64

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import redis.asyncio as aioredis

from custom_components.immich_admin_tools.immich.queues import MACHINE_LEARNING
from tests.integration.conftest import Servers, entity_id, poll, state_of
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import choose, issue, paused, restart


async def test_own_actions(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Any action of Home Assistant; it is told which Immich is meant."""
    calls: list[ServiceCall] = []

    async def restart_immich(call: ServiceCall) -> None:
        calls.append(call)
        assert await paused(simulator) == MACHINE_LEARNING
        await simulator.kill_worker(restart=True)

    hass.services.async_register("test", "restart", restart_immich)
    actions = [{"action": "test.restart", "data": {"which": "{{ instance }}"}}]
    choose(hass, entry, "actions", actions=actions)
    await hass.async_block_till_done()
    answer = await restart(hass)
    assert answer["way"] == "actions"
    assert answer["missing"] == []
    assert [call.data for call in calls] == [{"which": "Immich"}]
    assert await paused(simulator) == set()


async def test_ways_in_the_users_order(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """What does not work is said, and the next one is tried."""
    actions = [{"action": "test.gone"}]
    choose(hass, entry, "actions", "redis", actions=actions)
    answer = await restart(hass)
    assert answer["way"] == "redis"
    assert [failed["way"] for failed in answer["failed_ways"]] == ["actions"]
    assert "test.gone" in answer["failed_ways"][0]["reason"]


async def test_no_way_works(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """An error, an issue that says what to do, and all goes on as before."""
    choose(hass, entry, "actions", actions=[{"action": "test.gone"}])
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "restart_actions_failed"
    raised = issue(hass, entry, "restart_failed")
    assert raised and raised.translation_placeholders
    assert "test.gone" in raised.translation_placeholders["reasons"]
    assert await paused(simulator) == set()
    choose(hass, entry, "redis")
    await restart(hass, force=True)
    assert not issue(hass, entry, "restart_failed")


async def test_own_actions_that_no_longer_work(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is said as soon as it is known, not when they are needed."""

    choose(hass, entry, "actions", actions=[{"device_id": "gone", "domain": "light"}])
    await hass.async_block_till_done()
    assert issue(hass, entry, "restart_actions_invalid")
    await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, entry, "restart_actions_invalid")
    choose(hass, entry, "redis")
    await hass.async_block_till_done()
    assert not issue(hass, entry, "restart_actions_invalid")


async def test_without_a_choice_nothing_is_restarted(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Restarts are off until the user chose how."""
    before = (await simulator.truth()).restarts
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "restart_no_way"
    assert (await simulator.truth()).restarts == before


async def test_limits(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """They outlive a start of Home Assistant; `force` goes over them."""
    choose(hass, entry, "redis")
    await restart(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    before = (await simulator.truth()).restarts
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "restart_limit"
    assert told.value.translation_placeholders
    assert told.value.translation_placeholders["next"][:2] == "20"
    assert (await simulator.truth()).restarts == before
    answer = await restart(hass, force=True)
    assert answer["missing"] == []


async def test_button(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Unavailable until a way is chosen; pressed twice it restarts once."""
    registered = er.async_get(hass).async_get(
        entity_id(hass, entry, "button.restart_workers")
    )
    assert registered and registered.disabled_by is None
    assert state_of(hass, entry, "button.restart_workers") == STATE_UNAVAILABLE
    choose(hass, entry, "redis")
    await poll(hass, entry)
    assert state_of(hass, entry, "button.restart_workers") != STATE_UNAVAILABLE
    before = (await simulator.truth()).worker_pid
    press = {"entity_id": registered.entity_id}
    first = hass.async_create_task(
        hass.services.async_call("button", "press", press, blocking=True)
    )
    await asyncio.sleep(0.1)
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "restart_running"
    await first
    assert (await simulator.truth()).worker_pid not in (None, before)


@pytest.mark.parametrize("others_too", [False, True])
async def test_another_immich_on_the_same_redis(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    valkey: Valkey,
    others_too: bool,
) -> None:
    """It would be restarted as well: only if the user agreed."""
    name = f"other_bull:{base64.b64encode(b'faceDetection').decode()}:w:x"
    async with aioredis.Redis(port=valkey.port, client_name=name) as other:
        await other.ping()
        choose(hass, entry, "redis", others_too=others_too)
        if others_too:
            assert (await restart(hass))["way"] == "redis"
            return
        with pytest.raises(HomeAssistantError) as told:
            await restart(hass)
    assert told.value.translation_key == "restart_others_on_redis"
    assert told.value.translation_placeholders
    assert told.value.translation_placeholders["others"] == "prefix other_bull"


async def test_immich_does_not_answer(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """That may be why: the message over Redis needs no answer."""
    choose(hass, entry, "redis")
    before = (await simulator.truth()).worker_pid
    await simulator.api("500")
    answer = await restart(hass)
    await simulator.api("normal")
    assert answer["way"] == "redis"
    assert (await simulator.truth()).worker_pid not in (None, before)
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert await paused(simulator) == set()


async def test_a_refused_restart_costs_no_cool_down(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Immich does not answer, and the only way needs it: later it may be tried at once."""
    choose(hass, entry, "maintenance")
    await simulator.api("500")
    with pytest.raises(HomeAssistantError):
        await restart(hass)
    await simulator.api("normal")
    assert entry.runtime_data.restart.tries == []
    choose(hass, entry, "redis")
    assert (await restart(hass))["way"] == "redis"


async def test_an_option_saved_during_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """The actions run to their end, the workers are waited for after the reload."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def restart_immich(call: ServiceCall) -> None:
        begun.set()
        await go_on.wait()
        await simulator.kill_worker(restart=True)
        done.append("restarted")

    hass.services.async_register("test", "restart", restart_immich)
    choose(hass, entry, "actions", actions=[{"action": "test.restart"}])
    caller = hass.async_create_task(restart(hass))
    await begun.wait()
    reloading = hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    await asyncio.sleep(0.2)
    go_on.set()
    await reloading
    assert done == ["restarted"]
    with pytest.raises(HomeAssistantError) as told:
        await caller
    assert told.value.translation_key == "restart_interrupted"

    async def going_on() -> bool:
        return not await paused(simulator)

    await until(going_on, timeout=60, what="the queues go on", interval=0.2)
    assert len(entry.runtime_data.restart.tries) == 1


@pytest.mark.parametrize("way_out", ["restarted", "options", "deleted"])
async def test_what_failed_is_over_by_every_way_out(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, way_out: str
) -> None:
    """Not only by a restart of our own that works."""
    choose(hass, entry, "actions", actions=[{"action": "test.gone"}])
    with pytest.raises(HomeAssistantError):
        await restart(hass)
    await entry.runtime_data.restart.async_check_options()
    assert issue(hass, entry, "restart_failed")
    if way_out == "restarted":
        await simulator.kill_worker(restart=True)
        await entry.runtime_data.restart.async_check_options()
    elif way_out == "options":
        choose(hass, entry, "redis")
        await hass.async_block_till_done()
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    assert not issue(hass, entry, "restart_failed")


@pytest.fixture(params=["entry", "api_only_entry"])
def either_entry(servers: Servers, request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an entry with Redis, then one without; the servers come before the test."""
    entry: MockConfigEntry = request.getfixturevalue(request.param)
    return entry


async def test_what_failed_is_not_over_by_a_reload(
    hass: HomeAssistant, either_entry: MockConfigEntry
) -> None:
    """Nothing was put right by it; what puts it right later still ends it."""
    entry = either_entry
    choose(hass, entry, "actions", actions=[{"action": "test.gone"}])
    with pytest.raises(HomeAssistantError):
        await restart(hass)
    for _ in range(2):
        await hass.config_entries.async_reload(entry.entry_id)
        for _ in range(2):
            await poll(hass, entry)
            await entry.runtime_data.restart.async_check_options()
        assert issue(hass, entry, "restart_failed")
    choose(hass, entry, "maintenance")
    await hass.async_block_till_done()
    assert not issue(hass, entry, "restart_failed")
