"""Remove, requeue and fail an active job."""

import pytest

from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)

from .made_queue import PROCESSED_ON, QUEUE, TOKEN, MadeQueue

REASON = "stuck for 3 hours"


async def act(
    recovery: QueueRecovery, operation: str, fence: ActiveFence, queue: str = QUEUE
) -> Result:
    """Run one of the three operations."""
    if operation == "fail":
        return await recovery.fail(queue, fence, REASON)
    if operation == "remove":
        return await recovery.remove(queue, fence)
    return await recovery.requeue(queue, fence)


every_operation = pytest.mark.parametrize("operation", ["remove", "requeue", "fail"])


async def test_remove_leaves_the_lock_and_nothing_else(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """All keys of the job go but its lock, which its worker still renews."""
    fence = await queue.start("7", dedup_id="FacialRecognitionQueueAll")
    await queue.client.rpush(queue.keys.key("7:logs"), "a line")
    await queue.client.sadd(queue.keys.stalled, "7")

    assert await recovery.remove(QUEUE, fence) is Result.DONE

    assert await queue.all_keys() == {
        queue.keys.meta,
        queue.keys.events,
        queue.keys.lock("7"),
    }
    assert await queue.client.get(queue.keys.lock("7")) == TOKEN.encode()
    assert await queue.client.pttl(queue.keys.lock("7")) > 0
    assert await queue.events() == [
        {"event": "removed", "jobId": "7", "prev": "active"}
    ]


async def test_remove_ghost(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """An id in `active` with neither hash nor lock can be removed."""
    await queue.client.lpush(queue.keys.active, "9", "8")

    assert await recovery.remove(QUEUE, ActiveFence("9", None, None)) is Result.DONE

    assert await queue.client.lrange(queue.keys.active, 0, -1) == [b"8"]


@pytest.mark.parametrize("operation", ["requeue", "fail"])
async def test_ghost_can_only_be_removed(
    recovery: QueueRecovery, queue: MadeQueue, operation: str
) -> None:
    """Without data there is nothing to run again or to show as failed."""
    await queue.client.lpush(queue.keys.active, "9")
    before = await queue.dump()

    fence = ActiveFence("9", None, None)
    assert await act(recovery, operation, fence) is Result.HASH_MISSING

    assert await queue.dump() == before


async def test_requeue_runs_next(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """A requeued job stands before all others and looks as if it never started."""
    await queue.add("1")
    await queue.add("2")
    fence = await queue.start("0", dedup_id="one")

    assert await recovery.requeue(QUEUE, fence) is Result.DONE

    assert await queue.waiting() == ["0", "1", "2"]
    assert "processedOn" not in await queue.job("0")
    assert await queue.client.get(queue.keys.key("de:one")) == b"0"
    assert await queue.client.llen(queue.keys.active) == 0
    assert await queue.is_awake()
    assert await queue.events() == [
        {"event": "waiting", "jobId": "0", "prev": "active"}
    ]


async def test_requeue_into_a_paused_queue(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """The job goes to the list of its BullMQ version and wakes nobody."""
    await queue.add("1")
    await queue.pause()
    fence = await queue.start("0")

    assert await recovery.requeue(QUEUE, fence) is Result.DONE

    ids = await queue.client.lrange(await queue.waiting_key(), 0, -1)
    assert ids == [b"1", b"0"]
    other = queue.keys.wait if queue.is_version_5 else queue.keys.paused
    assert await queue.client.exists(other) == 0
    assert not await queue.is_awake()


async def test_requeue_keeps_the_priority(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """A prioritized job stands before its equals, behind higher priorities."""
    await queue.add("1", priority=1)
    await queue.add("2", priority=2)
    fence = await queue.start("0", priority=2)

    assert await recovery.requeue(QUEUE, fence) is Result.DONE

    ids = await queue.client.zrange(queue.keys.prioritized, 0, -1)
    assert ids == [b"1", b"0", b"2"]
    assert await queue.waiting() == []


async def test_largest_priority_keeps_its_order(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """BullMQ's highest priority number makes a score of 53 bits."""
    await queue.add("1", priority=2_097_151)
    fence = await queue.start("0", priority=2_097_151)

    assert await recovery.requeue(QUEUE, fence) is Result.DONE

    score = await queue.client.zscore(queue.keys.prioritized, "0")
    assert score == 2_097_151 * 2**32


async def test_fail_shows_the_reason(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """A failed job looks as if BullMQ had failed it, by Redis' own clock."""
    fence = await queue.start("7", dedup_id="one", atm=1)
    seconds, _ = await queue.client.time()

    assert await recovery.fail(QUEUE, fence, REASON) is Result.DONE

    job = await queue.job("7")
    assert job["failedReason"] == REASON
    assert job["atm"] == "2"
    assert abs(int(job["finishedOn"]) - seconds * 1000) < 5_000
    score = await queue.client.zscore(queue.keys.failed, "7")
    assert score == int(job["finishedOn"])
    assert await queue.client.exists(queue.keys.key("de:one")) == 0
    assert await queue.client.exists(queue.keys.active) == 0
    assert await queue.client.exists(queue.keys.lock("7")) == 1
    assert await queue.events() == [
        {"event": "failed", "jobId": "7", "failedReason": REASON, "prev": "active"},
        {"event": "retries-exhausted", "jobId": "7", "attemptsMade": "2"},
    ]


async def test_fail_leaves_a_deduplication_that_lasts_longer(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """A key with a time to live keeps others away on purpose, also after the end."""
    fence = await queue.start("7", dedup_id="slow")
    await queue.client.pexpire(queue.keys.key("de:slow"), 60_000)

    assert await recovery.fail(QUEUE, fence, REASON) is Result.DONE

    assert await queue.client.exists(queue.keys.key("de:slow")) == 1


async def test_fail_refuses_a_job_with_a_successor(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """BullMQ would add the successor now; we can't."""
    fence = await queue.start("7", dedup_id="one")
    await queue.client.hset(queue.keys.key("dn:one"), "name", "FacialRecognition")
    before = await queue.dump()

    assert await recovery.fail(QUEUE, fence, REASON) is Result.UNSUPPORTED

    assert await queue.dump() == before


@pytest.mark.parametrize("operation", ["remove", "fail"])
async def test_deduplication_key_of_another_job_stays(
    recovery: QueueRecovery, queue: MadeQueue, operation: str
) -> None:
    """The key may belong to a younger job with the same deduplication id."""
    fence = await queue.start("7", dedup_id="one")
    await queue.client.set(queue.keys.key("de:one"), "8")

    assert await act(recovery, operation, fence) is Result.DONE

    assert await queue.client.get(queue.keys.key("de:one")) == b"8"


@every_operation
@pytest.mark.parametrize(
    ("fence", "result"),
    [
        (ActiveFence("6", PROCESSED_ON, TOKEN), Result.NOT_ACTIVE),
        (ActiveFence("7", PROCESSED_ON, None), Result.LOCK_CHANGED),
        (ActiveFence("7", PROCESSED_ON, f"{TOKEN}1"), Result.LOCK_CHANGED),
        (ActiveFence("7", PROCESSED_ON + 1, TOKEN), Result.RUN_CHANGED),
        (ActiveFence("7", None, TOKEN), Result.RUN_CHANGED),
        (ActiveFence("", None, None), Result.NOT_ACTIVE),
        (ActiveFence("meta", None, None), Result.NOT_ACTIVE),
    ],
)
async def test_stale_fence_changes_nothing(
    recovery: QueueRecovery,
    queue: MadeQueue,
    operation: str,
    fence: ActiveFence,
    result: Result,
) -> None:
    """What was decided for one run is not done to another."""
    await queue.start("7", dedup_id="one")
    await queue.add("8")
    before = await queue.dump()

    assert await act(recovery, operation, fence) is result

    assert await queue.dump() == before


@every_operation
async def test_lock_that_ran_out_is_noticed(
    recovery: QueueRecovery, queue: MadeQueue, operation: str
) -> None:
    """A hung job whose worker died meanwhile is an orphan now: decide again."""
    fence = await queue.start("7")
    await queue.client.delete(queue.keys.lock("7"))

    assert await act(recovery, operation, fence) is Result.LOCK_CHANGED

    orphan = ActiveFence("7", PROCESSED_ON, None)
    assert await act(recovery, operation, orphan) is Result.DONE


@every_operation
@pytest.mark.parametrize(
    ("part", "fields"),
    [
        (None, {"parentKey": "immich_bull:library:3"}),
        (None, {"rjk": "nightly"}),
        (None, {"atm": "many"}),
        ("dependencies", {}),
        ("processed", {}),
        ("failed", {}),
        ("unsuccessful", {}),
    ],
)
async def test_jobs_that_touch_others_are_left_alone(
    recovery: QueueRecovery,
    queue: MadeQueue,
    operation: str,
    part: str | None,
    fields: dict[str, str],
) -> None:
    """Parents, children, repeated and damaged jobs are refused."""
    fence = await queue.start("7", **fields)
    if part is not None:
        await queue.client.set(queue.keys.key(f"7:{part}"), "x")
    before = await queue.dump()

    assert await act(recovery, operation, fence) is Result.UNSUPPORTED

    assert await queue.dump() == before


@every_operation
async def test_second_healer_loses(
    recovery: QueueRecovery, queue: MadeQueue, operation: str
) -> None:
    """Of two with the same fence one wins, the other learns it."""
    fence = await queue.start("7")

    assert await act(recovery, operation, fence) is Result.DONE
    after = await queue.dump()
    assert await act(recovery, operation, fence) is Result.NOT_ACTIVE

    assert await queue.dump() == after


@every_operation
async def test_events_are_kept_as_short_as_bullmq_keeps_them(
    recovery: QueueRecovery, queue: MadeQueue, operation: str
) -> None:
    """The stream is trimmed to the length in `meta`."""
    await queue.client.hset(queue.keys.meta, "opts.maxLenEvents", 200)
    async with queue.client.pipeline(transaction=False) as pipeline:
        for _ in range(2_000):
            pipeline.xadd(queue.keys.events, {"event": "drained"})
        await pipeline.execute()
    fence = await queue.start("7")

    assert await act(recovery, operation, fence) is Result.DONE

    assert await queue.client.xlen(queue.keys.events) < 400
