"""Maintenance mode: in and out, also when Home Assistant ends in between."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.errors import WrongSchemeError
from custom_components.immich_admin_tools.immich.models import MaintenanceCookie
from custom_components.immich_admin_tools.immich.queues import MACHINE_LEARNING
from custom_components.immich_admin_tools.immich.requests import HttpFactory
from custom_components.immich_admin_tools.restart import manager
from tests.integration.conftest import entry_for, set_up
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import (
    choose,
    hang_one_of_each,
    into_maintenance,
    issue,
    key_without_maintenance,
    paused,
    restart,
)


async def test_home_assistant_ends_while_immich_is_in_maintenance(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """After its next start it gets Immich out, and lets the queues go on."""
    await simulator.speed(1000)
    await hang_one_of_each(simulator)
    await into_maintenance(hass, entry, simulator)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert not (await simulator.truth()).maintenance

    async def going_on() -> bool:
        return not await paused(simulator)

    # Immich itself pauses the metadata while it starts.
    assert await paused(simulator) >= MACHINE_LEARNING
    await until(going_on, timeout=60, what="the queues go on", interval=0.2)
    for queue in MACHINE_LEARNING:
        truth = (await simulator.truth()).queues[queue]
        assert truth.handler_failed == 0
        assert truth.hung_now == 0


async def test_the_way_out_is_lost(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """An issue says what gets Immich out, and goes when it is out."""
    await into_maintenance(hass, entry, simulator)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}.safety"]["data"]
    del stored["maintenance"]["cookie"]

    await hass.config_entries.async_setup(entry.entry_id)
    assert issue(hass, entry, "maintenance_locked")
    await simulator.control("maintenance", on=False)
    await simulator.until_maintenance(on=False)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert not issue(hass, entry, "maintenance_locked")
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}.safety"]["data"]
    assert stored["maintenance"] == {}


async def test_maintenance_of_the_administrator(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """A restart leaves it alone."""
    await simulator.control("maintenance", on=True)
    await simulator.until_maintenance(on=True)
    choose(hass, entry, "maintenance")
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "immich_maintenance"
    assert (await simulator.truth()).maintenance
    await simulator.control("maintenance", on=False)
    await simulator.until_maintenance(on=False)


async def test_a_key_without_the_permission(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """It is named; nothing is begun."""
    key = await key_without_maintenance(simulator)
    entry = entry_for(simulator, valkey.url, api_key=key)
    await set_up(hass, entry)
    choose(hass, entry, "maintenance")
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "immich_missing_permission"
    assert told.value.translation_placeholders
    assert told.value.translation_placeholders["missing"] == "maintenance"
    assert await paused(simulator) == set()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_entry_is_deleted_while_immich_is_in_maintenance(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else could get Immich out."""
    entry = entry_for(simulator, None)
    await set_up(hass, entry)
    await into_maintenance(hass, entry, simulator)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not (await simulator.truth()).maintenance
    assert "was deleted while Immich" not in caplog.text
    await simulator.until_maintenance(on=False)


async def test_disabled_during_a_restart_by_maintenance(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """The restart comes to its end first: nobody would get Immich out later."""
    choose(hass, entry, "maintenance")
    caller = hass.async_create_task(restart(hass))
    await simulator.until_maintenance(on=True)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert not (await simulator.truth()).maintenance
    assert (await caller)["way"] == "maintenance"

    async def going_on() -> bool:
        return not await paused(simulator)

    await until(going_on, timeout=30, what="the queues go on", interval=0.2)


@pytest.mark.parametrize("end", ["reload", "unload"])
async def test_reloaded_just_as_maintenance_begins(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    """Immich has begun, its reply is on the way: the way out is waited for and stored."""
    monkeypatch.setattr(manager, "ACT_WITHIN", 0)
    asked = asyncio.Event()
    start = ImmichClient.start_maintenance

    async def slow(self: ImmichClient, http_factory: HttpFactory) -> MaintenanceCookie:
        cookie = await start(self, http_factory)
        asked.set()
        await asyncio.sleep(1)
        return cookie

    monkeypatch.setattr(ImmichClient, "start_maintenance", slow)
    choose(hass, entry, "maintenance")
    caller = hass.async_create_task(restart(hass))
    await asked.wait()
    if end == "reload":
        await hass.config_entries.async_reload(entry.entry_id)
    else:
        await hass.config_entries.async_unload(entry.entry_id)
        stored = hass_storage[f"{DOMAIN}.{entry.entry_id}.safety"]["data"]
        assert stored["maintenance"]["cookie"]
        await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(HomeAssistantError) as told:
        await caller
    assert told.value.translation_key == "restart_interrupted"

    async def out() -> bool:
        if entry.state is not ConfigEntryState.LOADED:
            await hass.config_entries.async_reload(entry.entry_id)
            return False
        await entry.runtime_data.maintenance.async_end()
        return not (await simulator.truth()).maintenance and not await paused(simulator)

    await until(out, timeout=60, what="Immich is out of maintenance", interval=0.5)
    assert not issue(hass, entry, "maintenance_locked")


async def test_a_reply_that_is_lost(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Immich is in maintenance mode, and only the user gets it out: that is said."""
    start = ImmichClient.start_maintenance

    async def lost(self: ImmichClient, http_factory: HttpFactory) -> MaintenanceCookie:
        await start(self, http_factory)
        raise WrongSchemeError("The server wants http://")

    monkeypatch.setattr(ImmichClient, "start_maintenance", lost)
    choose(hass, entry, "maintenance")
    with pytest.raises(HomeAssistantError) as told:
        await restart(hass)
    assert told.value.translation_key == "maintenance_locked"
    assert issue(hass, entry, "maintenance_locked")
    await simulator.control("maintenance", on=False)
    await simulator.until_maintenance(on=False)
    await entry.runtime_data.maintenance.async_end()
    assert not issue(hass, entry, "maintenance_locked")


async def test_a_restart_of_our_own_logs_no_error(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That Immich is away meanwhile is what was asked for."""
    choose(hass, entry, "maintenance")
    caller = hass.async_create_task(restart(hass))
    await simulator.until_maintenance(on=True)
    await entry.runtime_data.server.async_refresh()
    assert not entry.runtime_data.server.last_update_success
    await caller
    assert [it.getMessage() for it in caplog.records if it.levelname == "ERROR"] == []
