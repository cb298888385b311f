"""Events are read once each, and what was lost can be told exactly."""

from collections.abc import Iterator

from hypothesis import given, settings, strategies as st
import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.events import (
    CHUNK,
    Entry,
    StreamReading,
    order_of,
)
from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.models import JobEvent, QueueReading
from custom_components.immich_admin_tools.bullmq.pipeline import Pipeline, Replies
from custom_components.immich_admin_tools.bullmq.reader import (
    MAX_EXTRA_TRIPS,
    QueueReader,
)

from .recovery.made_queue import PREFIX, QUEUE

KEYS = QueueKeys(PREFIX, QUEUE)


async def write(client: Redis, count: int, *, maxlen: int | None = None) -> None:
    """Write events as BullMQ does, which trims the stream as it goes."""
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(count):
            pipeline.xadd(
                KEYS.events,
                {"event": "completed", "jobId": str(number), "prev": "active"},
                maxlen=maxlen,
                approximate=False,
            )
        await pipeline.execute()


async def read(reader: QueueReader) -> QueueReading:
    """Return the next reading of the queue."""
    return (await reader.read([QUEUE])).queues[QUEUE]


async def test_first_poll_takes_the_position_only(client: Redis) -> None:
    """What happened before nobody watched is not told."""
    await write(client, 5)
    reader = QueueReader(client)
    assert (await read(reader)).events == ()
    await write(client, 2)
    assert len((await read(reader)).events) == 2
    assert (await read(reader)).events == ()


async def test_fields_of_an_event(client: Redis) -> None:
    """Id, kind, job, previous state and name; others are not looked at."""
    reader = QueueReader(client)
    await read(reader)
    await client.xadd(
        KEYS.events, {"event": "added", "jobId": "7", "name": "Ocr"}, id="1234-5"
    )
    await client.xadd(KEYS.events, {b"\xff": b"\xff"}, id="1234-6")
    first, second = (await read(reader)).events
    assert first == JobEvent("1234-5", "added", "7", None, "Ocr")
    assert first.time == 1234
    assert second == JobEvent("1234-6", "", None, None, None)


async def test_stream_that_begins_later_is_read_from_its_start(client: Redis) -> None:
    """A new queue's first events count."""
    reader = QueueReader(client)
    assert (await read(reader)).stream is None
    await write(client, 3)
    assert len((await read(reader)).events) == 3


async def test_backlog_is_read_in_one_poll(client: Redis) -> None:
    """A burn of ten thousand entries is nothing special."""
    reader = QueueReader(client)
    await read(reader)
    await write(client, 10_000)
    result = await reader.read([QUEUE])
    queue = result.queues[QUEUE]
    assert len(queue.events) == 10_000
    assert len({event.entry_id for event in queue.events}) == 10_000
    assert queue.events_complete
    assert result.round_trips <= 2 + MAX_EXTRA_TRIPS


async def test_poll_ends_although_more_is_left(client: Redis) -> None:
    """The rest comes with the next poll, and the reading says so."""
    reader = QueueReader(client)
    await read(reader)
    total = (MAX_EXTRA_TRIPS + 4) * CHUNK
    await write(client, total)
    result = await reader.read([QUEUE])
    first = result.queues[QUEUE]
    assert result.round_trips == 2 + MAX_EXTRA_TRIPS
    assert not first.events_complete
    assert len(first.events) == result.round_trips * CHUNK
    second = await read(reader)
    assert second.events_complete
    assert len(first.events) + len(second.events) == total


async def test_lost_entries_can_be_counted(client: Redis) -> None:
    """A bulk add flushes the stream between two polls."""
    reader = QueueReader(client)
    await write(client, 10)
    before = (await read(reader)).stream
    await write(client, 500, maxlen=100)
    after = await read(reader)
    assert before is not None
    assert after.stream is not None
    assert len(after.events) == 100
    added = after.stream.entries_added - before.entries_added
    assert added - len(after.events) == 400


async def test_deleted_entries_do_not_hold_the_reader_up(client: Redis) -> None:
    """The end of a stream may not exist any more."""
    reader = QueueReader(client)
    await write(client, 1)
    await read(reader)
    await write(client, 3)
    last = (await client.xinfo_stream(KEYS.events))["last-generated-id"]
    await client.xdel(KEYS.events, last)
    reading = await read(reader)
    assert len(reading.events) == 2
    assert reading.events_complete
    assert reader.positions[QUEUE] == last.decode()


async def test_flushed_stream_is_read_on(client: Redis) -> None:
    """Entries of the new stream have later ids."""
    reader = QueueReader(client)
    await write(client, 5)
    await read(reader)
    await client.flushall()
    assert (await read(reader)).stream is None
    await write(client, 3)
    assert len((await read(reader)).events) == 3


async def test_stream_of_a_clock_that_is_behind(client: Redis) -> None:
    """A server without a battery comes back in the past: go on from there."""
    reader = QueueReader(client)
    await write(client, 5)
    await read(reader)
    await client.flushall()
    await client.xadd(KEYS.events, {"event": "added"}, id="5-0")
    assert (await read(reader)).events == ()
    assert reader.positions[QUEUE] == "5-0"
    await client.xadd(KEYS.events, {"event": "added"}, id="6-0")
    assert [event.entry_id for event in (await read(reader)).events] == ["6-0"]


async def test_positions_survive_a_restart_of_ours(client: Redis) -> None:
    """Events that happened while Home Assistant was down are read."""
    reader = QueueReader(client)
    await write(client, 5)
    await read(reader)
    kept = dict(reader.positions)
    await write(client, 4)
    restarted = QueueReader(client)
    restarted.restore_positions(kept)
    assert len((await read(restarted)).events) == 4


async def test_failed_poll_loses_no_event(client: Redis) -> None:
    """Positions are kept only of a poll that came to its end."""
    reader = QueueReader(client)
    await read(reader)
    await write(client, 3)
    before = dict(reader.positions)
    trips = 0
    real_run = Pipeline.run

    async def broken_run(trip: Pipeline, through: Redis) -> Replies:
        nonlocal trips
        trips += 1
        if trips == 2:
            raise TimeoutError
        return await real_run(trip, through)

    await client.lpush(KEYS.wait, "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipeline, "run", broken_run)
        with pytest.raises(Exception, match="in time"):
            await read(reader)
    assert dict(reader.positions) == before
    assert len((await read(reader)).events) == 3


async def test_wrong_type_of_one_stream_does_not_stop_the_others(client: Redis) -> None:
    """XREAD over all of them fails for one: it is left out."""
    queues = [QUEUE, "ocr"]
    reader = QueueReader(client)
    await write(client, 1)
    await client.xadd("immich_bull:ocr:events", {"event": "added"})
    await reader.read(queues)
    await write(client, 2)
    await client.set("immich_bull:ocr:events", "x")
    for _ in range(2):
        reading = await reader.read(queues)
        assert reading.queues["ocr"].wrong_types == ("events",)
        assert reading.queues["ocr"].events == ()
        assert len(reading.queues[QUEUE].events) == 2
        assert reading.round_trips <= 2
        await write(client, 2)
    await client.delete("immich_bull:ocr:events")
    await client.xadd("immich_bull:ocr:events", {"event": "added"})
    reading = await reader.read(queues)
    assert len(reading.queues["ocr"].events) == 1


def _chunks(ids: list[int], start: int) -> Iterator[list[Entry]]:
    """Yield what XREAD COUNT would give, read after read."""
    while True:
        chunk = [number for number in ids if number > start][:CHUNK]
        yield [(f"{number}-0".encode(), {b"event": b"added"}) for number in chunk]
        start = chunk[-1] if chunk else start


@settings(deadline=None)
@given(
    first=st.integers(1, 3_000),
    size=st.integers(0, 4_000),
    deleted=st.sets(st.integers(1, 7_000)),
    position=st.integers(0, 7_000),
    end=st.integers(0, 7_000),
)
def test_each_entry_up_to_the_end_is_read_once(
    first: int, size: int, deleted: set[int], position: int, end: int
) -> None:
    """Whatever of the stream was trimmed or deleted, and whatever came after."""
    kept = [number for number in range(first, first + size) if number not in deleted]
    stream = StreamReading(KEYS, f"{position}-0", f"{end}-0")
    for entries in _chunks(kept, position):
        if stream.complete:
            break
        stream.add(entries)
    expected = [number for number in kept if position < number <= end]
    assert [event.time for event in stream.events] == expected
    assert stream.position == f"{end}-0"


def test_order_of_entries() -> None:
    """Ids are numbers, not text; a sequence may be left out."""
    assert order_of("9-10") > order_of("9-9") > order_of("9")
    assert order_of("10-0") > order_of("9-0")
