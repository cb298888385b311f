"""Jobs that are stuck, and who deals with them."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_RESTART_ACTION,
    CONF_THRESHOLDS,
)
from tests.integration.conftest import entry_for, poll, set_up
from tests.integration.healing.helpers import call, hang, listen, set_option, types
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

QUEUE = "migration"


async def test_old_jobs_are_cleared_while_immich_is_restarted(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """An automation clears what is older than ten seconds; Immich was just restarted.

    Its worker still counts as alive, its jobs have lost their locks: BullMQ resumes
    them, so they are not to be removed.
    """
    await simulator.speed(600_000, QUEUE)
    await simulator.add_jobs(QUEUE, 2)
    await simulator.until_truth(QUEUE, started=2)
    # Home Assistant looks every five minutes; no stuck job was ever seen.
    await poll(hass, entry)
    await poll(hass, entry)
    await simulator.kill_worker()

    async def unlocked() -> bool:
        await poll(hass, entry)
        jobs = entry.runtime_data.queues.data.queues[QUEUE].jobs
        return all(job.lock_token is None for job in jobs)

    await until(unlocked, timeout=45, what="the locks have run out", interval=0.5)
    assert entry.runtime_data.queues.data.queues[QUEUE].worker
    answer = await call(hass, "clear_stuck", queue=QUEUE, older_than=10)
    assert not answer["queues"][QUEUE]["jobs"]
    skipped = answer["queues"][QUEUE]["skipped"]
    assert [it["reason"] for it in skipped] == ["bullmq_heals"] * 2
    await simulator.speed(10, QUEUE)
    await simulator.start_worker()
    truth = await simulator.until_truth(QUEUE, finished=2, timeout=120)
    assert truth.finished == 2


async def test_auto_heal_is_switched_off_while_it_acts(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The user sees it act and wants no restart: then there is none."""
    told = listen(hass)
    set_option(hass, entry, **{CONF_RESTART_ACTION: {"ways": ["redis"]}})
    before = (await simulator.truth()).restarts["worker"]
    await hang(hass, entry, simulator, "ocr")
    set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_restart"})
    await poll(hass, entry)
    async with asyncio.timeout(20):
        while not entry.runtime_data.healing.under_way:
            await asyncio.sleep(0.05)
    set_option(hass, entry, **{CONF_AUTO_HEAL: "alert_only"})
    async with asyncio.timeout(60):
        while "worker_lost" not in types(told) and "job_failed" not in types(told):
            await asyncio.sleep(0.5)
            await poll(hass, entry)
    for _ in range(50):
        await asyncio.sleep(0.5)
        if entry.runtime_data.restart.running:
            break
    assert not entry.runtime_data.restart.running
    assert (await simulator.truth()).restarts["worker"] == before
    await simulator.unhang()
