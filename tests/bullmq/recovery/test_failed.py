"""Retry and clear failed jobs."""

from custom_components.immich_admin_tools.bullmq.recovery import (
    BULK_SIZE,
    QueueRecovery,
    Result,
)

from .made_queue import QUEUE, MadeQueue

STATISTICS_OF_RUNS = {
    "processedOn",
    "finishedOn",
    "failedReason",
    "atm",
    "ats",
    "stc",
    "defa",
}


async def test_retry_starts_from_scratch(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """A retried job goes to the end and may stall as often as a new one."""
    await queue.add("1")
    await queue.fail("7", defa="job stalled more than allowable limit")

    result = await recovery.retry_failed(QUEUE, ["7"])

    assert result.outcomes == {"7": Result.DONE}
    assert await queue.waiting() == ["1", "7"]
    job = await queue.job("7")
    assert job["name"] == "AssetDetectFaces"
    assert not STATISTICS_OF_RUNS & set(job)
    assert await queue.client.exists(queue.keys.failed) == 0
    assert await queue.is_awake()
    assert await queue.events() == [
        {"event": "waiting", "jobId": "7", "prev": "failed"}
    ]


async def test_retry_into_a_paused_queue(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """The job waits in the list of its BullMQ version and wakes nobody."""
    await queue.pause()
    await queue.fail("7")

    assert (await recovery.retry_failed(QUEUE, ["7"])).done == 1

    ids = await queue.client.lrange(await queue.waiting_key(), 0, -1)
    assert ids == [b"7"]
    assert not await queue.is_awake()


async def test_retry_keeps_the_priority(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """A prioritized job goes behind its equals."""
    await queue.add("1", priority=2)
    await queue.add("2", priority=3)
    await queue.fail("7", priority=2)

    assert (await recovery.retry_failed(QUEUE, ["7"])).done == 1

    ids = await queue.client.zrange(queue.keys.prioritized, 0, -1)
    assert ids == [b"1", b"7", b"2"]
    assert await queue.client.get(queue.keys.priority_counter) == b"3"


async def test_retry_skips_with_a_reason(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """What can't be retried stays where it is, the others are retried."""
    await queue.fail("fine")
    await queue.fail("child", parentKey="immich_bull:library:3")
    await queue.fail("held")
    await queue.client.set(queue.keys.lock("held"), "token", px=30_000)
    await queue.client.zadd(queue.keys.failed, {"ghost": 1})
    await queue.add("waits")
    await queue.client.set(queue.keys.job("odd"), "a string")
    await queue.client.zadd(queue.keys.failed, {"odd": 1})

    result = await recovery.retry_failed(
        QUEUE, ["child", "held", "ghost", "waits", "unknown", "odd", "fine"]
    )

    assert result.done == 1
    assert result.skipped == {
        "child": Result.UNSUPPORTED,
        "held": Result.LOCKED,
        "ghost": Result.HASH_MISSING,
        "waits": Result.NOT_FAILED,
        "unknown": Result.HASH_MISSING,
        "odd": Result.UNSUPPORTED,
    }
    assert await queue.waiting() == ["waits", "fine"]
    assert await queue.client.zcard(queue.keys.failed) == 4


async def test_clear(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """Cleared jobs leave nothing, and are told as BullMQ tells a clean-up."""
    await queue.fail("1", dedup_id="one")
    await queue.fail("2")
    await queue.client.zadd(queue.keys.failed, {"ghost": 1})
    await queue.add("waits")

    result = await recovery.clear_failed(QUEUE, ["1", "2", "ghost", "waits", "no"])

    assert result.done == 3
    assert result.skipped == {"waits": Result.NOT_FAILED, "no": Result.NOT_FAILED}
    assert await queue.all_keys() == {
        queue.keys.meta,
        queue.keys.events,
        queue.keys.wait,
        queue.keys.job("waits"),
    }
    assert await queue.events() == [{"event": "cleaned", "count": "3"}]


async def test_clear_leaves_the_lock(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """A job that was failed while it hangs is still locked by its worker."""
    fence = await queue.start("7")
    await recovery.fail(QUEUE, fence, "stuck")

    assert (await recovery.clear_failed(QUEUE, ["7"])).done == 1

    assert await queue.client.exists(queue.keys.lock("7")) == 1
    assert await queue.job("7") == {}


async def test_nothing_done_tells_nothing(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """No event, no woken worker without a change."""
    await queue.add("1")
    before = await queue.dump()

    assert (await recovery.clear_failed(QUEUE, ["1"])).done == 0
    assert (await recovery.retry_failed(QUEUE, ["1"])).done == 0
    assert (await recovery.retry_failed(QUEUE, [])).outcomes == {}

    assert await queue.dump() == before


async def test_many_go_in_batches(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """More ids than one call takes, some of them twice."""
    ids = [str(number) for number in range(BULK_SIZE * 5 // 2)]
    for job_id in ids:
        await queue.fail(job_id)

    chosen = ids[: BULK_SIZE * 3 // 2]

    retried = await recovery.retry_failed(QUEUE, chosen + chosen[:10])
    cleared = await recovery.clear_failed(QUEUE, ids[BULK_SIZE:])

    assert retried.done == len(chosen)
    assert cleared.done == len(ids) - len(chosen)
    assert await queue.waiting() == chosen
    assert [event["event"] for event in await queue.events()].count("cleaned") == 2


async def test_failed_ids_newest_first(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """In pages, from the newest to the oldest."""
    scores = {str(number): number for number in range(5)}
    await queue.client.zadd(queue.keys.failed, scores)

    assert await recovery.failed_ids(QUEUE) == ("4", "3", "2", "1", "0")
    assert await recovery.failed_ids(QUEUE, offset=1, count=2) == ("3", "2")
    assert await recovery.failed_ids(QUEUE, offset=5) == ()
