"""One box that works for two Immich servers, each with an entry of its own."""

import asyncio
from collections.abc import AsyncIterator

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import DOMAIN
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

from .conftest import entry_for, set_up
from .gpu import Box, box, gpu_entity_id, host_data, host_of, reach, with_hosts

ML_QUEUES = {"smartSearch", "faceDetection", "ocr"}


@pytest.fixture
async def other(simulator: Simulator) -> AsyncIterator[Simulator]:
    """Return a second Immich, with a Redis of its own."""
    async with (
        start_valkey() as redis,
        Simulator(redis.url, time_scale=0.1) as second,
    ):
        yield second


@pytest.fixture
async def gpu_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is on."""
    async with box(hass, simulator) as own:
        yield own


async def both_loaded(
    hass: HomeAssistant, simulator: Simulator, other: Simulator, gpu_box: Box
) -> tuple[MockConfigEntry, MockConfigEntry]:
    """Set both entries up: the network port of their hosts is the same."""
    gpu_box.more.append(other)
    entries = (
        with_hosts(entry_for(simulator, None, "first"), host_data(simulator, gpu_box)),
        with_hosts(entry_for(other, None, "second"), host_data(other, gpu_box)),
    )
    for entry in entries:
        await set_up(hass, entry)
        await reach(entry, "ready", 60)
    return entries


async def paused(simulator: Simulator) -> set[str]:
    """Return the queues that Immich says are paused."""
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return {queue["name"] for queue in queues if queue["isPaused"]}


async def test_off_only_when_both_are_done(
    hass: HomeAssistant, simulator: Simulator, other: Simulator, gpu_box: Box
) -> None:
    """The idle one does not switch it off at the other's work; then both rest first."""
    first, second = await both_loaded(hass, simulator, other, gpu_box)
    await other.speed(300, "ocr")
    await other.add_jobs("ocr", 40)
    await reach(second, "working", 60)
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": gpu_entity_id(hass, first, "switch.automatic")},
        blocking=True,
    )
    await reach(first, "working", 60)
    while (await other.truth()).queues["ocr"].finished < 40:
        await first.runtime_data.queues.async_refresh()
        await second.runtime_data.queues.async_refresh()
        assert gpu_box.actions == [], "switched off at work"
        await asyncio.sleep(0.2)
    async with asyncio.timeout(90):
        while not gpu_box.actions:
            await first.runtime_data.queues.async_refresh()
            await second.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.2)
    assert gpu_box.actions == ["box_off"]
    assert await paused(simulator) == ML_QUEUES
    assert await paused(other) == ML_QUEUES
    truth = (await other.truth()).queues["ocr"]
    assert (truth.finished, truth.handler_failed) == (40, 0)
    for entry in (first, second):
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_that_is_not_loaded_is_not_idle(
    hass: HomeAssistant, simulator: Simulator, other: Simulator, gpu_box: Box
) -> None:
    """Nobody knows whether its Immich works: the box stays on, and the reason is told."""
    first, second = await both_loaded(hass, simulator, other, gpu_box)
    await hass.config_entries.async_unload(second.entry_id)
    await host_of(first).controller.set_automatic(True)
    for _ in range(40):
        await first.runtime_data.queues.async_refresh()
        await asyncio.sleep(0.2)
    assert gpu_box.actions == []
    assert host_of(first).controller.power.state == "ready"
    assert host_of(first).reason == "other_instance_unknown"
    await hass.config_entries.async_remove(second.entry_id)
    async with asyncio.timeout(60):
        while not gpu_box.actions:
            await first.runtime_data.queues.async_refresh()
            await asyncio.sleep(0.2)
    await hass.config_entries.async_unload(first.entry_id)


@pytest.mark.parametrize("way_out", ["remove", "disable"])
async def test_issues_go_with_their_entry(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box, way_out: str
) -> None:
    """Nobody is asked to look after a box whose entry is gone."""
    entry = with_hosts(entry_for(simulator, None), host_data(simulator, gpu_box))
    await set_up(hass, entry)
    host = host_of(entry)
    for key in ("gpu_wake_failed", "gpu_sleep_failed"):
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{key}_{host.settings.host_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=key,
        )
    if way_out == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(
            entry.entry_id, ConfigEntryDisabler.USER
        )
    await hass.async_block_till_done()
    left = [issue_id for _, issue_id in ir.async_get(hass).issues]
    assert not [issue_id for issue_id in left if issue_id.startswith("gpu_")]
