"""Jobs that are stuck, and who deals with them."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
)
from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_RESTART_ACTION,
)
from tests.integration.conftest import poll
from tests.integration.healing.helpers import (
    call,
    hang,
    listen,
    refused,
    set_option,
    types,
)
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


async def test_the_disk_of_redis_is_full(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Redis answers, but takes no changes: nothing is called cleared, and it is said why."""
    told = listen(hass)
    await hang(hass, entry, simulator, QUEUE, 3)
    async with valkey.client() as client:
        await client.config_set("min-replicas-to-write", 1)
        try:
            key = await refused(hass, "clear_stuck", queue=QUEUE)
            set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"})
            for _ in range(6):
                await poll(hass, entry)
                await asyncio.sleep(0.5)
        finally:
            await client.config_set("min-replicas-to-write", 0)
    assert key == "redis_takes_no_changes"
    assert types(told) == ["job_stuck"] * 3
    assert entry.runtime_data.queues.data.stuck_jobs == 3
    assert not entry.runtime_data.healing.under_way
    # When it takes changes again, the same jobs may be acted on.
    answer = await call(hass, "clear_stuck", queue=QUEUE)
    outcomes = [job["outcome"] for job in answer["queues"][QUEUE]["jobs"]]
    assert outcomes == ["slot_lost"] * 3
    await simulator.unhang()


async def test_clear_and_restart_while_immich_is_silent(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Only its maintenance mode could restart it: then nothing is cleared in vain."""
    told = listen(hass)
    set_option(hass, entry, **{CONF_RESTART_ACTION: {"ways": ["maintenance"]}})
    await hang(hass, entry, simulator, QUEUE)
    await simulator.api("down")
    key = await refused(hass, "clear_all_and_restart")
    await simulator.api("normal")
    await poll(hass, entry)
    assert key == "immich_cannot_connect"
    assert types(told) == ["job_stuck"]
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    await simulator.unhang()


async def test_failed_jobs_with_huge_reasons(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Two hundred of them fit in an answer, and all are put back."""
    await call(hass, "pause", queue="sidecar")
    base = f"{simulator.prefix}:sidecar:"
    async with valkey.client() as client, client.pipeline(transaction=False) as pipe:
        for number in range(1000, 1200):
            pipe.hset(
                f"{base}{number}",
                mapping={
                    "name": "Größe\u202e \x00[x](http://x)",
                    "data": '{"id": "\\ud800"}',
                    "opts": "{}",
                    "timestamp": number,
                    "failedReason": "ü" * 200_000,
                },
            )
            pipe.zadd(f"{base}failed", {str(number): number})
        await pipe.execute()
    answer = await call(hass, "get_jobs", queue="sidecar", state="failed", count=200)
    found = answer["queues"]["sidecar"]
    assert (len(found["jobs"]), found["total"]) == (200, 200)
    assert len(json_bytes(found)) < 2_000_000
    answer = await call(hass, "retry_failed", queue="sidecar")
    assert answer["queues"]["sidecar"]["count"] == 200
    await poll(hass, entry)
    view = entry.runtime_data.queues.data.queues["sidecar"]
    assert (view.waiting, view.failed) == (200, 0)


async def test_somebody_else_deals_with_stuck_jobs(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Another Home Assistant clears one and gives one up; Immich is restarted for the last.

    None of them went on by itself before BullMQ puts the last one back.
    """
    told = listen(hass)
    ids = await hang(hass, entry, simulator, QUEUE, 3)
    async with valkey.client() as client:
        elsewhere = QueueRecovery(client, simulator.prefix)
        reading = await QueueReader(client, simulator.prefix).read([QUEUE])
        fences = {
            job.job_id: ActiveFence.from_job(job) for job in reading.queues[QUEUE].jobs
        }
        await elsewhere.remove(QUEUE, fences[ids[0]])
        await elsewhere.fail(QUEUE, fences[ids[1]], "given up by another one")
    await poll(hass, entry)
    await hass.async_block_till_done()
    assert _of_jobs(told)[3:] == [
        ("job_cleared", ids[0], "not_by_us"),
        ("job_failed", ids[1], "not_by_us"),
    ]
    await simulator.kill_worker(restart=True)
    async with asyncio.timeout(150):
        while len(_of_jobs(told)) < 6:
            await asyncio.sleep(0.5)
            await poll(hass, entry)
    kind, job_id, reason = _of_jobs(told)[5]
    assert (kind, job_id) == ("job_recovered", ids[2])
    assert reason in ("put_back", "runs_again")


def _of_jobs(told: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    """Return what was told of jobs."""
    return [
        (event["type"], event["job_id"], event.get("reason"))
        for event in told
        if "job_id" in event
    ]
