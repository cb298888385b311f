"""Disabled, deleted, or a box removed while it is on, or on its way off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast
from unittest.mock import patch

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.gpu_host.models import PowerRequest
from custom_components.immich_admin_tools.pauses import manager
from custom_components.immich_admin_tools.pauses.hand_over import Answers
from custom_components.immich_admin_tools.pauses.keeper import PauseApi
from custom_components.immich_admin_tools.pauses.leases import LeaseBook
from tests.support.processes import until
from tests.support.simulator import Simulator

from .conftest import entry_for, poll, set_up
from .gpu import Box, box, host_data, host_of, reach, with_hosts
from .test_gpu_host import ML_QUEUES, paused

WAITING = 20
AT_ONCE = 5


@pytest.fixture
async def gpu_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is on."""
    async with box(hass, simulator) as own:
        yield own


@pytest.fixture
async def boxed(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry whose box is ready, and has more workers while it is."""
    entry = with_hosts(
        entry_for(simulator, None),
        host_data(simulator, gpu_box, concurrency={"ocr": AT_ONCE}),
    )
    await set_up(hass, entry)
    await reach(entry, "ready")
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def _draining(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, own: Box
) -> None:
    """Wait for the job that it works on, with more behind it."""
    await simulator.hang("ocr", 1)
    await simulator.add_jobs("ocr", 1)
    await simulator.until_truth("ocr", hung_now=1)
    await host_of(entry).controller.ask(PowerRequest.OFF)
    await reach(entry, "draining", also=lambda: _held(entry))
    await simulator.add_jobs("ocr", WAITING)
    await poll(hass, entry)


async def _shutting_down(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, own: Box
) -> None:
    """Have told it to go off, and it takes its time."""
    own.wakes = False
    await host_of(entry).controller.ask(PowerRequest.OFF)
    await reach(entry, "shutting_down", also=lambda: _held(entry))
    await simulator.add_jobs("ocr", WAITING)
    await poll(hass, entry)


type GoingOff = Callable[
    [HomeAssistant, Simulator, MockConfigEntry, Box], Awaitable[None]
]


def _held(entry: MockConfigEntry) -> bool:
    leases = host_of(entry).controller.leases
    return leases.all_held(entry.runtime_data.queues.data)


async def _leave(hass: HomeAssistant, entry: MockConfigEntry, way: str) -> None:
    if way == "disabled":
        by_user = ConfigEntryDisabler.USER
        await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    elif way == "deleted":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        (host_id,) = entry.subentries
        hass.config_entries.async_remove_subentry(entry, host_id)
        await hass.async_block_till_done()
        await hass.async_block_till_done(wait_background_tasks=True)
        await poll(hass, entry)
    await hass.async_block_till_done()


def _told(hass: HomeAssistant, entry: MockConfigEntry, way: str) -> str:
    """Return what the user is told of queues that stay paused."""
    if way == "deleted":
        found = persistent_notification._async_get_or_create_notifications(hass)
        return "".join(it["message"] for it in found.values())
    key = "paused_while_disabled" if way == "disabled" else "box_removed_paused"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")
    return "" if issue is None else str(issue.translation_placeholders)


async def _at_once(simulator: Simulator) -> int:
    """Return how many photos Immich reads the text of at once."""
    _, config = await simulator.request("GET", "/api/system-config")
    jobs = cast("dict[str, dict[str, dict[str, int]]]", config)["job"]
    return jobs["ocr"]["concurrency"]


@pytest.mark.parametrize("way", ["disabled", "deleted", "box_removed"])
@pytest.mark.parametrize("going_off", [_draining, _shutting_down])
async def test_no_queue_goes_on_with_a_box_that_goes_off(
    hass: HomeAssistant,
    simulator: Simulator,
    gpu_box: Box,
    boxed: MockConfigEntry,
    going_off: GoingOff,
    way: str,
) -> None:
    """It answers until it is gone: then what waits would be skipped."""
    await going_off(hass, simulator, boxed, gpu_box)
    assert await paused(simulator) == {*ML_QUEUES}
    client = boxed.runtime_data.client
    assert (await client.probe_machine_learning()).value == "answers"
    await _leave(hass, boxed, way)
    assert await paused(simulator) == {"ocr"}
    assert "OCR" in _told(hass, boxed, way)
    # What it had begun ends, and nothing else is begun.
    await simulator.unhang()

    async def at_rest() -> bool:
        return (await simulator.truth()).queues["ocr"].running == 0

    await until(at_rest, timeout=10, what="nothing runs any more", interval=0.1)
    await simulator.machine_learning("off")
    truth = (await simulator.truth()).queues["ocr"]
    assert (truth.added - truth.started, truth.handler_failed) == (WAITING, 0)


async def test_no_box_goes_off_while_its_entry_is_disabled(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box, boxed: MockConfigEntry
) -> None:
    """Its queues are about to go on, as it answers."""
    controller = host_of(boxed).controller

    async def meanwhile(
        book: LeaseBook, api: PauseApi, answers: Answers
    ) -> tuple[str, ...]:
        for _ in range(5):
            await controller.ask(PowerRequest.OFF)
            await controller.probe()
        return ()

    with patch.object(manager, "queues_to_keep", meanwhile):
        await _leave(hass, boxed, "disabled")
    assert controller.power.state == "ready"
    assert gpu_box.actions == []
    assert await paused(simulator) == set()


@pytest.mark.parametrize("way", ["disabled", "deleted"])
async def test_the_number_of_workers_goes_back_with_the_entry(
    hass: HomeAssistant,
    simulator: Simulator,
    boxed: MockConfigEntry,
    way: str,
) -> None:
    """Nobody would set it back when the box goes off."""

    async def raised() -> bool:
        return await _at_once(simulator) == AT_ONCE

    await until(raised, timeout=10, what="more at once")
    before = boxed.runtime_data.gpu_hosts.concurrency.overrides["ocr"].before
    await _leave(hass, boxed, way)
    assert before != AT_ONCE
    assert await _at_once(simulator) == before


async def test_a_box_that_hangs_does_not_keep_the_others_deciding(
    hass: HomeAssistant, simulator: Simulator, gpu_box: Box
) -> None:
    """All hosts end at once, whatever the step of one waits for."""
    other = {
        "name": "Other",
        "mac": "3c:52:82:1a:2b:3d",
        "ml_url": "http://127.0.0.1:1",
    }
    entry = with_hosts(
        entry_for(simulator, None),
        host_data(simulator, gpu_box, **other),
        host_data(simulator, gpu_box),
    )
    await set_up(hass, entry)
    hangs, well = (host_of(entry, number).controller for number in range(2))

    async def ready() -> bool:
        await poll(hass, entry)
        return str(well.power.state) == "ready"

    await until(ready, timeout=20, what="the box is ready", interval=0.1)
    async with hangs._lock:
        unload = hass.config_entries.async_unload(entry.entry_id)
        unloading = hass.async_create_task(unload)
        async with asyncio.timeout(5):
            while not hangs._closed:
                await asyncio.sleep(0.01)
        await well.ask(PowerRequest.OFF)
        assert not unloading.done()
    assert await unloading
    assert well.power.state == "ready"
    assert gpu_box.actions == []
