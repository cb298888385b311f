"""What stands around an act: a restart in between, a disk that is full after it."""

import pytest

from custom_components.immich_admin_tools.analysis.models import StuckKind
from custom_components.immich_admin_tools.healing.models import (
    HealMode,
    Initiator,
    Outcome,
)
from tests.support.views import job_view

from .fake_healing import FakeHealing, order

ORPHAN = job_view(kind=StuckKind.ORPHANED)


async def test_a_restart_comes_between_act_and_verification(
    healing: FakeHealing,
) -> None:
    """The job is out of the way, and what the restart did is verified."""
    await healing.queue.start("1")
    seen: list[int] = []

    async def restart() -> None:
        seen.append(await healing.queue.client.llen(healing.queue.keys.active))
        assert not healing.services.told
        await healing.queue.client.delete(healing.queue.keys.lock("1"))

    report = await healing.healer.heal([order(job_view())], Initiator.USER, restart)
    assert seen == [0]
    assert report.healed[0].outcome is Outcome.CONFIRMED


async def test_a_restart_without_anything_to_clear(healing: FakeHealing) -> None:
    """It was asked for, so it is done."""
    seen: list[str] = []

    async def restart() -> None:
        seen.append("restarted")

    report = await healing.healer.heal([], Initiator.USER, restart)
    assert seen == ["restarted"]
    assert not report.healed
    assert not (await healing.healer.heal([], Initiator.USER)).healed


async def test_a_restart_that_fails_leaves_the_truth_behind(
    healing: FakeHealing,
) -> None:
    """What was done before it is recorded, and then its error is raised."""
    await healing.queue.start("1", token=None)

    async def restart() -> None:
        raise ValueError("no way")

    with pytest.raises(ValueError, match="no way"):
        await healing.healer.heal([order(ORPHAN)], Initiator.USER, restart)
    assert healing.outcomes == [("1", Outcome.CONFIRMED, None)]
    assert not healing.log.book.pending


async def test_a_disk_that_is_full_after_the_act(
    healing: FakeHealing, caplog: pytest.LogCaptureFixture
) -> None:
    """It is done and told, once; nothing is looked up, and storing is tried now and then."""
    await healing.queue.start("1", token=None)

    def fill_up() -> None:
        healing.section.full = True

    healing.services.on_record = fill_up
    report = await healing.healer.heal([order(ORPHAN)], Initiator.USER)
    assert report.healed[0].outcome is Outcome.CONFIRMED
    assert not healing.log.book.pending
    assert healing.section.data["pending"] != []
    healing.section.tries = 0
    for _ in range(100):
        await healing.poll()
        healing.slept += 5
    assert len(healing.services.told) == 1
    assert 7 <= healing.section.tries <= 9
    assert caplog.text.count("Results of clearing jobs cannot be stored") == 1
    healing.section.full = False
    healing.slept += 60
    await healing.poll()
    assert healing.section.data["pending"] == []
    assert healing.verification.idle


async def test_a_disk_that_stays_full_until_the_next_start(
    healing: FakeHealing,
) -> None:
    """It is found out again, told under the same id, and nothing is repeated."""
    await healing.queue.start("1", token=None)

    def fill_up() -> None:
        healing.section.full = True

    healing.services.on_record = fill_up
    await healing.healer.heal([order(ORPHAN)], Initiator.USER)
    healing.restart()
    for _ in range(20):
        await healing.poll()
    assert len(healing.services.told) == 2
    assert len({job.act.act_id for job in healing.services.told}) == 1
    assert not healing.log.book.pending
    assert not await healing.queue.client.exists(healing.queue.keys.active)


async def test_a_job_that_is_held_still_is_put_back_later(healing: FakeHealing) -> None:
    """Its lock was replaced by another run's: it waits for that one too."""
    await healing.queue.start("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    await healing.healer.heal([decision], Initiator.AUTO)
    lock = healing.queue.keys.lock("1")
    await healing.queue.client.set(lock, "another", px=30_000)
    await healing.poll()
    assert len(healing.log.book.watched) == 1
    assert not await healing.queue.waiting()
    await healing.queue.client.delete(lock)
    await healing.poll()
    assert await healing.queue.waiting() == ["1"]
    assert not healing.log.book.watched


async def test_a_job_that_somebody_else_put_back(healing: FakeHealing) -> None:
    """It is done once, and not told as ours."""
    await healing.queue.start("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    await healing.healer.heal([decision], Initiator.AUTO)
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    await healing.queue.client.zrem(healing.queue.keys.failed, "1")
    await healing.poll()
    assert [it.act.mode for it in healing.services.told] == [HealMode.FAIL]
    assert not healing.log.book.watched
