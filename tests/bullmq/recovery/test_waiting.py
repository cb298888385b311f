"""Remove jobs that wait."""

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq import recovery as recovery_module
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.recovery import (
    QueueRecovery,
    Result,
    WaitingFence,
)

from .made_queue import ADDED_AT, PREFIX, QUEUE, MadeQueue


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


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a short line be a long one."""
    monkeypatch.setattr(recovery_module, "COMPARED_ENTRIES", 2)
    monkeypatch.setattr(recovery_module, "WINDOW_SIZE", 7)
    monkeypatch.setattr(recovery_module, "WINDOW_OVERLAP", 2)


@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("paused", [False, True])
async def test_every_place_in_a_long_line_is_found(
    recovery: QueueRecovery, queue: MadeQueue, reverse: bool, paused: bool
) -> None:
    """Also out of its order, with ids that are no numbers, and in both lists."""
    ids = [*(str(number) for number in range(1, 80)), "custom-1", "0.5"]
    # Where they were put back to, far from where their numbers should stand.
    ids = [*ids[50:60], *ids[:50], "custom-2", *ids[60:]]
    for job_id in ids:
        await queue.add(job_id)
    if paused:
        await queue.pause()
        await queue.make_hash("500")
        await queue.client.lpush(queue.keys.wait, "500")
        ids.append("500")
    wanted = ids[::-1] if reverse else ids
    fences = [WaitingFence(job_id) for job_id in wanted[::2]]

    result = await recovery.remove_waiting_jobs(QUEUE, fences)

    assert result.done == len(fences)
    assert sorted(await everywhere(queue)) == sorted(wanted[1::2])
    gone = await recovery.remove_waiting(QUEUE, wanted[0])
    assert gone is Result.NOT_WAITING
    assert await queue.job(wanted[0]) == {}


@pytest.mark.usefixtures("short_limits")
async def test_only_the_newest_leaves_its_place(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """Far from both ends it steps in for the job that goes; near them nothing moves."""
    for number in range(1, 41):
        await queue.add(str(number))

    assert await recovery.remove_waiting(QUEUE, "20") is Result.DONE
    line = [*map(str, range(1, 20)), "40", *map(str, range(21, 40))]
    assert await queue.waiting() == line

    assert await recovery.remove_waiting(QUEUE, "2") is Result.DONE
    assert await recovery.remove_waiting(QUEUE, "39") is Result.DONE
    line.remove("2")
    line.remove("39")
    assert await queue.waiting() == line


@pytest.mark.usefixtures("short_limits")
async def test_without_the_right_to_set_the_order_stays(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """Users who were set up for an older version lack it: slower, but done."""
    for number in range(1, 41):
        await queue.add(str(number))
    await queue.client.acl_setuser(
        "slow", enabled=True, nopass=True, keys=["*"], categories=["+@all"]
    )
    await queue.client.acl_setuser("slow", enabled=True, commands=["-lset"])
    await queue.client.execute_command("ACL LOG", "RESET")  # type: ignore[no-untyped-call]  # redis-py's
    pool = queue.client.connection_pool.connection_kwargs
    async with Redis(
        host=pool["host"], port=pool["port"], username="slow", password="x"
    ) as client:
        slow = QueueRecovery(client, PREFIX)
        assert await slow.remove_waiting(QUEUE, "20") is Result.DONE
    assert await queue.waiting() == [str(n) for n in range(1, 41) if n != 20]
    log = await queue.client.execute_command("ACL LOG")  # type: ignore[no-untyped-call]  # redis-py's
    assert not log, "it was asked about, not tried"


async def test_a_middle_of_many_is_taken_without_comparing(
    recovery: QueueRecovery, queue: MadeQueue
) -> None:
    """At the real limits: two comparisons' worth of LREM instead of 60,000."""
    script = "for n = 1, ARGV[1] do redis.call('LPUSH', KEYS[1], n) end"
    await queue.client.eval(script, 1, queue.keys.wait, "120000")
    await queue.make_hash("60000")
    await queue.client.config_resetstat()

    assert await recovery.remove_waiting(QUEUE, "60000") is Result.DONE

    stats = await queue.client.info("commandstats")
    assert stats["cmdstat_lset"]["calls"] == 1
    assert stats["cmdstat_lrem"]["usec"] < 200
    assert stats["cmdstat_lindex"]["calls"] < 40
    assert await queue.client.llen(queue.keys.wait) == 119_999
    assert await queue.client.lpos(queue.keys.wait, "60000") is None
    assert await queue.client.lpos(queue.keys.wait, "120000") == 59_999


async def everywhere(queue: MadeQueue) -> list[str]:
    """Return the ids of both lists."""
    return [
        as_text(job_id) or ""
        for key in (queue.keys.wait, queue.keys.paused)
        for job_id in await queue.client.lrange(key, 0, -1)
    ]


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
