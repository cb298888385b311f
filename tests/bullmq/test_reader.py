"""What the reader makes of one queue, however odd."""

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.access import check_queues
from custom_components.immich_admin_tools.bullmq.errors import NoQueuesError
from custom_components.immich_admin_tools.bullmq.keys import Layout
from custom_components.immich_admin_tools.bullmq.models import ActiveJob, QueueReading
from custom_components.immich_admin_tools.bullmq.reader import MAX_JOBS, QueueReader

from .recovery.made_queue import ADDED_AT, PREFIX, PROCESSED_ON, QUEUE, TOKEN, MadeQueue


@pytest.fixture
async def queue(client: Redis) -> MadeQueue:
    """Return an empty queue of BullMQ 5."""
    made = MadeQueue(client, "bullmq:5.80.5")
    await made.create()
    return made


async def read(client: Redis) -> QueueReading:
    """Return one reading of the queue by a new reader."""
    return (await QueueReader(client).read([QUEUE])).queues[QUEUE]


async def read_job(client: Redis) -> ActiveJob:
    """Return the only active job."""
    (job,) = (await read(client)).jobs
    return job


@pytest.mark.parametrize(
    ("version", "layout"),
    [
        ("bullmq:5.51.0", Layout.V5),
        ("bullmq:6.7.0", Layout.V6),
        ("bullmq:7.0.0", Layout.UNKNOWN),
        ("bullmq-pro:7.1.0", Layout.UNKNOWN),
        ("", Layout.UNKNOWN),
    ],
)
async def test_layout_follows_the_version_that_the_queue_left(
    client: Redis, version: str, layout: Layout
) -> None:
    """An unknown version is told as it stands, and nothing may be written."""
    await MadeQueue(client, version).create()
    reading = await read(client)
    assert (reading.version, reading.layout) == (version, layout)
    assert reading.writable == (layout is not Layout.UNKNOWN)


async def test_version_is_missing(client: Redis) -> None:
    """A worker alone writes none: the queue is shown, but not written to."""
    await client.lpush("immich_bull:faceDetection:wait", "1")
    reading = await read(client)
    assert (reading.version, reading.layout) == (None, Layout.UNKNOWN)
    assert reading.waiting == 1
    assert not reading.writable


@pytest.mark.parametrize("version", ["bullmq:5.80.5", "bullmq:6.7.0"])
async def test_paused_queue_counts_all_who_wait(client: Redis, version: str) -> None:
    """Wherever a version keeps them, and those with a priority as well."""
    queue = MadeQueue(client, version)
    await queue.create()
    await queue.add("1")
    await queue.pause()
    await queue.add("2")
    await queue.add("3", priority=5)
    reading = await read(client)
    assert reading.is_paused
    assert reading.waiting == 3
    assert reading.prioritized == 1
    assert (reading.next_job_id, reading.next_job_added_at) == ("1", ADDED_AT)


async def test_prioritized_job_is_next_when_no_other_waits(queue: MadeQueue) -> None:
    """The lowest number goes first."""
    await queue.add("1", priority=9, timestamp=ADDED_AT + 1)
    await queue.add("2", priority=5, timestamp=ADDED_AT + 2)
    reading = await read(queue.client)
    assert (reading.next_job_id, reading.next_job_added_at) == ("2", ADDED_AT + 2)


async def test_active_job_is_read_with_its_lock(queue: MadeQueue) -> None:
    """All that the classification needs."""
    await queue.start("7", stc=1)
    job = await read_job(queue.client)
    assert job.identity == ("7", PROCESSED_ON)
    assert (job.name, job.added_at) == ("AssetDetectFaces", ADDED_AT)
    assert job.stalled_count == 1
    assert job.lock_token == TOKEN
    assert job.lock_ttl is not None
    assert 25_000 < job.lock_ttl <= 30_000
    assert not job.hash_missing


async def test_ghost_is_told_by_its_missing_hash(queue: MadeQueue) -> None:
    """An id without a hash is still an active job."""
    await queue.client.lpush(queue.keys.active, "7")
    job = await read_job(queue.client)
    assert job.hash_missing
    assert (job.name, job.processed_on, job.lock_token, job.lock_ttl) == (None,) * 4
    assert (job.data, job.data_problem) == (None, None)


async def test_oldest_active_jobs_are_read_when_there_are_too_many(
    queue: MadeQueue,
) -> None:
    """The count is right all the same."""
    ids = [str(number) for number in range(MAX_JOBS + 20)]
    await queue.client.lpush(queue.keys.active, *ids)
    reading = await read(queue.client)
    assert reading.active == MAX_JOBS + 20
    assert [job.job_id for job in reading.jobs] == ids[:MAX_JOBS][::-1]


async def test_binary_in_a_hash_does_no_harm(queue: MadeQueue) -> None:
    """Text is made of it; numbers that are none are missing."""
    await queue.start("7", token=None, name="x")
    await queue.client.hset(
        queue.keys.job("7"),
        mapping={
            b"name": b"\xff\xfe",
            b"timestamp": b"soon",
            b"processedOn": b"1" * 5_000,
            b"stc": b"\x00",
        },
    )
    await queue.client.set(queue.keys.lock("7"), b"\xff", px=30_000)
    job = await read_job(queue.client)
    assert job.name == "��"
    assert (job.added_at, job.processed_on, job.stalled_count) == (None, None, 0)
    assert job.lock_token == "�"


async def test_binary_id_is_read_under_its_own_key(queue: MadeQueue) -> None:
    """The text of an id is for showing; its key is built from the bytes."""
    await queue.client.lpush(queue.keys.active, b"\xff7")
    await queue.client.hset(
        queue.keys.base.encode() + b"\xff7", mapping={"name": "Odd"}
    )
    job = await read_job(queue.client)
    assert (job.job_id, job.name, job.hash_missing) == ("�7", "Odd", False)


@pytest.mark.parametrize(
    ("part", "command"),
    [
        (part, command)
        for part in ("wait", "paused", "active", "prioritized", "delayed", "failed")
        for command in ("SET", "HSET")
    ]
    + [
        ("meta", "SET"),
        ("events", "SET"),
        ("id", "HSET"),
        ("stalled-check", "HSET"),
    ],
)
async def test_key_of_an_unexpected_type_is_named(
    queue: MadeQueue, part: str, command: str
) -> None:
    """The rest is read as ever, and nothing may be written to the queue."""
    for number in range(3):
        await queue.add(str(number))
    await queue.start("7")
    await queue.client.delete(queue.keys.key(part))
    values = {"SET": ("x",), "HSET": ("field", "x")}[command]
    await queue.client.execute_command(command, queue.keys.key(part), *values)  # type: ignore[no-untyped-call]  # redis-py's
    reading = await read(queue.client)
    assert reading.wrong_types == (part,)
    assert not reading.writable
    assert reading.wait == (0 if part == "wait" else 3)
    assert reading.active == (0 if part == "active" else 1)
    assert reading.layout is (Layout.UNKNOWN if part == "meta" else Layout.V5)


@pytest.mark.parametrize("part", ["7", "7:lock"])
async def test_job_of_an_unexpected_type_is_named(queue: MadeQueue, part: str) -> None:
    """It is neither a ghost nor an orphan."""
    await queue.start("7")
    await queue.client.delete(queue.keys.key(part))
    await queue.client.lpush(queue.keys.key(part), "x")
    reading = await read(queue.client)
    assert reading.wrong_types == (part,)
    assert [job.job_id for job in reading.jobs] == ["7"]
    assert not reading.jobs[0].hash_missing


async def test_counter_that_is_no_number(queue: MadeQueue) -> None:
    """There is a key, but nothing to count with."""
    await queue.client.set(queue.keys.job_counter, "many")
    await queue.client.set(queue.keys.heartbeat, "now")
    reading = await read(queue.client)
    assert reading.job_counter is None
    assert reading.heartbeat is not None
    assert (reading.heartbeat.written_at, reading.heartbeat.ttl) == (None, 0)


async def test_other_queues_are_read_beside_a_broken_one(client: Redis) -> None:
    """A wrong type is a matter of its own queue."""
    good = MadeQueue(client, "bullmq:5.80.5", "ocr")
    await good.create()
    await good.start("1")
    await client.set("immich_bull:faceDetection:active", "x")
    reading = await QueueReader(client).read([QUEUE, "ocr"])
    assert reading.queues[QUEUE].wrong_types == ("active",)
    assert reading.queues["ocr"].wrong_types == ()
    assert reading.queues["ocr"].jobs[0].job_id == "1"


async def test_a_million_waiting_cost_nothing(queue: MadeQueue) -> None:
    """Nothing in a poll depends on how many wait."""
    script = "for i = 1, 1000 do redis.call('RPUSH', KEYS[1], unpack(ARGV)) end"
    ids = [str(number) for number in range(1_000)]
    await queue.client.eval(script, 1, queue.keys.wait, *ids)
    await queue.make_hash(ids[-1])
    await queue.client.config_resetstat()
    reading = await read(queue.client)
    assert reading.waiting == 1_000_000
    assert (reading.next_job_id, reading.next_job_added_at) == (ids[-1], ADDED_AT)
    stats = await queue.client.info("commandstats")
    slowest = max(
        command["usec_per_call"]
        for name, command in stats.items()
        if name not in ("cmdstat_exec", "cmdstat_info")
    )
    assert slowest < 1_000


async def test_queue_that_is_not_there(client: Redis) -> None:
    """Nothing under the prefix is an error of the set-up, not of the reader."""
    reading = await QueueReader(client).read([QUEUE])
    queue = reading.queues[QUEUE]
    assert (queue.waiting, queue.active, queue.version) == (0, 0, None)
    assert (queue.heartbeat, queue.stream, queue.job_counter) == (None, None, None)
    with pytest.raises(NoQueuesError, match=PREFIX):
        check_queues(reading, PREFIX)


@pytest.mark.parametrize("part", ["id", "wait", "failed", "stalled-check", "events"])
async def test_any_key_of_a_queue_makes_it_a_queue(client: Redis, part: str) -> None:
    """Also a key of an odd type: somebody uses the prefix."""
    await client.set(f"immich_bull:ocr:{part}", "1")
    check_queues(await QueueReader(client).read([QUEUE, "ocr"]), PREFIX)


async def test_prefix_separates_two_immichs(client: Redis) -> None:
    """Each reader sees its own."""
    await client.lpush("other:faceDetection:wait", "1", "2")
    await client.lpush("immich_bull:faceDetection:wait", "1")
    other = await QueueReader(client, "other").read([QUEUE])
    assert other.queues[QUEUE].wait == 2
    assert (await read(client)).wait == 1


async def test_no_queues_at_all(client: Redis) -> None:
    """Immich's API may be asked later: there is nothing to read yet."""
    reading = await QueueReader(client).read([])
    assert reading.queues == {}
    assert reading.server_version.startswith("Valkey ")
    assert len(reading.run_id) == 40
