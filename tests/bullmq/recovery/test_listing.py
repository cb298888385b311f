"""Look at jobs page by page, and watch their locks."""

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.errors import UnknownLayoutError
from custom_components.immich_admin_tools.bullmq.jobs import (
    PAGE_SIZE,
    Job,
    JobState,
    QueueListing,
)
from custom_components.immich_admin_tools.bullmq.models import DataProblem

from .made_queue import ADDED_AT, PREFIX, PROCESSED_ON, QUEUE, TOKEN, MadeQueue


@pytest.fixture
def listing(client: Redis) -> QueueListing:
    """Return what is tested here."""
    return QueueListing(client, PREFIX)


def ids(jobs: tuple[Job, ...]) -> list[str]:
    """Return the ids of jobs."""
    return [job.job_id for job in jobs]


async def all_pages(
    listing: QueueListing, state: JobState, count: int
) -> tuple[list[str], set[int]]:
    """Return the ids of all pages, and the totals that they told."""
    found: list[str] = []
    totals: set[int] = set()
    offset: int | None = 0
    while offset is not None:
        page = await listing.list_jobs(QUEUE, state, offset, count)
        found += ids(page.jobs)
        totals.add(page.total)
        offset = page.next_offset
    return found, totals


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
async def test_pages_of_the_line(
    listing: QueueListing, queue: MadeQueue, count: int
) -> None:
    """The next to run first, each once, also while paused."""
    wanted = [str(number) for number in range(1, 8)]
    for job_id in wanted:
        await queue.add(job_id)

    assert await all_pages(listing, JobState.WAITING, count) == (wanted, {7})
    await queue.pause()
    assert await all_pages(listing, JobState.WAITING, count) == (wanted, {7})


@pytest.mark.parametrize("count", [1, 2, 3, 100])
async def test_pages_over_both_lists(
    listing: QueueListing, queue: MadeQueue, count: int
) -> None:
    """After an upgrade jobs can stand in both: those in `wait` run first."""
    await queue.client.lpush(queue.keys.wait, "1", "2", "3")
    await queue.client.lpush(queue.keys.paused, "4", "5")

    found, totals = await all_pages(listing, JobState.WAITING, count)

    assert found == ["1", "2", "3", "4", "5"]
    assert totals == {5}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (JobState.PRIORITIZED, ["low", "middle", "high"]),
        (JobState.DELAYED, ["low", "middle", "high"]),
        (JobState.FAILED, ["high", "middle", "low"]),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_pages_of_sorted_sets(
    listing: QueueListing,
    queue: MadeQueue,
    state: JobState,
    expected: list[str],
    count: int,
) -> None:
    """The next to run first, of the failed ones the newest."""
    scores = {"low": 4096, "middle": 8192, "high": 4096 * ADDED_AT + 7}
    await queue.client.zadd(queue.keys.key(state.value), scores)

    assert await all_pages(listing, state, count) == (expected, {3})


async def test_active_oldest_first(listing: QueueListing, queue: MadeQueue) -> None:
    """BullMQ adds at the head of the list."""
    for job_id in ("1", "2", "3"):
        await queue.start(job_id)

    page = await listing.list_jobs(QUEUE, JobState.ACTIVE)

    assert ids(page.jobs) == ["1", "2", "3"]
    assert page.next_offset is None


async def test_details(listing: QueueListing, queue: MadeQueue) -> None:
    """All that is known of a job."""
    await queue.fail("7", priority=3)

    page = await listing.list_jobs(QUEUE, JobState.FAILED)

    assert page.jobs == (
        Job(
            job_id="7",
            name="AssetDetectFaces",
            data={"id": "0192c1c4-7d6a-7f3e-8a5b-3c2d1e0f9a8b"},
            data_problem=None,
            added_at=ADDED_AT,
            processed_on=PROCESSED_ON,
            finished_on=PROCESSED_ON + 1,
            failed_reason="job stalled more than allowable limit",
            priority=3,
            stalled_count=2,
            due_at=None,
        ),
    )
    assert not page.jobs[0].hash_missing


async def test_when_a_delayed_job_is_due(
    listing: QueueListing, queue: MadeQueue
) -> None:
    """BullMQ keeps the time in the upper bits of the score."""
    await queue.make_hash("1")
    score = ADDED_AT * 4096 + 17
    await queue.client.zadd(queue.keys.delayed, {"1": score})

    page = await listing.list_jobs(QUEUE, JobState.DELAYED)

    assert page.jobs[0].due_at == ADDED_AT


async def test_odd_jobs_are_shown(listing: QueueListing, queue: MadeQueue) -> None:
    """Missing, damaged and oversized data never hides the others."""
    await queue.add("1", data="no JSON")
    await queue.add("2", data=f'"{"x" * 300_000}"')
    await queue.client.lpush(queue.keys.wait, "3", b"\xff4")
    await queue.client.set(queue.keys.job("5"), "a string")
    await queue.client.lpush(queue.keys.wait, "5")
    await queue.add("6", timestamp="then")

    page = await listing.list_jobs(QUEUE, JobState.WAITING)

    assert ids(page.jobs) == ["1", "2", "3", "\ufffd4", "5", "6"]
    assert [job.hash_missing for job in page.jobs] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    assert page.jobs[0].data_problem is DataProblem.NOT_JSON
    assert page.jobs[1].data_problem is DataProblem.TOO_LARGE
    assert page.jobs[5].added_at is None


async def test_a_page_is_bounded(listing: QueueListing, queue: MadeQueue) -> None:
    """Whoever asks for a million jobs gets a page."""
    await queue.client.lpush(queue.keys.wait, *range(PAGE_SIZE + 5))

    page = await listing.list_jobs(QUEUE, JobState.WAITING, 0, 1_000_000)

    assert len(page.jobs) == PAGE_SIZE
    assert page.next_offset == PAGE_SIZE


@pytest.mark.parametrize("state", JobState)
async def test_nothing_there(
    listing: QueueListing, queue: MadeQueue, state: JobState
) -> None:
    """An empty page, also behind the end."""
    page = await listing.list_jobs(QUEUE, state, 500)
    assert page.total == 0
    assert page.jobs == ()
    assert page.next_offset is None


@pytest.mark.parametrize(
    ("state", "part"),
    [
        (JobState.ACTIVE, "active"),
        (JobState.WAITING, "wait"),
        (JobState.WAITING, "paused"),
        (JobState.FAILED, "failed"),
    ],
)
async def test_part_of_an_unexpected_type(
    listing: QueueListing, queue: MadeQueue, state: JobState, part: str
) -> None:
    """Named, instead of a message from Redis."""
    await queue.client.set(queue.keys.key(part), "x")

    with pytest.raises(UnknownLayoutError, match=f"{part} has an unexpected type"):
        await listing.list_jobs(QUEUE, state)


async def test_locks(listing: QueueListing, queue: MadeQueue) -> None:
    """Also of jobs that are gone, by the clock of Redis."""
    await queue.start("1")
    await queue.client.set(queue.keys.lock("2"), "other", px=9_000)
    seconds, _ = await queue.client.time()

    locks = await listing.observe_locks(QUEUE, ["1", "2", "3"])

    assert locks["1"].token == TOKEN
    assert 25_000 < (locks["1"].ttl or 0) <= 30_000
    assert locks["2"].token == "other"
    assert locks["3"].token is None
    assert locks["3"].ttl is None
    assert abs(locks["3"].at - seconds * 1000) < 3_000
