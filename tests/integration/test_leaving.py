"""Disabled, deleted, or a box removed while it is off: nothing that waits is skipped."""

from collections.abc import AsyncIterator
from typing import Any, cast

from homeassistant.components import persistent_notification
from homeassistant.components.repairs.const import DOMAIN as REPAIRS_DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import repairs
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.repairs.pauses import BoxPauseFlow
from tests.support.processes import until
from tests.support.simulator import Simulator

from .conftest import entry_for, poll, set_up
from .gpu import Box, all_paused, box, host_data, reach, with_hosts
from .test_gpu_host import ML_QUEUES, paused

WAITING = 50


@pytest.fixture
async def off_box(hass: HomeAssistant, simulator: Simulator) -> AsyncIterator[Box]:
    """Return a box that is off."""
    async with box(hass, simulator) as own:
        await simulator.machine_learning("off")
        yield own


@pytest.fixture
async def boxed(
    hass: HomeAssistant, simulator: Simulator, off_box: Box
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry whose box is off, with photos that wait for it in one queue."""
    assert await async_setup_component(hass, REPAIRS_DOMAIN, {})
    entry = with_hosts(entry_for(simulator, None), host_data(simulator, off_box))
    await set_up(hass, entry)
    await all_paused(entry)
    await simulator.add_jobs("ocr", WAITING)
    await poll(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


def _issue(
    hass: HomeAssistant, entry: MockConfigEntry, key: str
) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def _skipped(simulator: Simulator) -> int:
    return (await simulator.truth()).queues["ocr"].handler_failed


async def _disable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    await hass.async_block_till_done()


async def _remove_box(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    (host_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, host_id)
    await hass.async_block_till_done()
    await hass.async_block_till_done(wait_background_tasks=True)


async def _choose(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, option: str
) -> None:
    """Open the dialog of an issue and take an option of its menu."""
    issue = _issue(hass, entry, key)
    assert issue is not None
    assert issue.is_fixable
    assert issue.data is not None
    flow = await repairs.async_create_fix_flow(hass, issue.issue_id, dict(issue.data))
    assert isinstance(flow, BoxPauseFlow)
    flow.hass = hass
    menu = cast("dict[str, Any]", await flow.async_step_init())
    assert option in menu["menu_options"]
    result = await getattr(flow, f"async_step_{option}")()
    assert result["type"] == "create_entry", result
    await hass.async_block_till_done()


async def test_disabled_while_the_box_is_off(
    hass: HomeAssistant, simulator: Simulator, boxed: MockConfigEntry
) -> None:
    """Only the queue with work stays paused, it is said, and goes on when enabled again."""
    await _disable(hass, boxed)
    assert await paused(simulator) == {"ocr"}
    assert await _skipped(simulator) == 0
    issue = _issue(hass, boxed, "paused_while_disabled")
    assert issue is not None
    assert issue.is_persistent
    assert issue.translation_placeholders is not None
    assert "OCR" in issue.translation_placeholders["queues"]
    await simulator.machine_learning("on")
    await hass.config_entries.async_set_disabled_by(boxed.entry_id, None)
    await hass.async_block_till_done()
    assert _issue(hass, boxed, "paused_while_disabled") is None
    await reach(boxed, "ready", also=lambda: not boxed.runtime_data.leases.book.pauses)
    assert await paused(simulator) == set()
    await simulator.until_truth("ocr", finished=WAITING)
    assert await _skipped(simulator) == 0


async def test_disabled_while_the_box_is_on(
    hass: HomeAssistant, simulator: Simulator, boxed: MockConfigEntry
) -> None:
    """What its machine learning answers for goes on, and nothing is said."""
    await simulator.machine_learning("on")
    await _disable(hass, boxed)
    assert await paused(simulator) == set()
    assert _issue(hass, boxed, "paused_while_disabled") is None


@pytest.mark.parametrize("immich", ["normal", "500"])
async def test_deleted_while_the_box_is_off(
    hass: HomeAssistant,
    simulator: Simulator,
    boxed: MockConfigEntry,
    hass_storage: dict[str, Any],
    immich: str,
) -> None:
    """A notification names the queues and what is left to do, also if nobody answers."""
    await simulator.api(immich)  # type: ignore[arg-type]  # two of them
    await hass.config_entries.async_remove(boxed.entry_id)
    await hass.async_block_till_done()
    await simulator.api("normal")
    assert await paused(simulator) == ({"ocr"} if immich == "normal" else {*ML_QUEUES})
    assert await _skipped(simulator) == 0
    notifications = persistent_notification._async_get_or_create_notifications(hass)
    (told,) = notifications.values()
    assert "OCR" in told["message"]
    assert "Administration" in told["message"]
    assert not [key for key in hass_storage if key.startswith(f"{DOMAIN}.")]


async def test_a_box_removed_while_it_is_off_then_resumed(
    hass: HomeAssistant, simulator: Simulator, boxed: MockConfigEntry
) -> None:
    """Its queue with work stays paused until the user says so."""
    await _remove_box(hass, boxed)
    await poll(hass, boxed)
    assert await paused(simulator) == {"ocr"}
    assert await _skipped(simulator) == 0
    await simulator.machine_learning("on")
    await _choose(hass, boxed, "box_removed_paused", "resume")
    assert await paused(simulator) == set()
    assert _issue(hass, boxed, "box_removed_paused") is None
    assert boxed.runtime_data.leases.book.blocked == frozenset()


async def test_a_box_removed_while_it_is_off_then_left_paused(
    hass: HomeAssistant, simulator: Simulator, boxed: MockConfigEntry
) -> None:
    """It is the user's pause from then on, also after a reload."""
    await _remove_box(hass, boxed)
    await _choose(hass, boxed, "box_removed_paused", "leave_paused")
    await hass.config_entries.async_reload(boxed.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert _issue(hass, boxed, "box_removed_paused") is None
    assert boxed.runtime_data.leases.owner("ocr") is None
    assert await paused(simulator) == {"ocr"}


@pytest.mark.parametrize("by", ["immich", "machine_learning"])
async def test_the_issue_of_a_removed_box_ends_with_its_pauses(
    hass: HomeAssistant, simulator: Simulator, boxed: MockConfigEntry, by: str
) -> None:
    """Resumed by anybody, or as Immich's machine learning answers again."""
    await _remove_box(hass, boxed)
    assert _issue(hass, boxed, "box_removed_paused") is not None
    if by == "immich":

        async def over() -> bool:
            # Once more where a look failed meanwhile, as its jobs were just ending.
            await simulator.request("PUT", "/api/queues/ocr", {"isPaused": False})
            await poll(hass, boxed)
            await poll(hass, boxed)
            return _issue(hass, boxed, "box_removed_paused") is None

        await until(over, timeout=30, what="the issue is over", interval=0.5)
    else:
        await simulator.machine_learning("on")
        boxed.runtime_data.box_pauses.async_look_soon()
        await hass.async_block_till_done(wait_background_tasks=True)
    assert await paused(simulator) == set()
    assert _issue(hass, boxed, "box_removed_paused") is None


@pytest.fixture
async def restored(
    hass: HomeAssistant,
    simulator: Simulator,
    off_box: Box,
    hass_storage: dict[str, Any],
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry after an older backup: its box's queue is paused, nothing stored."""
    assert await async_setup_component(hass, REPAIRS_DOMAIN, {})
    await simulator.request("PUT", "/api/queues/ocr", {"isPaused": True})
    entry = with_hosts(entry_for(simulator, None), host_data(simulator, off_box))
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def test_found_paused_and_resumed_with_the_box(
    hass: HomeAssistant, simulator: Simulator, restored: MockConfigEntry
) -> None:
    """It is asked, never silent for ever; then it is a pause of ours."""
    await poll(hass, restored)
    await _choose(hass, restored, "found_paused", "resume_with_box")
    assert _issue(hass, restored, "found_paused") is None
    await all_paused(restored)
    await simulator.machine_learning("on")

    async def going_on() -> bool:
        await poll(hass, restored)
        return not await paused(simulator)

    await until(going_on, timeout=60, what="all queues go on", interval=0.2)


async def test_found_paused_and_the_users(
    hass: HomeAssistant, simulator: Simulator, restored: MockConfigEntry
) -> None:
    """Answered once, it is not asked again, and stays paused."""
    await _choose(hass, restored, "found_paused", "mine")
    await hass.config_entries.async_reload(restored.entry_id)
    await poll(hass, restored)
    assert _issue(hass, restored, "found_paused") is None
    await simulator.machine_learning("on")
    await reach(restored, "ready")
    await poll(hass, restored)
    assert "ocr" in await paused(simulator)


async def test_found_paused_and_resumed_in_immich(
    hass: HomeAssistant, simulator: Simulator, restored: MockConfigEntry
) -> None:
    """Then there is nothing left to ask."""
    assert _issue(hass, restored, "found_paused") is not None
    await simulator.machine_learning("on")
    await reach(restored, "ready")
    await simulator.request("PUT", "/api/queues/ocr", {"isPaused": False})
    await poll(hass, restored)
    assert _issue(hass, restored, "found_paused") is None


async def test_a_pause_before_our_eyes_is_not_asked_about(
    hass: HomeAssistant, simulator: Simulator, off_box: Box
) -> None:
    """The user paused it while this integration watched: that is known after a restart."""
    await simulator.machine_learning("on")
    entry = with_hosts(entry_for(simulator, None), host_data(simulator, off_box))
    await set_up(hass, entry)
    await reach(entry, "ready")
    await simulator.request("PUT", "/api/queues/ocr", {"isPaused": True})
    await poll(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await poll(hass, entry)
    assert _issue(hass, entry, "found_paused") is None
    assert await paused(simulator) == {"ocr"}
    await hass.config_entries.async_unload(entry.entry_id)
