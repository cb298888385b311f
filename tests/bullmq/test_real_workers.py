"""Readings beside real BullMQ workers of three versions add up at every moment."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.keys import Layout
from custom_components.immich_admin_tools.bullmq.models import QueueReading
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

QUEUE = "migration"
"""Five slots; its jobs call nobody and lead to no other jobs."""

SLOTS = 5


@pytest.fixture(params=["5.51", "5.80", "6"])
async def immich(
    request: pytest.FixtureRequest, valkey: Valkey
) -> AsyncIterator[Simulator]:
    """Return an Immich with one of the versions."""
    version: Literal["5.51", "5.80", "6"] = request.param
    async with Simulator(valkey.url, bullmq=version) as simulator:
        yield simulator


async def read(reader: QueueReader) -> QueueReading:
    """Return the next reading of the queue."""
    return (await reader.read([QUEUE])).queues[QUEUE]


def processed(queue: QueueReading) -> int:
    """Return how many jobs are gone, by the law: given out, and nowhere any more."""
    return (
        (queue.job_counter or 0)
        - queue.waiting
        - queue.active
        - queue.delayed
        - queue.failed
    )


async def test_law_and_events_agree_at_every_poll(
    immich: Simulator, client: Redis
) -> None:
    """While jobs are added, worked on and finished."""
    reader = QueueReader(client)
    before = processed(await read(reader))
    await immich.speed(5, QUEUE)
    await immich.add_jobs(QUEUE, 300)
    completed = polls_between = 0
    for number in range(400):
        if number in (20, 60):
            await immich.add_jobs(QUEUE, 100)
        queue = await read(reader)
        completed += sum(event.event == "completed" for event in queue.events)
        assert processed(queue) - before == completed
        assert queue.active <= SLOTS
        for job in queue.jobs:
            # One that finished between the two trips has neither hash nor lock.
            assert job.hash_missing == (job.lock_token is None)
        polls_between += 0 < completed < 500
        if completed == 500:
            break
        await asyncio.sleep(0.01)
    assert completed == (await immich.truth()).queues[QUEUE].finished == 500
    assert polls_between > 20


async def test_lost_events_are_counted_and_the_law_holds(
    immich: Simulator, client: Redis
) -> None:
    """A bulk add of many jobs flushes the stream between two polls."""
    reader = QueueReader(client)
    await immich.add_jobs(QUEUE, 1)
    await immich.until_truth(QUEUE, finished=1)
    first = await read(reader)
    await immich.speed(0, QUEUE)
    await immich.add_jobs(QUEUE, 200)
    await immich.until_truth(QUEUE, finished=201)
    await immich.request("PUT", f"/api/queues/{QUEUE}", {"isPaused": True})
    await immich.add_jobs(QUEUE, 12_000)
    second = await read(reader)
    assert first.stream is not None
    assert second.stream is not None
    grown = second.stream.entries_added - first.stream.entries_added
    assert second.events_complete
    assert grown - len(second.events) > 0
    finished = (await immich.truth()).queues[QUEUE].finished
    assert processed(second) == finished
    assert second.waiting == 12_201 - finished


async def test_paused_queue(immich: Simulator, client: Redis) -> None:
    """Immich's own pause, whatever the version does with the waiting jobs."""
    reader = QueueReader(client)
    await immich.request("PUT", f"/api/queues/{QUEUE}", {"isPaused": True})
    ids = await immich.add_jobs(QUEUE, 7)
    queue = await read(reader)
    is_version_6 = immich.bullmq == "6"
    assert queue.is_paused
    assert queue.layout is (Layout.V6 if is_version_6 else Layout.V5)
    assert queue.writable
    assert (queue.wait, queue.paused) == ((7, 0) if is_version_6 else (0, 7))
    assert queue.next_job_id == ids[0]
    assert queue.next_job_added_at is not None
    await immich.request("PUT", f"/api/queues/{QUEUE}", {"isPaused": False})
    await immich.until_truth(QUEUE, finished=7)
    queue = await read(reader)
    assert (queue.is_paused, queue.waiting, queue.next_job_id) == (False, 0, None)


async def test_what_a_living_worker_shows(immich: Simulator, client: Redis) -> None:
    """Heartbeat, and the lock and data of a job that hangs."""
    reader = QueueReader(client)
    await immich.hang(QUEUE)
    await immich.add_jobs(QUEUE, 1)

    async def is_active() -> bool:
        return (await read(reader)).active == 1

    await until(is_active, timeout=20, what="the job hangs")
    reading = await reader.read([QUEUE])
    queue = reading.queues[QUEUE]
    assert queue.heartbeat is not None
    assert queue.heartbeat.written_at is not None
    assert abs(reading.time - queue.heartbeat.written_at) < 60_000
    (job,) = queue.jobs
    assert job.name is not None
    assert job.processed_on is not None
    assert job.added_at is not None
    assert job.added_at <= job.processed_on <= reading.time + 1_000
    assert isinstance(job.data, dict)
    assert job.lock_ttl is not None
