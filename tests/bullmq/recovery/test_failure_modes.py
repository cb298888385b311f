"""Each way in which jobs get stuck, made for real and healed beside a real worker."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from custom_components.immich_admin_tools.bullmq.errors import UnknownLayoutError
from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)
from tests.support.processes import until

from .live_queue import LOCK_MS, ONE_SLOT, PATIENCE, QUEUE, LiveQueue, on_every_version
from .made_queue import PREFIX


def changes(
    live: LiveQueue, queue: str = QUEUE
) -> list[Callable[[ActiveFence], Awaitable[Result]]]:
    """Return the three ways to change an active job."""
    return [
        lambda fence: live.recovery.remove(queue, fence),
        lambda fence: live.recovery.requeue(queue, fence),
        lambda fence: live.recovery.fail(queue, fence, "stuck"),
    ]


@on_every_version
async def test_worker_killed_and_nobody_restarts_it(live: LiveQueue) -> None:
    """Orphans are removed, requeued and failed; the next worker does the right ones."""
    await live.immich.add_jobs(QUEUE, 3)
    await live.until_truth(running=3)
    await live.immich.kill_worker()
    await live.until_locks_ran_out()
    removed, requeued, failed = await live.fences()

    assert await live.recovery.remove(QUEUE, removed) is Result.DONE
    assert await live.recovery.requeue(QUEUE, requeued) is Result.DONE
    assert await live.recovery.fail(QUEUE, failed, "worker died") is Result.DONE

    await live.immich.speed(10)
    await live.immich.start_worker()
    await live.until_truth(started=4, finished=1)
    assert await live.recovery.failed_ids(QUEUE) == (failed.job_id,)
    retried = await live.recovery.retry_failed(QUEUE, [failed.job_id])
    assert retried.outcomes == {failed.job_id: Result.DONE}
    await live.until_truth(started=5, finished=2)
    await live.until_clean()


@on_every_version
async def test_worker_restarted_heals_by_itself(live: LiveQueue) -> None:
    """BullMQ was faster: what was decided before does nothing any more."""
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(running=1)
    [before] = await live.fences()
    await live.immich.kill_worker(restart=True)
    await live.until_truth(started=2, running=1)

    orphan = ActiveFence(before.job_id, before.processed_on, None)
    for change in changes(live):
        assert await change(before) is Result.LOCK_CHANGED
        assert await change(orphan) is Result.LOCK_CHANGED

    assert len(await live.active()) == 1
    assert (await live.until_truth(started=2)).running == 1


@on_every_version
async def test_hung_job_is_removed_but_its_slot_stays_lost(live: LiveQueue) -> None:
    """Nothing runs until the worker restarts, and the job never comes back."""
    await live.immich.speed(10)
    await live.immich.hang(ONE_SLOT)
    await live.immich.add_jobs(ONE_SLOT, 3)
    await live.until_truth(ONE_SLOT, hung_now=1)
    [hung] = await live.fences(ONE_SLOT)

    assert await live.recovery.remove(ONE_SLOT, hung) is Result.DONE

    await asyncio.sleep(1.5 * LOCK_MS / 1000)
    assert await live.active(ONE_SLOT) == ()
    lock = QueueKeys(PREFIX, ONE_SLOT).lock(hung.job_id)
    assert as_text(await live.client.get(lock)) == hung.lock_token
    await live.until_truth(ONE_SLOT, started=1)

    await live.immich.kill_worker(restart=True)
    await live.until_truth(ONE_SLOT, started=3, finished=2)
    await live.until_clean(ONE_SLOT)


@on_every_version
async def test_failed_while_it_hangs(live: LiveQueue) -> None:
    """It stays failed when it ends after all, and can be retried only then."""
    await live.immich.speed(10)
    await live.immich.hang(QUEUE)
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(hung_now=1)
    [hung] = await live.fences()

    assert await live.recovery.fail(QUEUE, hung, "stuck") is Result.DONE
    retried = await live.recovery.retry_failed(QUEUE, [hung.job_id])
    assert retried.outcomes == {hung.job_id: Result.LOCKED}

    await live.immich.unhang(QUEUE)
    await live.until_truth(finished=1, running=0)
    assert await live.recovery.failed_ids(QUEUE) == (hung.job_id,)

    retried = await live.recovery.retry_failed(QUEUE, [hung.job_id])
    assert retried.outcomes == {hung.job_id: Result.DONE}
    await live.until_truth(started=2, finished=2)
    await live.until_clean()


@on_every_version
async def test_hung_job_requeued_with_a_restart(live: LiveQueue) -> None:
    """While the queue is paused, until the worker is back: it runs exactly once more."""
    await live.immich.hang(QUEUE)
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(hung_now=1)
    [hung] = await live.fences()
    await live.immich.speed(10)
    await live.immich.control("pause", queue=QUEUE)

    assert await live.recovery.requeue(QUEUE, hung) is Result.DONE
    await live.until_truth(started=1)
    await live.immich.kill_worker(restart=True)
    await live.until_truth(started=1)
    await live.immich.control("resume", queue=QUEUE)

    await live.until_truth(started=2, finished=1, running=0)
    await live.until_clean()


@on_every_version
async def test_event_loop_blocked(live: LiveQueue) -> None:
    """Locks run out as if the worker were dead; its late finish is refused."""
    await live.immich.speed(1_000)
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(running=1)
    await live.immich.block_worker(2.5 * LOCK_MS / 1000)
    await live.until_locks_ran_out()
    [orphan] = await live.fences()

    assert await live.recovery.requeue(QUEUE, orphan) is Result.DONE

    await live.until_truth(started=2, finished=2, running=0)
    await live.until_clean()


@on_every_version
async def test_flush(live: LiveQueue) -> None:
    """The same id is another job now, and the version is unknown until a restart."""
    await live.immich.add_jobs(QUEUE, 2)
    await live.until_truth(running=2)
    before = await live.fences()
    version = await live.client.hget(QueueKeys(PREFIX, QUEUE).meta, "version")
    assert version is not None

    await live.client.flushall()
    await live.immich.add_jobs(QUEUE, 2)
    await live.until_truth(running=4)
    after = await live.fences()
    assert [fence.job_id for fence in before] == [fence.job_id for fence in after]

    with pytest.raises(UnknownLayoutError):
        await live.recovery.remove(QUEUE, after[0])
    await live.client.hset(QueueKeys(PREFIX, QUEUE).meta, "version", version)
    for fence in before:
        for change in changes(live):
            assert await change(fence) is Result.LOCK_CHANGED

    assert await live.fences() == after


@on_every_version
async def test_ghost(live: LiveQueue) -> None:
    """An id whose data is gone can only be removed."""
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(running=1)
    await live.immich.kill_worker()
    await live.until_locks_ran_out()
    [job] = await live.active()
    await live.client.delete(QueueKeys(PREFIX, QUEUE).job(job.job_id))
    [ghost] = await live.active()
    assert ghost.hash_missing

    fence = ActiveFence.from_job(ghost)
    remove, requeue, fail = changes(live)
    assert await requeue(fence) is Result.HASH_MISSING
    assert await fail(fence) is Result.HASH_MISSING
    assert await remove(fence) is Result.DONE

    await live.immich.start_worker()
    await live.until_clean()


@on_every_version
async def test_second_stall(live: LiveQueue) -> None:
    """BullMQ fails it; a retry starts from scratch and may stall once again."""
    await live.immich.add_jobs(QUEUE, 2)
    for started in (2, 4):
        await live.until_truth(started=started, running=2)
        await live.immich.kill_worker(restart=True)

    async def failed() -> bool:
        return len(await live.recovery.failed_ids(QUEUE)) == 2

    await until(failed, timeout=PATIENCE, what="both have stalled twice")
    cleared, retried = sorted(await live.recovery.failed_ids(QUEUE))
    assert (await live.recovery.clear_failed(QUEUE, [cleared])).done == 1

    assert (await live.recovery.retry_failed(QUEUE, [retried])).done == 1
    await live.until_truth(started=5, running=1)
    await live.immich.kill_worker(restart=True)
    await live.until_truth(started=6, running=1)
    assert await live.recovery.failed_ids(QUEUE) == ()
    assert [job.job_id for job in await live.active()] == [retried]


@on_every_version
async def test_deduplication(live: LiveQueue) -> None:
    """After a naive removal the next add would be swallowed, for ever on BullMQ 5."""
    await live.immich.hang(ONE_SLOT)
    await live.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await live.until_truth(ONE_SLOT, hung_now=1)
    await live.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await live.until_truth(ONE_SLOT, added=1, deduplicated=1)
    [hung] = await live.fences(ONE_SLOT)

    assert await live.recovery.remove(ONE_SLOT, hung) is Result.DONE

    await live.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await live.until_truth(ONE_SLOT, added=2, deduplicated=1)
    await live.immich.kill_worker(restart=True)
    # It queues jobs for all faces, which start after it.
    await live.immich.until_truth(ONE_SLOT, started=2)


@on_every_version
async def test_two_healers_at_once(live: LiveQueue) -> None:
    """Exactly one of them does it; the others learn that it is done."""
    await live.immich.add_jobs(QUEUE, 5)
    await live.until_truth(running=5)
    fences = await live.fences()

    async with live.valkey.client() as other:
        healers = [live.recovery, QueueRecovery(other, PREFIX)]
        for fence in fences:
            results = await asyncio.gather(
                *(healer.remove(QUEUE, fence) for healer in healers),
                *(healer.requeue(QUEUE, fence) for healer in healers),
            )
            assert results.count(Result.DONE) == 1
            # A free slot may have taken a requeued job already.
            assert {*results} <= {
                Result.DONE,
                Result.NOT_ACTIVE,
                Result.LOCK_CHANGED,
                Result.RUN_CHANGED,
            }


@on_every_version
async def test_paused_between_look_and_act(live: LiveQueue) -> None:
    """The target of a requeue is read when it happens."""
    await live.immich.add_jobs(QUEUE, 1)
    await live.until_truth(running=1)
    await live.immich.kill_worker()
    await live.until_locks_ran_out()
    [orphan] = await live.fences()
    await live.immich.control("pause", queue=QUEUE)

    assert await live.recovery.requeue(QUEUE, orphan) is Result.DONE

    await live.immich.speed(10)
    await live.immich.start_worker()
    await live.until_truth(started=1)
    await live.immich.control("resume", queue=QUEUE)
    await live.until_truth(started=2, finished=1)
    await live.until_clean()
