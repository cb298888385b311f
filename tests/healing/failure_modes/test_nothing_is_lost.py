"""What BullMQ would have resumed is never taken away, and no id is blocked for ever."""

import pytest

from custom_components.immich_admin_tools.healing.models import (
    HealMode,
    Outcome,
    Reason,
    SkipReason,
)

from .installation import installation

pytestmark = pytest.mark.timeout(420)

NEVER = 100_000


async def test_clear_stuck_while_the_worker_is_restarted_loses_nothing(
    socket_enabled: None,
) -> None:
    """Five jobs run when the worker is killed; all five are finished by the next one."""
    queue = "thumbnailGeneration"
    async with installation("5.80", (queue,), {queue: NEVER}) as site:
        immich = site.immich
        await immich.add_jobs(queue, 5)
        await site.keep_looking(3)
        running = (await immich.truth()).queues[queue].running
        assert running > 1
        await immich.kill_worker()
        await site.keep_looking(47)
        early = await site.order(queue, None)
        await site.look_until(
            lambda: site.queue(queue).worker is False, 100, "the worker is lost"
        )
        late = await site.order(queue, None)
        for report in (early, late):
            assert not report.healed
            assert len(report.skipped) == running
        assert {it.reason for it in late.skipped} == {SkipReason.NO_WORKER}
        await immich.speed(10)
        await immich.start_worker()
        truth = await immich.until_truth(queue, finished=5, timeout=150)
        assert truth.finished == 5


async def test_work_that_was_given_up_can_be_added_again(socket_enabled: None) -> None:
    """A failed job would block the id that Immich gives to its work."""
    queue = "facialRecognition"
    name = "FacialRecognitionQueueAll"
    async with installation("5.80", (queue,), {queue: 1}) as site:
        immich = site.immich
        await immich.hang(queue)
        await immich.add_jobs(queue, 1, name=name, jobId=name)
        await immich.until_truth(queue, hung_now=1)
        await site.look_until(lambda: bool(site.queue(queue).stuck), 10, "stuck")
        (job,) = (await site.order(queue, HealMode.FAIL)).healed
        assert (job.act.mode, job.act.reason) == (HealMode.REMOVE, Reason.FIXED_ID)
        assert job.outcome is Outcome.SLOT_LOST
        await immich.unhang(queue)
        await immich.speed(10)
        await immich.add_jobs(queue, 1, name=name, jobId=name)
        truth = await immich.until_truth(queue, finished=2, timeout=60)
        assert truth.deduplicated == 0
        await site.look()
        assert site.queue(queue).failed == 0
