"""What stands around an act: a restart in between, a disk that is full after it."""

import pytest

from custom_components.immich_admin_tools.analysis.models import StuckKind
from custom_components.immich_admin_tools.healing.models import (
    HealMode,
    Initiator,
    Outcome,
)
from tests.support.views import job_view

from .fake_house import FakeHouse, order

ORPHAN = job_view(kind=StuckKind.ORPHANED)


async def test_a_restart_comes_between_act_and_verification(house: FakeHouse) -> None:
    """The job is out of the way, and what the restart did is verified."""
    await house.queue.start("1")
    seen: list[int] = []

    async def restart() -> None:
        seen.append(await house.queue.client.llen(house.queue.keys.active))
        assert not house.world.told
        await house.queue.client.delete(house.queue.keys.lock("1"))

    report = await house.healer.heal([order(job_view())], Initiator.USER, restart)
    assert seen == [0]
    assert report.healed[0].outcome is Outcome.CONFIRMED


async def test_a_restart_without_anything_to_clear(house: FakeHouse) -> None:
    """It was asked for, so it is done."""
    seen: list[str] = []

    async def restart() -> None:
        seen.append("restarted")

    report = await house.healer.heal([], Initiator.USER, restart)
    assert seen == ["restarted"]
    assert not report.healed
    assert not (await house.healer.heal([], Initiator.USER)).healed


async def test_a_restart_that_fails_leaves_the_truth_behind(house: FakeHouse) -> None:
    """What was done before it is recorded, and then its error is raised."""
    await house.queue.start("1", token=None)

    async def restart() -> None:
        raise ValueError("no way")

    with pytest.raises(ValueError, match="no way"):
        await house.healer.heal([order(ORPHAN)], Initiator.USER, restart)
    assert house.outcomes == [("1", Outcome.CONFIRMED, None)]
    assert not house.log.book.pending


async def test_a_disk_that_is_full_after_the_act(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """It is done and told, once; nothing is looked up, and storing is tried now and then."""
    await house.queue.start("1", token=None)

    def fill_up() -> None:
        house.section.full = True

    house.world.on_record = fill_up
    report = await house.healer.heal([order(ORPHAN)], Initiator.USER)
    assert report.healed[0].outcome is Outcome.CONFIRMED
    assert not house.log.book.pending
    assert house.section.data["pending"] != []
    house.section.tries = 0
    for _ in range(100):
        await house.poll()
        house.slept += 5
    assert len(house.world.told) == 1
    assert 7 <= house.section.tries <= 9
    assert caplog.text.count("Results of clearing jobs cannot be stored") == 1
    house.section.full = False
    house.slept += 60
    await house.poll()
    assert house.section.data["pending"] == []
    assert house.verification.idle


async def test_a_disk_that_stays_full_until_the_next_start(house: FakeHouse) -> None:
    """It is found out again, told under the same id, and nothing is repeated."""
    await house.queue.start("1", token=None)

    def fill_up() -> None:
        house.section.full = True

    house.world.on_record = fill_up
    await house.healer.heal([order(ORPHAN)], Initiator.USER)
    house.restart()
    for _ in range(20):
        await house.poll()
    assert len(house.world.told) == 2
    assert len({job.act.act_id for job in house.world.told}) == 1
    assert not house.log.book.pending
    assert not await house.queue.client.exists(house.queue.keys.active)


async def test_a_job_that_is_held_still_is_put_back_later(house: FakeHouse) -> None:
    """Its lock was replaced by another run's: it waits for that one too."""
    await house.queue.start("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    await house.healer.heal([decision], Initiator.AUTO)
    lock = house.queue.keys.lock("1")
    await house.queue.client.set(lock, "another", px=30_000)
    await house.poll()
    assert len(house.log.book.watched) == 1
    assert not await house.queue.waiting()
    await house.queue.client.delete(lock)
    await house.poll()
    assert await house.queue.waiting() == ["1"]
    assert not house.log.book.watched


async def test_a_job_that_somebody_else_put_back(house: FakeHouse) -> None:
    """It is done once, and not told as ours."""
    await house.queue.start("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    await house.healer.heal([decision], Initiator.AUTO)
    await house.queue.client.delete(house.queue.keys.lock("1"))
    await house.queue.client.zrem(house.queue.keys.failed, "1")
    await house.poll()
    assert [it.act.mode for it in house.world.told] == [HealMode.FAIL]
    assert not house.log.book.watched
