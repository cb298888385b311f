"""Remove jobs that wait."""

import pytest

from custom_components.immich_admin_tools.bullmq import recovery as recovery_module
from custom_components.immich_admin_tools.bullmq.fences import WaitingFence
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery, Result

from .made_queue import ADDED_AT, QUEUE, MadeQueue


async def test_remove_from_the_line(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """The job, its data and its deduplication key go; its neighbours stay."""
    for job_id in ("1", "2", "3"):
        await queue.add(job_id, dedup_id=f"d{job_id}")

    assert await recovery.remove_waiting(QUEUE, "2") is Result.DONE

    assert await queue.waiting() == ["1", "3"]
    assert await queue.job("2") == {}
    assert await queue.client.exists(queue.keys.key("de:d2")) == 0
    assert await queue.client.exists(queue.keys.key("de:d1")) == 1
    assert await queue.events() == [{"event": "removed", "jobId": "2", "prev": "wait"}]


async def test_remove_while_paused(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """A pause of BullMQ 5 moves the jobs to another list."""
    await queue.add("1")
    await queue.add("2")
    await queue.pause()

    assert await recovery.remove_waiting(QUEUE, "1") is Result.DONE

    assert await queue.waiting() == ["2"]
    where = "paused" if queue.is_version_5 else "wait"
    assert await queue.events() == [{"event": "removed", "jobId": "1", "prev": where}]


async def test_remove_leftover_of_the_older_version(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """After an upgrade jobs can stand in `paused` though nothing is paused."""
    await queue.make_hash("1")
    await queue.client.lpush(queue.keys.paused, "1")

    assert await recovery.remove_waiting(QUEUE, "1") is Result.DONE

    assert await queue.waiting() == []


@pytest.mark.parametrize("part", ["prioritized", "delayed"])
async def test_remove_from_a_sorted_set(
    recovery: QueueRecovery, queue: MadeQueue, part: str
) -> None:
    """Prioritized and delayed jobs wait in sets of their own."""
    await queue.make_hash("1")
    await queue.client.zadd(queue.keys.key(part), {"1": 5, "2": 6})

    assert await recovery.remove_waiting(QUEUE, "1") is Result.DONE

    assert await queue.client.zrange(queue.keys.key(part), 0, -1) == [b"2"]
    assert await queue.events() == [{"event": "removed", "jobId": "1", "prev": part}]


async def test_remove_without_data(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """An id whose hash is gone can be taken away."""
    await queue.client.lpush(queue.keys.wait, "1", "2")

    assert await recovery.remove_waiting(QUEUE, "1") is Result.DONE

    assert await queue.waiting() == ["2"]


@pytest.mark.parametrize("job_id", ["runs", "broke", "unknown", "meta", ""])
async def test_others_are_left_alone(
    recovery: QueueRecovery, queue: MadeQueue, job_id: str
) -> None:
    """Only a job that waits is removed."""
    await queue.start("runs")
    await queue.fail("broke")
    await queue.add("1")
    before = await queue.dump()

    assert await recovery.remove_waiting(QUEUE, job_id) is Result.NOT_WAITING

    assert await queue.dump() == before


async def test_job_that_runs_elsewhere_under_the_same_id(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """Ids restart at 1 after a flush: the time when it was added tells."""
    await queue.add("1")
    before = await queue.dump()

    other = await recovery.remove_waiting(QUEUE, "1", added_at=ADDED_AT - 1)
    assert other is Result.RUN_CHANGED
    assert await queue.dump() == before

    assert await recovery.remove_waiting(QUEUE, "1", added_at=ADDED_AT) is Result.DONE


async def test_child_is_left_alone(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """Its parent would wait for ever."""
    await queue.add("1", parentKey="immich_bull:library:3")
    before = await queue.dump()

    assert await recovery.remove_waiting(QUEUE, "1") is Result.UNSUPPORTED

    assert await queue.dump() == before


@pytest.mark.parametrize("reverse", [False, True])
async def test_every_place_in_the_line_is_found(
    recovery: QueueRecovery, queue: MadeQueue, reverse: bool
) -> None:
    """Whichever end the search starts from, and also with ids that are no numbers."""
    ids = [*(str(number) for number in range(1, 40)), "custom-1", "99", "3.5"]
    for job_id in ids:
        await queue.add(job_id)
    wanted = ids[::-1] if reverse else ids

    result = await recovery.remove_waiting_jobs(QUEUE, map(WaitingFence, wanted))

    assert result.done == len(ids)
    assert list(result.outcomes) == wanted
    assert await queue.client.keys(f"{queue.keys.base}[0-9c]*") == []


async def test_a_long_line_is_searched_for_one_at_a_time(
    recovery: QueueRecovery, queue: MadeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no call holds up Redis for long."""
    for job_id in range(12):
        await queue.add(str(job_id))
    fences = [WaitingFence(str(job_id)) for job_id in range(6)]
    await queue.client.config_resetstat()
    await recovery.remove_waiting_jobs(QUEUE, fences[:3])
    assert await calls_of_scripts(queue) == 1

    monkeypatch.setattr(recovery_module, "SEARCHED_ENTRIES", 9)
    await queue.client.config_resetstat()
    await recovery.remove_waiting_jobs(QUEUE, fences[3:])
    assert await calls_of_scripts(queue) == 3


async def calls_of_scripts(queue: MadeQueue) -> int:
    """Return how many scripts ran; a first call by an unknown hash counts not."""
    stats = await queue.client.info("commandstats")
    script = stats["cmdstat_evalsha"]
    return int(script["calls"]) - int(script["failed_calls"])


async def test_nothing_to_remove(recovery: QueueRecovery, queue: MadeQueue) -> None:
    """An empty list of jobs is no error."""
    result = await recovery.remove_waiting_jobs(QUEUE, [])
    assert result.done == 0
    assert result.skipped == {}
