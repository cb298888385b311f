"""Heal the recorded states of a real Immich, in which nothing is as we made it."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.jobs import JobState, QueueListing
from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)
from tests.support.valkey import restore

from .made_queue import PREFIX

FOLDER = Path(__file__).parents[2] / "fixtures" / "redis"
LONG = 600_000
"""ms: a restored lock has to outlive the test."""


async def load(client: Redis, name: str) -> list[str]:
    """Restore a recording and return its queues."""
    await restore(client, FOLDER / f"{name}.dump.jsonl", least_ttl=LONG)
    metas = [as_text(key) or "" for key in await client.keys(f"{PREFIX}:*:meta")]
    return [meta.split(":")[1] for meta in metas]


async def keys_of(client: Redis) -> set[str]:
    """Return the names of all keys."""
    return {as_text(key) or "" for key in await client.keys("*")}


@pytest.mark.parametrize(
    "name",
    [
        "03-active-ml-slow",
        "05-hung-in-ml-3s",
        "07-before-kill9",
        "08-after-kill9-server-down",
        "12-after-graceful-sigterm-active-left",
    ],
)
async def test_each_active_job_is_removed_without_a_trace(
    client: Redis, recovery: QueueRecovery, name: str
) -> None:
    """Gone are the hash and the place in the list, nothing else."""
    queues = await load(client, name)
    reading = await QueueReader(client, PREFIX).read(queues)
    found = [(queue, job) for queue in queues for job in reading.queues[queue].jobs]
    assert found
    before = await keys_of(client)

    for queue, job in found:
        result = await recovery.remove(queue, ActiveFence.from_job(job))
        assert result is Result.DONE

    hashes = {QueueKeys(PREFIX, queue).job(job.job_id) for queue, job in found}
    lists = {QueueKeys(PREFIX, queue).active for queue, _ in found}
    gone = before - await keys_of(client)
    # BullMQ's set of suspects vanishes with its last member.
    assert gone - {QueueKeys(PREFIX, queue).stalled for queue in queues} == (
        hashes | lists
    )


async def test_job_that_stalled_twice_is_retried(
    client: Redis, recovery: QueueRecovery
) -> None:
    """It waits with its data and without the traces of its runs."""
    queues = await load(client, "10-one-failed-job-stalled-twice")
    failed = {queue: await recovery.failed_ids(queue) for queue in queues}
    [(queue, [job_id])] = [item for item in failed.items() if item[1]]
    listing = QueueListing(client, PREFIX)
    [job] = (await listing.list_jobs(queue, JobState.FAILED)).jobs
    assert job.stalled_count == 2
    assert job.failed_reason == "job stalled more than allowable limit"

    assert (await recovery.retry_failed(queue, [job_id])).done == 1

    waiting = (await listing.list_jobs(queue, JobState.WAITING)).jobs
    [retried] = [other for other in waiting if other.job_id == job_id]
    assert retried.data == job.data
    assert retried.stalled_count == 0
    assert retried.failed_reason is None


async def test_waiting_jobs_of_a_paused_queue(
    client: Redis, recovery: QueueRecovery
) -> None:
    """Each is found by its asset and removed."""
    queues = await load(client, "02-50-waiting-in-paused-queue")
    listing = QueueListing(client, PREFIX)
    removed = 0
    for queue in queues:
        page = await listing.list_jobs(queue, JobState.WAITING)
        for job in page.jobs:
            assert job.data is not None
            found = await listing.find_waiting(queue, [str(job.data["id"])])
            assert job in found
            result = await recovery.remove_waiting(queue, job.job_id, job.added_at)
            assert result is Result.DONE
            removed += 1
        assert (await listing.list_jobs(queue, JobState.WAITING)).total == 0
    assert removed == 50
