"""One poll after the other: round trips, what is kept, and what is seen at one moment."""

from time import time

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.valkey import Valkey

from .recovery.made_queue import PROCESSED_ON, QUEUE, MadeQueue
from .slow_line import start_slow_line

QUEUES = [f"queue{number}" for number in range(19)]


@pytest.fixture
async def queue(client: Redis) -> MadeQueue:
    """Return an empty queue."""
    made = MadeQueue(client, "bullmq:5.80.5")
    await made.create()
    return made


async def calls(client: Redis, command: str) -> int:
    """Return how often the server was asked to run a command."""
    stats = await client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


async def test_idle_poll_is_one_round_trip(client: Redis) -> None:
    """Whatever the number of queues."""
    for name in QUEUES:
        await MadeQueue(client, "bullmq:5.80.5", name).create()
    reader = QueueReader(client)
    await reader.read(QUEUES)
    reading = await reader.read(QUEUES)
    assert reading.round_trips == 1
    before = await calls(client, "exec")
    await reader.read(QUEUES)
    assert await calls(client, "exec") == before + 1


async def test_busy_poll_is_two_round_trips(client: Redis) -> None:
    """However many wait, run and happened since the last one."""
    reader = QueueReader(client)
    made = [MadeQueue(client, "bullmq:5.80.5", name) for name in QUEUES]
    for queue in made:
        await queue.create()
    await reader.read(QUEUES)
    for queue in made:
        await queue.start("1")
        await queue.start("2")
        await queue.add("3")
        await client.xadd(queue.keys.events, {"event": "active", "jobId": "1"})
    before = await calls(client, "exec")
    reading = await reader.read(QUEUES)
    assert reading.round_trips == 2
    assert await calls(client, "exec") == before + 2
    for seen in reading.queues.values():
        assert len(seen.jobs) == 2
        assert len(seen.events) == 1
        assert seen.next_job_id == "3"


async def test_reading_changes_nothing(queue: MadeQueue) -> None:
    """No key, no expiry, no position on the server."""
    await queue.start("1")
    await queue.add("2")
    before = await queue.dump()
    await queue.client.config_resetstat()
    reader = QueueReader(queue.client)
    await reader.read([QUEUE])
    await reader.read([QUEUE])
    stats = await queue.client.info("commandstats")
    assert await queue.dump() == before
    assert not {"cmdstat_keys", "cmdstat_scan", "cmdstat_type"} & stats.keys()


async def test_clocks_of_the_reading(queue: MadeQueue) -> None:
    """`time` is the server's clock in ms, `latency` in seconds."""
    start = time() * 1000
    reading = await QueueReader(queue.client).read([QUEUE])
    assert start - 1 <= reading.time <= time() * 1000
    assert 0 < reading.latency < 5


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols_say_the_same(
    valkey: Valkey, queue: MadeQueue, protocol: int
) -> None:
    """Ours speaks RESP2, but a client of somebody else may be given to the reader."""
    await queue.start("1")
    await queue.add("2", priority=1)
    async with Redis(port=valkey.port, protocol=protocol) as other:
        ours, theirs = QueueReader(queue.client), QueueReader(other)
        for _ in range(2):
            await queue.client.xadd(queue.keys.events, {"event": "added"})
            expected = await ours.read([QUEUE])
            reading = await theirs.read([QUEUE])
            assert reading.run_id == expected.run_id
            assert reading.server_version == expected.server_version
            mine, other_one = expected.queues[QUEUE], reading.queues[QUEUE]
            assert (mine.stream, mine.events) == (other_one.stream, other_one.events)
            assert mine.next_job_id == other_one.next_job_id == "2"
            assert mine.jobs[0].identity == other_one.jobs[0].identity


async def test_data_is_read_once_per_run(queue: MadeQueue) -> None:
    """It doesn't change while a job runs, and may be large."""
    reader = QueueReader(queue.client)
    await queue.start("1", data='{"id": "first"}')
    first = (await reader.read([QUEUE])).queues[QUEUE].jobs[0]
    # Only to be seen by a reader that asks again.
    await queue.client.hset(queue.keys.job("1"), "data", '{"id": "changed"}')
    second = (await reader.read([QUEUE])).queues[QUEUE].jobs[0]
    assert first.data == second.data == {"id": "first"}


async def test_same_id_of_another_run_is_read_anew(queue: MadeQueue) -> None:
    """Ids start again after a flush: the job is another one."""
    reader = QueueReader(queue.client)
    await queue.start("1", data='{"id": "first"}')
    await reader.read([QUEUE])
    await queue.client.flushall()
    await queue.start("1", data='{"id": "second"}', processedOn=PROCESSED_ON + 5)
    reading = await reader.read([QUEUE])
    (job,) = reading.queues[QUEUE].jobs
    assert (job.data, job.processed_on) == ({"id": "second"}, PROCESSED_ON + 5)


async def test_finished_job_between_the_trips_of_two_polls(queue: MadeQueue) -> None:
    """A known job that lost its hash is a ghost, with what was known of its data."""
    reader = QueueReader(queue.client)
    await queue.start("1", data='{"id": "first"}')
    await reader.read([QUEUE])
    await queue.client.delete(queue.keys.job("1"))
    reading = await reader.read([QUEUE])
    (job,) = reading.queues[QUEUE].jobs
    assert job.hash_missing
    assert job.data == {"id": "first"}
    assert reading.round_trips == 2


async def test_nothing_is_kept_of_jobs_that_are_gone(queue: MadeQueue) -> None:
    """Memory is bounded by what is active."""
    reader = QueueReader(queue.client)
    for number in range(30):
        await queue.start(str(number))
        await reader.read([QUEUE])
        await queue.client.delete(queue.keys.active)
    await reader.read([QUEUE])
    assert reader._known == {}


async def test_reading_shows_one_moment(queue: MadeQueue, valkey: Valkey) -> None:
    """A job that moves while the queues are read is counted exactly once."""
    total = 40
    for number in range(total):
        await queue.client.lpush(queue.keys.wait, str(number))
        await queue.client.incr(queue.keys.job_counter)

    async def work() -> None:
        """Start a job, finish another one, and add one."""
        async with queue.client.pipeline(transaction=True) as pipeline:
            pipeline.rpoplpush(queue.keys.wait, queue.keys.active)
            pipeline.xadd(queue.keys.events, {"event": "active"})
            pipeline.rpop(queue.keys.active)
            pipeline.xadd(queue.keys.events, {"event": "completed"})
            pipeline.lpush(queue.keys.wait, "1")
            pipeline.incr(queue.keys.job_counter)
            pipeline.xadd(queue.keys.events, {"event": "added"})
            await pipeline.execute()

    counted = None
    async with start_slow_line(valkey.port, work) as port:
        settings = RedisSettings(f"redis://127.0.0.1:{port}")
        async with create_client(settings, None) as slow:
            reader = QueueReader(slow)
            for _ in range(10):
                reading = (await reader.read([QUEUE])).queues[QUEUE]
                assert reading.job_counter is not None
                assert reading.stream is not None
                finished = reading.job_counter - total
                assert reading.waiting + reading.active == total
                assert reading.stream.entries_added == 3 * finished
                if counted is None:
                    counted = reading.stream.entries_added
                counted += len(reading.events)
                assert counted == reading.stream.entries_added
    assert finished > 100
