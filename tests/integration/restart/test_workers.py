"""Hung workers are freed, no photo is skipped, and what the user paused stays paused."""

import asyncio
import contextlib

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.immich_admin_tools.analysis.clocks import HEARTBEAT_LIFE
from custom_components.immich_admin_tools.bullmq.permissions import (
    HEAL_RULES,
    RESTART_RULES,
)
from custom_components.immich_admin_tools.clock import now_ms
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.history.manager import BUS_EVENT
from custom_components.immich_admin_tools.immich.queues import MACHINE_LEARNING
from custom_components.immich_admin_tools.restart import methods, worker_watch
from tests.integration.conftest import entry_for, poll, set_up
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import choose, hang_one_of_each, issue, paused, redis_user, restart


@pytest.mark.parametrize("method", ["redis", "maintenance"])
async def test_frees_hung_workers_and_skips_no_photo(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, method: str
) -> None:
    """Paused by lease, restarted, all workers back, going on: nothing is burnt."""
    await simulator.speed(1000)
    await hang_one_of_each(simulator)
    before = await simulator.truth()
    choose(hass, entry, method)
    answer = await restart(hass)
    assert answer["way"] == method
    assert set(answer["queues"]) == set(entry.runtime_data.server.data.queues)
    assert answer["missing"] == answer["failed_ways"] == answer["still_paused"] == []
    assert await paused(simulator) == set()
    assert entry.runtime_data.leases.book.pauses == {}
    after = await simulator.truth()
    assert after.worker_pid not in (None, before.worker_pid)
    await simulator.speed(5)
    for queue in MACHINE_LEARNING:
        assert after.queues[queue].hung_now == 0
        # Of the two that were active BullMQ itself takes care, half a minute later.
        truth = await simulator.until_truth(queue, finished=28)
        assert truth.handler_failed == 0


async def test_what_the_user_paused_stays_paused(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Also the metadata, which Immich itself resumes whenever it starts."""
    for queue in ("ocr", "metadataExtraction", "library"):
        await hass.services.async_call(DOMAIN, "pause", {"queue": queue}, blocking=True)
    choose(hass, entry, "redis")
    await restart(hass)
    assert await paused(simulator) == {"ocr", "metadataExtraction", "library"}
    await asyncio.sleep(1)
    await poll(hass, entry)
    assert await paused(simulator) == {"ocr", "metadataExtraction", "library"}


async def test_goes_on_when_nobody_waits_for_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """A script that is stopped must not leave a restart half done."""
    choose(hass, entry, "redis")
    caller = hass.async_create_task(restart(hass))
    await asyncio.sleep(0.2)
    caller.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await caller
    assert entry.runtime_data.restart.running

    async def done() -> bool:
        return not entry.runtime_data.restart.running

    await until(done, timeout=20, what="the restart is over")
    assert await paused(simulator) == set()


async def test_immich_gone_when_the_queues_are_to_go_on(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """The workers are back and the API is not: they go on as soon as it is."""

    async def restart_immich(call: ServiceCall) -> None:
        await simulator.api("500")
        await simulator.kill_worker(restart=True)

    hass.services.async_register("test", "restart", restart_immich)
    choose(hass, entry, "actions", actions=[{"action": "test.restart"}])
    answer = await restart(hass)
    assert set(answer["still_paused"]) == MACHINE_LEARNING
    await simulator.api("normal")
    # The look at the end of the restart may still be under way.
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert await paused(simulator) == set()


@pytest.mark.parametrize("method", ["maintenance", "actions"])
async def test_without_redis(
    hass: HomeAssistant,
    api_only_entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    """The API that comes back stands for the workers."""
    monkeypatch.setattr(worker_watch.ApiWatch, "UNSEEN", 3_000)
    monkeypatch.setattr(methods, "ACTIONS_TAKE", 0)

    async def restart_immich(call: ServiceCall) -> None:
        await simulator.api("down")
        hass.async_create_background_task(come_back(), "come back")

    async def come_back() -> None:
        await asyncio.sleep(1)
        await simulator.api("normal")

    hass.services.async_register("test", "restart", restart_immich)
    choose(hass, api_only_entry, method, actions=[{"action": "test.restart"}])
    answer = await restart(hass)
    assert answer["way"] == method
    assert answer["missing"] == []
    assert await paused(simulator) == set()
    truth = await simulator.truth()
    assert not truth.maintenance


async def test_minimal_rights(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The documented rules are enough: workers are then seen by their heartbeats."""
    login = await redis_user(valkey, "heals", HEAL_RULES)
    entry = entry_for(simulator, valkey.url, **login)
    await set_up(hass, entry)
    choose(hass, entry, "redis")
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "redis_missing_rights"
    assert told.value.translation_placeholders
    assert told.value.translation_placeholders["missing"] == "+publish"

    monkeypatch.undo()
    # The simulator ends at once, and starts in half a second.
    monkeypatch.setattr(methods, "MESSAGE_TAKES", 100)
    hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, **await redis_user(valkey, "restarts", RESTART_RULES)},
    )
    await hass.async_block_till_done()
    answer = await restart(hass, force=True)
    assert answer["missing"] == []
    assert max(queue["back_after"] for queue in answer["queues"].values()) < 100
    assert await paused(simulator) == set()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_own_actions_that_restart_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The heartbeat of the old workers is no success; the next way is tried."""
    monkeypatch.setattr(methods, "ACTIONS_TAKE", 0)

    async def nothing(call: ServiceCall) -> None:
        """Say that all is well; beat for a worker, which does so once in a minute."""
        async with valkey.client() as client:
            key = "immich_bull:library:stalled-check"
            await client.set(key, now_ms() + 100, px=HEARTBEAT_LIFE)

    told = async_capture_events(hass, BUS_EVENT)
    hass.services.async_register("test", "restart", nothing)
    choose(hass, entry, "actions", actions=[{"action": "test.restart"}])
    before = await simulator.truth()
    with pytest.raises(HomeAssistantError) as raised:
        await restart(hass)
    assert raised.value.translation_key == "restart_old_workers"
    failed = issue(hass, entry, "restart_failed")
    assert failed and failed.translation_placeholders
    assert "own actions" in failed.translation_placeholders["reasons"]
    assert (await simulator.truth()).worker_pid == before.worker_pid
    assert await paused(simulator) == set()
    kinds = {event.data["type"] for event in told}
    assert "restart_failed" in kinds
    assert "workers_restarted" not in kinds

    actions = [{"action": "test.restart"}]
    choose(hass, entry, "actions", "redis", actions=actions)
    answer = await restart(hass, force=True)
    assert (answer["way"], answer["confirmed"]) == ("redis", True)


async def test_own_actions_that_nobody_can_see(
    hass: HomeAssistant,
    api_only_entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without Redis an API that never went says nothing of the workers: nor do we."""
    monkeypatch.setattr(worker_watch.ApiWatch, "UNSEEN", 500)
    monkeypatch.setattr(methods, "ACTIONS_TAKE", 0)

    async def nothing(call: ServiceCall) -> None:
        """Say that all is well."""

    told = async_capture_events(hass, BUS_EVENT)
    hass.services.async_register("test", "restart", nothing)
    choose(hass, api_only_entry, "actions", actions=[{"action": "test.restart"}])
    answer = await restart(hass)
    assert answer["confirmed"] is False
    assert await paused(simulator) == set()
    kinds = {event.data["type"] for event in told}
    assert "restart_unconfirmed" in kinds
    assert not kinds & {"restart_failed", "workers_restarted"}


async def test_own_actions_after_which_nobody_comes_back(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """It is not said that the old workers go on: they are gone."""

    async def stop(call: ServiceCall) -> None:
        await simulator.kill_worker(restart=False)

    hass.services.async_register("test", "restart", stop)
    choose(hass, entry, "actions", actions=[{"action": "test.restart"}])
    with pytest.raises(HomeAssistantError) as raised:
        await restart(hass)
    assert raised.value.translation_key == "restart_no_worker"
    assert await paused(simulator) == set()
