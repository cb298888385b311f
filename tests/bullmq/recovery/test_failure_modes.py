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

from .live_world import LOCK_MS, ONE_SLOT, PATIENCE, QUEUE, World, on_every_version
from .made_queue import PREFIX


def changes(
    world: World, queue: str = QUEUE
) -> list[Callable[[ActiveFence], Awaitable[Result]]]:
    """Return the three ways to change an active job."""
    return [
        lambda fence: world.recovery.remove(queue, fence),
        lambda fence: world.recovery.requeue(queue, fence),
        lambda fence: world.recovery.fail(queue, fence, "stuck"),
    ]


@on_every_version
async def test_worker_killed_and_nobody_restarts_it(world: World) -> None:
    """Orphans are removed, requeued and failed; the next worker does the right ones."""
    await world.immich.add_jobs(QUEUE, 3)
    await world.until_truth(running=3)
    await world.immich.kill_worker()
    await world.until_locks_ran_out()
    removed, requeued, failed = await world.fences()

    assert await world.recovery.remove(QUEUE, removed) is Result.DONE
    assert await world.recovery.requeue(QUEUE, requeued) is Result.DONE
    assert await world.recovery.fail(QUEUE, failed, "worker died") is Result.DONE

    await world.immich.speed(10)
    await world.immich.start_worker()
    await world.until_truth(started=4, finished=1)
    assert await world.recovery.failed_ids(QUEUE) == (failed.job_id,)
    retried = await world.recovery.retry_failed(QUEUE, [failed.job_id])
    assert retried.outcomes == {failed.job_id: Result.DONE}
    await world.until_truth(started=5, finished=2)
    await world.until_clean()


@on_every_version
async def test_worker_restarted_heals_by_itself(world: World) -> None:
    """BullMQ was faster: what was decided before does nothing any more."""
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(running=1)
    [before] = await world.fences()
    await world.immich.kill_worker(restart=True)
    await world.until_truth(started=2, running=1)

    orphan = ActiveFence(before.job_id, before.processed_on, None)
    for change in changes(world):
        assert await change(before) is Result.LOCK_CHANGED
        assert await change(orphan) is Result.LOCK_CHANGED

    assert len(await world.active()) == 1
    assert (await world.until_truth(started=2)).running == 1


@on_every_version
async def test_hung_job_is_removed_but_its_slot_stays_lost(world: World) -> None:
    """Nothing runs until the worker restarts, and the job never comes back."""
    await world.immich.speed(10)
    await world.immich.hang(ONE_SLOT)
    await world.immich.add_jobs(ONE_SLOT, 3)
    await world.until_truth(ONE_SLOT, hung_now=1)
    [hung] = await world.fences(ONE_SLOT)

    assert await world.recovery.remove(ONE_SLOT, hung) is Result.DONE

    await asyncio.sleep(1.5 * LOCK_MS / 1000)
    assert await world.active(ONE_SLOT) == ()
    lock = QueueKeys(PREFIX, ONE_SLOT).lock(hung.job_id)
    assert as_text(await world.client.get(lock)) == hung.lock_token
    await world.until_truth(ONE_SLOT, started=1)

    await world.immich.kill_worker(restart=True)
    await world.until_truth(ONE_SLOT, started=3, finished=2)
    await world.until_clean(ONE_SLOT)


@on_every_version
async def test_failed_while_it_hangs(world: World) -> None:
    """It stays failed when it ends after all, and can be retried only then."""
    await world.immich.speed(10)
    await world.immich.hang(QUEUE)
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(hung_now=1)
    [hung] = await world.fences()

    assert await world.recovery.fail(QUEUE, hung, "stuck") is Result.DONE
    retried = await world.recovery.retry_failed(QUEUE, [hung.job_id])
    assert retried.outcomes == {hung.job_id: Result.LOCKED}

    await world.immich.unhang(QUEUE)
    await world.until_truth(finished=1, running=0)
    assert await world.recovery.failed_ids(QUEUE) == (hung.job_id,)

    retried = await world.recovery.retry_failed(QUEUE, [hung.job_id])
    assert retried.outcomes == {hung.job_id: Result.DONE}
    await world.until_truth(started=2, finished=2)
    await world.until_clean()


@on_every_version
async def test_hung_job_requeued_with_a_restart(world: World) -> None:
    """While the queue is paused, until the worker is back: it runs exactly once more."""
    await world.immich.hang(QUEUE)
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(hung_now=1)
    [hung] = await world.fences()
    await world.immich.speed(10)
    await world.immich.control("pause", queue=QUEUE)

    assert await world.recovery.requeue(QUEUE, hung) is Result.DONE
    await world.until_truth(started=1)
    await world.immich.kill_worker(restart=True)
    await world.until_truth(started=1)
    await world.immich.control("resume", queue=QUEUE)

    await world.until_truth(started=2, finished=1, running=0)
    await world.until_clean()


@on_every_version
async def test_event_loop_blocked(world: World) -> None:
    """Locks run out as if the worker were dead; its late finish is refused."""
    await world.immich.speed(1_000)
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(running=1)
    await world.immich.block_worker(2.5 * LOCK_MS / 1000)
    await world.until_locks_ran_out()
    [orphan] = await world.fences()

    assert await world.recovery.requeue(QUEUE, orphan) is Result.DONE

    await world.until_truth(started=2, finished=2, running=0)
    await world.until_clean()


@on_every_version
async def test_flush(world: World) -> None:
    """The same id is another job now, and the version is unknown until a restart."""
    await world.immich.add_jobs(QUEUE, 2)
    await world.until_truth(running=2)
    before = await world.fences()
    version = await world.client.hget(QueueKeys(PREFIX, QUEUE).meta, "version")
    assert version is not None

    await world.client.flushall()
    await world.immich.add_jobs(QUEUE, 2)
    await world.until_truth(running=4)
    after = await world.fences()
    assert [fence.job_id for fence in before] == [fence.job_id for fence in after]

    with pytest.raises(UnknownLayoutError):
        await world.recovery.remove(QUEUE, after[0])
    await world.client.hset(QueueKeys(PREFIX, QUEUE).meta, "version", version)
    for fence in before:
        for change in changes(world):
            assert await change(fence) is Result.LOCK_CHANGED

    assert await world.fences() == after


@on_every_version
async def test_ghost(world: World) -> None:
    """An id whose data is gone can only be removed."""
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(running=1)
    await world.immich.kill_worker()
    await world.until_locks_ran_out()
    [job] = await world.active()
    await world.client.delete(QueueKeys(PREFIX, QUEUE).job(job.job_id))
    [ghost] = await world.active()
    assert ghost.hash_missing

    fence = ActiveFence.from_job(ghost)
    remove, requeue, fail = changes(world)
    assert await requeue(fence) is Result.HASH_MISSING
    assert await fail(fence) is Result.HASH_MISSING
    assert await remove(fence) is Result.DONE

    await world.immich.start_worker()
    await world.until_clean()


@on_every_version
async def test_second_stall(world: World) -> None:
    """BullMQ fails it; a retry starts from scratch and may stall once again."""
    await world.immich.add_jobs(QUEUE, 2)
    for started in (2, 4):
        await world.until_truth(started=started, running=2)
        await world.immich.kill_worker(restart=True)

    async def failed() -> bool:
        return len(await world.recovery.failed_ids(QUEUE)) == 2

    await until(failed, timeout=PATIENCE, what="both have stalled twice")
    cleared, retried = sorted(await world.recovery.failed_ids(QUEUE))
    assert (await world.recovery.clear_failed(QUEUE, [cleared])).done == 1

    assert (await world.recovery.retry_failed(QUEUE, [retried])).done == 1
    await world.until_truth(started=5, running=1)
    await world.immich.kill_worker(restart=True)
    await world.until_truth(started=6, running=1)
    assert await world.recovery.failed_ids(QUEUE) == ()
    assert [job.job_id for job in await world.active()] == [retried]


@on_every_version
async def test_deduplication(world: World) -> None:
    """After a naive removal the next add would be swallowed, for ever on BullMQ 5."""
    await world.immich.hang(ONE_SLOT)
    await world.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await world.until_truth(ONE_SLOT, hung_now=1)
    await world.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await world.until_truth(ONE_SLOT, added=1, deduplicated=1)
    [hung] = await world.fences(ONE_SLOT)

    assert await world.recovery.remove(ONE_SLOT, hung) is Result.DONE

    await world.immich.add_jobs(ONE_SLOT, 1, name="FacialRecognitionQueueAll")
    await world.until_truth(ONE_SLOT, added=2, deduplicated=1)
    await world.immich.kill_worker(restart=True)
    # It queues jobs for all faces, which start after it.
    await world.immich.until_truth(ONE_SLOT, started=2)


@on_every_version
async def test_two_healers_at_once(world: World) -> None:
    """Exactly one of them does it; the others learn that it is done."""
    await world.immich.add_jobs(QUEUE, 5)
    await world.until_truth(running=5)
    fences = await world.fences()

    async with world.valkey.client() as other:
        healers = [world.recovery, QueueRecovery(other, PREFIX)]
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
async def test_paused_between_look_and_act(world: World) -> None:
    """The target of a requeue is read when it happens."""
    await world.immich.add_jobs(QUEUE, 1)
    await world.until_truth(running=1)
    await world.immich.kill_worker()
    await world.until_locks_ran_out()
    [orphan] = await world.fences()
    await world.immich.control("pause", queue=QUEUE)

    assert await world.recovery.requeue(QUEUE, orphan) is Result.DONE

    await world.immich.speed(10)
    await world.immich.start_worker()
    await world.until_truth(started=1)
    await world.immich.control("resume", queue=QUEUE)
    await world.until_truth(started=2, finished=1)
    await world.until_clean()
