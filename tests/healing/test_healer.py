"""Acts on a real Redis: what is done, what is said of it, and what a crash leaves."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.models import (
    QueueState,
    QueueView,
    StuckKind,
)
from custom_components.immich_admin_tools.bullmq.errors import (
    MissingRightsError,
    RedisCannotConnectError,
)
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery, Result
from custom_components.immich_admin_tools.healing.errors import NotStoredError
from custom_components.immich_admin_tools.healing.models import (
    FAIL_REASON,
    MAY_CHANGE,
    HealMode,
    Initiator,
    Outcome,
    SkippedJob,
    SkipReason,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.healing.verification import ANSWER_WITHIN
from tests.bullmq.recovery.made_queue import PROCESSED_ON, QUEUE
from tests.support.fake_immich import CrashError, FakeImmich
from tests.support.valkey import Valkey
from tests.support.views import job_view, queue_view, server_view

from .fake_healing import FakeHealing, order


async def test_a_worker_that_hangs_on_is_a_lost_slot(healing: FakeHealing) -> None:
    """The lock is renewed although the job is gone."""
    await healing.queue.start("1")

    async def meanwhile(seconds: float) -> None:
        await healing.age_lock("1", seconds)
        if healing.slept % 14 == 0:
            await healing.renew_lock("1")

    healing.meanwhile = meanwhile
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    assert [(it.outcome, it.doubt) for it in report.healed] == [
        (Outcome.SLOT_LOST, None)
    ]
    assert healing.slept * 1000 < ANSWER_WITHIN
    assert (
        healing.verification.lost_slots() == healing.verification.lost_slots(QUEUE) == 1
    )
    assert healing.verification.lost_slots("library") == 0
    assert not await healing.queue.job("1")


async def test_a_worker_that_lets_go_is_confirmed(healing: FakeHealing) -> None:
    """Nobody renews the lock; it runs out."""
    await healing.queue.start("1")
    healing.meanwhile = lambda seconds: healing.age_lock("1", seconds)
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    assert report.healed[0].outcome is Outcome.CONFIRMED
    assert healing.slept > 25
    assert healing.verification.lost_slots() == 0
    assert not healing.log.book.pending
    assert not healing.log.book.watched


async def test_a_lock_that_tells_nothing_is_looked_at_later(
    healing: FakeHealing,
) -> None:
    """No poll came while somebody waited; the truth comes with a later one."""
    await healing.queue.start("1")
    healing.poll_every = None
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    assert (report.healed[0].outcome, report.healed[0].doubt) == (
        Outcome.UNCONFIRMED,
        UnconfirmedReason.TOO_EARLY,
    )
    assert healing.slept * 1000 == ANSWER_WITHIN
    assert healing.services.asked > 1
    await healing.poll()
    assert len(healing.outcomes) == 1
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    await healing.poll()
    assert healing.outcomes[1:] == [("1", Outcome.CONFIRMED, None)]
    assert not healing.log.book.watched


async def test_a_lost_slot_is_remembered_until_its_lock_is_gone(
    healing: FakeHealing,
) -> None:
    """Also across a restart of Home Assistant."""
    await test_a_worker_that_hangs_on_is_a_lost_slot(healing)
    healing.restart()
    await healing.poll()
    assert healing.verification.lost_slots(QUEUE) == 1
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    await healing.poll()
    assert healing.verification.lost_slots(QUEUE) == 0
    # What was said of the act stays: the slot was lost.
    assert [it.outcome for it in healing.services.told] == [Outcome.SLOT_LOST]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (queue_view(), (Outcome.CONFIRMED, None)),
        (
            queue_view(waiting=1, worker=False),
            (Outcome.UNCONFIRMED, UnconfirmedReason.NO_WORKER),
        ),
        (queue_view(worker=None), (Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY)),
        (queue_view(is_paused=True), (Outcome.UNCONFIRMED, UnconfirmedReason.PAUSED)),
        (
            queue_view(waiting=1, state=QueueState.STALLED),
            (Outcome.UNCONFIRMED, UnconfirmedReason.NOT_MOVING),
        ),
    ],
)
async def test_an_orphan_is_judged_by_its_queue(
    healing: FakeHealing,
    seen: QueueView,
    expected: tuple[Outcome, UnconfirmedReason | None],
) -> None:
    """It has no lock that could tell."""
    await healing.queue.start("1", token=None)
    healing.services.view = server_view(seen)
    report = await healing.healer.heal(
        [order(job_view(kind=StuckKind.ORPHANED), HealMode.REQUEUE)], Initiator.USER
    )
    assert (report.healed[0].outcome, report.healed[0].doubt) == expected
    assert await healing.queue.waiting() == ["1"]
    # What may still change is followed on, and told when it has.
    may_change = expected[1] in MAY_CHANGE
    assert bool(healing.log.book.watched) is may_change
    healing.services.view = server_view(queue_view())
    await healing.poll()
    assert not healing.log.book.watched
    assert len(healing.services.told) == 1 + may_change
    assert (healing.services.told[-1].outcome is Outcome.CONFIRMED) is (
        may_change or expected[0] is Outcome.CONFIRMED
    )


async def test_a_queue_that_begins_to_move_is_waited_for(healing: FakeHealing) -> None:
    """It takes a worker a moment to take the next job."""
    await healing.queue.start("1", token=None)
    healing.services.view = server_view(queue_view(waiting=1, state=QueueState.STALLED))

    async def meanwhile(_: float) -> None:
        if healing.slept > 6:
            healing.services.view = server_view(queue_view(waiting=1))

    healing.meanwhile = meanwhile
    report = await healing.healer.heal(
        [order(job_view(kind=StuckKind.ORPHANED))], Initiator.USER
    )
    assert report.healed[0].outcome is Outcome.CONFIRMED
    assert 6 < healing.slept < 10


async def test_a_job_that_ended_meanwhile_is_left_alone(healing: FakeHealing) -> None:
    """And so is one that runs anew, or under another lock."""
    await healing.queue.start("2", processedOn=PROCESSED_ON + 1)
    await healing.queue.start("3", token="another")
    before = await healing.queue.dump()
    report = await healing.healer.heal(
        [order(job_view(job_id)) for job_id in ("1", "2", "3")], Initiator.USER
    )
    assert report.skipped == tuple(
        SkippedJob(QUEUE, job_id, SkipReason.RACED) for job_id in ("1", "2", "3")
    )
    assert not report.healed
    assert not healing.outcomes
    assert not healing.log.book.pending
    assert await healing.queue.dump() == before


async def test_two_healers_at_once_do_it_once(healing: FakeHealing) -> None:
    """The fences decide; the loser says that it was raced."""
    await healing.queue.start("1", token=None)
    other = FakeHealing(healing.queue)
    decision = order(job_view(kind=StuckKind.ORPHANED), HealMode.REQUEUE)
    first = await healing.healer.heal([decision], Initiator.AUTO)
    second = await other.healer.heal([decision], Initiator.AUTO)
    assert len(first.healed) == 1
    assert [it.reason for it in second.skipped] == [SkipReason.RACED]
    assert not other.services.told
    assert await healing.queue.waiting() == ["1"]


async def test_nothing_is_done_that_can_not_be_written_down(
    healing: FakeHealing,
) -> None:
    """A full disk."""
    await healing.queue.start("1")
    before = await healing.queue.dump()
    healing.section.full = True
    with pytest.raises(NotStoredError):
        await healing.healer.heal([order(job_view())], Initiator.USER)
    after = await healing.queue.dump()
    assert after.keys() == before.keys()
    assert not healing.services.told
    assert healing.verification.idle


async def test_missing_rights_are_named_and_nothing_is_changed(
    healing: FakeHealing, valkey: Valkey
) -> None:
    """A user of Redis who may only read."""
    await healing.queue.start("1")
    client = healing.queue.client
    await client.acl_setuser(
        "reader",
        enabled=True,
        passwords=["+secret"],
        keys=["*"],
        categories=["+@all"],
        commands=["-lrem"],
    )
    async with valkey.client(username="reader", password="secret") as reader:
        reading = FakeHealing(replace(healing.queue, client=reader))
        with pytest.raises(MissingRightsError) as error:
            await reading.healer.heal([order(job_view())], Initiator.USER)
    assert error.value.commands == ("+lrem",)
    assert await client.lrange(healing.queue.keys.active, 0, -1) == [b"1"]
    assert not reading.log.book.pending
    assert not reading.services.told


async def test_what_got_no_reply_is_looked_up_later(
    healing: FakeHealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis did it and fell silent before it could say so; the rest was never tried."""
    await healing.queue.start("1", token=None)
    await healing.queue.start("2", token=None)
    remove = QueueRecovery.remove

    async def remove_without_reply(*args: object) -> Result:
        await remove(*args)  # type: ignore[arg-type]  # handed through
        raise RedisCannotConnectError("Nobody answers")

    monkeypatch.setattr(QueueRecovery, "remove", remove_without_reply)
    jobs = [job_view(job_id, kind=StuckKind.ORPHANED) for job_id in ("1", "2")]
    report = await healing.healer.heal([order(job) for job in jobs], Initiator.USER)
    assert [(it.outcome, it.doubt) for it in report.healed] == [
        (Outcome.UNCONFIRMED, UnconfirmedReason.REDIS_LOST),
        (Outcome.FAILED, None),
    ]
    assert [act.job_id for act in healing.log.book.pending.values()] == ["1"]
    await healing.poll()
    assert not healing.log.book.pending
    assert healing.outcomes[-1] == ("1", Outcome.CONFIRMED, None)
    assert await healing.queue.client.lrange(healing.queue.keys.active, 0, -1) == [b"2"]


@pytest.mark.parametrize("mode", list(HealMode))
async def test_killed_between_act_and_record(
    healing: FakeHealing, mode: HealMode
) -> None:
    """At the next start the history gets the truth, and nothing is repeated."""
    await healing.queue.start("1", token=None)

    def killed() -> None:
        raise CrashError

    healing.services.on_record = killed
    decision = order(job_view(kind=StuckKind.ORPHANED), mode)
    with pytest.raises(CrashError):
        await healing.healer.heal([decision], Initiator.AUTO)
    healing.restart()
    assert [act.job_id for act in healing.log.book.pending.values()] == ["1"]
    after_act = await healing.queue.dump()
    healing.services.on_record = lambda: None
    await healing.poll()
    assert healing.outcomes == [("1", Outcome.CONFIRMED, None)]
    assert healing.services.told[0].act.mode is mode
    assert await healing.queue.dump() == after_act
    assert not healing.log.book.pending
    await healing.poll()
    assert len(healing.outcomes) == 1


async def test_killed_before_the_act(healing: FakeHealing) -> None:
    """It was written down and never done: so it says, and leaves the job alone."""
    await healing.queue.start("1")
    # The first write is still done, then Home Assistant is gone.
    healing.section.immich = FakeImmich({}, crash_in=0)
    with pytest.raises(CrashError):
        await healing.healer.heal([order(job_view())], Initiator.USER)
    healing.section.immich = None
    healing.restart()
    await healing.poll()
    assert healing.outcomes == [("1", Outcome.FAILED, UnconfirmedReason.INTERRUPTED)]
    assert await healing.queue.client.lrange(healing.queue.keys.active, 0, -1) == [b"1"]


async def test_a_lost_slot_found_after_a_crash(healing: FakeHealing) -> None:
    """The watch goes on where it was broken off."""
    await healing.queue.start("1")

    async def killed(_: float) -> None:
        raise CrashError

    healing.meanwhile = killed
    with pytest.raises(CrashError):
        await healing.healer.heal([order(job_view())], Initiator.USER)
    healing.restart()
    await healing.poll()
    assert healing.outcomes == [
        ("1", Outcome.UNCONFIRMED, UnconfirmedReason.INTERRUPTED)
    ]
    await healing.age_lock("1", 10)
    await healing.poll()
    await healing.renew_lock("1")
    await healing.poll()
    assert healing.outcomes[1:] == [("1", Outcome.SLOT_LOST, None)]
    assert healing.verification.lost_slots() == 1


async def test_put_back_once_the_worker_is_free(healing: FakeHealing) -> None:
    """With a restart: first given up, so that it can't run twice, then put back."""
    await healing.queue.start("1")
    healing.meanwhile = lambda _: healing.renew_lock("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    report = await healing.healer.heal([decision], Initiator.AUTO)
    assert report.healed[0].outcome is Outcome.SLOT_LOST
    assert (await healing.queue.job("1"))["failedReason"] == FAIL_REASON
    healing.restart()
    await healing.poll()
    assert not await healing.queue.waiting()
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    await healing.poll()
    assert await healing.queue.waiting() == ["1"]
    assert [it.act.mode for it in healing.services.told[1:]] == [HealMode.REQUEUE]
    await healing.poll()
    assert await healing.queue.waiting() == ["1"]


async def test_a_flush_makes_nothing_free(healing: FakeHealing) -> None:
    """The lock is gone because everything is gone."""
    await healing.queue.client.set(healing.queue.keys.job_counter, 7)
    await healing.queue.start("1")

    async def flushed(_: float) -> None:
        await healing.queue.client.flushall()

    healing.meanwhile = flushed
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    assert report.healed[0].doubt is UnconfirmedReason.FLUSHED
    assert not healing.log.book.watched


async def test_other_run_hides_the_slot(healing: FakeHealing) -> None:
    """A job with an id of its own was added again and is running."""
    await healing.queue.start("1")

    async def replaced(_: float) -> None:
        await healing.queue.client.set(healing.queue.keys.lock("1"), "new", px=30_000)

    healing.meanwhile = replaced
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    assert report.healed[0].doubt is UnconfirmedReason.OTHER_RUN
