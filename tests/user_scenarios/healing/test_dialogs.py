"""Dialogs of repairs that stay open while things happen."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.conftest import poll
from tests.integration.healing.helpers import hang
from tests.integration.healing.test_repairs import Dialog
from tests.support.simulator import Simulator

QUEUE = "migration"


async def test_the_job_ends_while_the_dialog_is_open(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The user clicks Clear a minute later: nothing was cleared, and that is said."""
    await hang(hass, entry, simulator, QUEUE)
    dialog = Dialog(hass, f"stuck_jobs_{entry.entry_id}")
    await dialog.open()
    await simulator.unhang()
    await simulator.until_truth(QUEUE, finished=1)
    await poll(hass, entry)
    step = await dialog.choose("clear")
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "nothing_stuck")


async def test_the_entry_is_reloaded_while_it_is_verified(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """An option was saved meanwhile: the job is cleared, and nothing else is said."""
    await hang(hass, entry, simulator, QUEUE)
    dialog = Dialog(hass, f"stuck_jobs_{entry.entry_id}")
    step = await dialog.open()

    async def reload() -> None:
        while not entry.runtime_data.healing.under_way:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        await hass.config_entries.async_reload(entry.entry_id)

    reloading = asyncio.create_task(reload())
    step = await dialog.choose("clear")
    await reloading
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.queues[QUEUE].active == 0
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "interrupted")
    await simulator.unhang()
