"""Search the waiting jobs, also while they come and go."""

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.jobs import (
    CHUNK_SIZE,
    Job,
    QueueListing,
)

from .made_queue import ADDED_AT, PREFIX, QUEUE, MadeQueue

WANTED = "0192c1c4-0000-7000-8000-00000000000{}"
OTHER = '{"id":"0192c1c4-0000-7000-8000-ffffffffffff"}'


@pytest.fixture
def listing(client: Redis) -> QueueListing:
    """Return what is tested here."""
    return QueueListing(client, PREFIX)


def ids(jobs: tuple[Job, ...]) -> list[str]:
    """Return the ids of jobs."""
    return [job.job_id for job in jobs]


async def test_search_finds_everywhere(listing: QueueListing, queue: MadeQueue) -> None:
    """At both ends of every chunk, with a priority, in lists and nested data."""
    wanted = [WANTED.format(digit) for digit in range(5)]
    places = {
        0: f'{{"id":"{wanted[0]}"}}',
        CHUNK_SIZE - 1: f'{{"assetIds":["x","{wanted[1]}"]}}',
        CHUNK_SIZE: f'{{"event":{{"assetId":"{wanted[2]}"}}}}',
        2 * CHUNK_SIZE + 3: f'{{"id":"{wanted[3]}"}}',
    }
    async with queue.client.pipeline(transaction=False) as pipeline:
        for place in range(2 * CHUNK_SIZE + 4):
            data = places.get(place, OTHER)
            pipeline.hset(
                queue.keys.job(str(place)),
                mapping={"name": "SmartSearch", "data": data, "timestamp": ADDED_AT},
            )
            pipeline.lpush(queue.keys.wait, str(place))
        await pipeline.execute()
    await queue.add("first", priority=1, data=f'{{"id":"{wanted[4]}"}}')
    await queue.client.lpush(queue.keys.wait, "ghost")

    found = await listing.find_waiting(QUEUE, wanted)

    assert set(ids(found)) == {*map(str, places), "first"}
    assert len(found) == 5
    by_id = {job.job_id: job for job in found}
    assert by_id["0"].data == {"id": wanted[0]}
    assert by_id["0"].added_at == ADDED_AT
    assert by_id["0"].name == "SmartSearch"

    await queue.pause()
    assert set(ids(await listing.find_waiting(QUEUE, wanted))) == set(by_id)


async def test_search_is_exact(listing: QueueListing, queue: MadeQueue) -> None:
    """No part of a longer id, nothing in an empty queue, no more than asked for."""
    assert await listing.find_waiting(QUEUE, [WANTED.format(1)]) == ()
    for number in range(20):
        await queue.add(str(number), data=f'{{"id":"{WANTED.format(1)}"}}')

    assert await listing.find_waiting(QUEUE, [WANTED.format(1)[:-1]]) == ()
    many = [f"{WANTED.format(1)[:-2]}{number}" for number in range(20, 40)]
    assert await listing.find_waiting(QUEUE, many) == ()
    assert len(await listing.find_waiting(QUEUE, [*many, WANTED.format(1)])) == 20
    assert await listing.find_waiting(QUEUE, []) == ()
    assert len(await listing.find_waiting(QUEUE, [WANTED.format(1)], limit=7)) == 7


async def test_search_while_jobs_come_and_go(
    listing: QueueListing, queue: MadeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs that are added, taken or paused between two calls hide nobody."""
    wanted = WANTED.format(1)
    async with queue.client.pipeline(transaction=False) as pipeline:
        for place in range(3 * CHUNK_SIZE):
            data = f'{{"id":"{wanted}"}}' if place % 10 == 5 else OTHER
            pipeline.hset(queue.keys.job(str(place)), mapping={"data": data})
            pipeline.lpush(queue.keys.wait, str(place))
        await pipeline.execute()
    find_chunk = QueueListing._find_chunk
    calls = 0

    async def disturbed(
        self: QueueListing, name: str, part: str, offset: int, uuids: list[str]
    ) -> tuple[int, list[Job]]:
        nonlocal calls
        calls += 1
        reply = await find_chunk(self, name, part, offset, uuids)
        for number in range(30):
            await queue.client.lpush(await queue.waiting_key(), f"new{calls}-{number}")
            await queue.client.rpop(await queue.waiting_key())
        if calls == 2:
            await queue.pause()
        return reply

    monkeypatch.setattr(QueueListing, "_find_chunk", disturbed)

    found = await listing.find_waiting(QUEUE, [wanted])

    assert calls > 3
    still_there = {
        job_id for job_id in await queue.waiting() if not job_id.startswith("new")
    }
    expected = {job_id for job_id in still_there if int(job_id) % 10 == 5}
    assert expected <= set(ids(found))
    assert len(expected) > 10
