"""A lock that is gone as nobody could renew it, or as its worker was killed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.bullmq.errors import RedisCannotConnectError
from custom_components.immich_admin_tools.bullmq.locks import (
    SlotReading,
    SlotState,
    read_slots,
)
from custom_components.immich_admin_tools.healing import verification
from custom_components.immich_admin_tools.healing.models import (
    HealedJob,
    HealMode,
    Initiator,
    Outcome,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.healing.verdicts import Slot, verdict_by_lock
from tests.bullmq.recovery.made_queue import QUEUE, TOKEN
from tests.support.views import job_view, queue_view, server_view

from .fake_healing import FakeHealing, order
from .test_journal import act
from .test_restart_signs import look

HOUR = 3_600
DOUBT = (Outcome.UNCONFIRMED, UnconfirmedReason.REDIS_LOST)


def slot_seen(*looks: tuple[float, float | None]) -> Slot:
    """Return a slot, watched from an act at 0; seconds."""
    slot = Slot(act(), 0, from_the_act=True)
    for at, ttl in looks:
        slot.observe(look(at, ttl), 7)
    return slot


@pytest.mark.parametrize(
    ("looks", "state"),
    [
        # Looked at all the time: nobody renewed it, though it could have been.
        ([(5, 18), (10, 13), (15, 8), (20, 3), (25, None)], SlotState.FREE),
        # Taken away before its end.
        ([(5, 18), (10, None)], SlotState.FREE),
        ([(5, None)], SlotState.FREE),
        # Longer than it had left, and not overdue before.
        ([(5, 18), (38, None)], SlotState.UNKNOWN),
        ([(5, 28), (10, 23), (45, None)], SlotState.UNKNOWN),
        ([(35, None)], SlotState.UNKNOWN),
        # Redis stood still, and the lock had some seconds left when it was back.
        ([(5, 25), (10, 20), (27, 3), (32, None)], SlotState.UNKNOWN),
        # It was overdue before Redis went: its worker had had its time.
        ([(5, 18), (10, 13), (15, 8), (50, None)], SlotState.FREE),
        # Back, renewed, and then let go.
        ([(5, 18), (20, 29), (28, 21), (36, 13), (44, 5), (50, None)], SlotState.FREE),
    ],
)
def test_what_a_missing_lock_proves(
    looks: list[tuple[float, float | None]], state: SlotState
) -> None:
    """Only what a worker that hangs on would not have let happen."""
    assert slot_seen(*looks).state is state


def test_a_failed_look_makes_it_doubtful_until_it_is_renewed() -> None:
    """Its worker may need longer than we to reach Redis again."""
    slot = slot_seen((5, 18))
    slot.interrupted()
    for at, ttl in ((10, 13), (15, 8), (20, 3)):
        slot.observe(look(at, ttl), 7)
    slot.observe(look(25, None), 7)
    assert slot.in_doubt
    assert verdict_by_lock(slot, queue_view()) == DOUBT
    slot.note_new_worker(1_000_000)
    assert slot.state is SlotState.FREE
    renewed = slot_seen((5, 18))
    renewed.interrupted()
    renewed.observe(look(10, 29), 7)
    for at in (18, 26, 34):
        renewed.observe(look(at, 39 - at), 7)
    renewed.observe(look(40, None), 7)
    assert renewed.state is SlotState.FREE


def test_a_lost_slot_stays_lost_over_a_gap() -> None:
    """It was seen to hang on, and nothing proves that it let go."""
    slot = slot_seen((5, 18), (10, 29))
    assert slot.lost
    slot.observe(look(45, None), 7)
    assert (slot.lost, slot.state) == (True, SlotState.LOST)
    # A worker from before the last renewal is no new one.
    slot.note_new_worker(5_000)
    assert slot.state is SlotState.LOST


@pytest.mark.parametrize(("slots", "proved"), [(1, True), (3, False), (None, False)])
def test_a_queue_that_moves_proves_only_a_single_slot(
    slots: int | None, proved: bool
) -> None:
    """With several, the others go on while one hangs."""
    slot = slot_seen((5, 18), (10, 29), (45, None))
    slot.note_queue(queue_view(processed=9), slots)
    assert slot.in_doubt
    slot.note_queue(queue_view(processed=9), slots)
    assert slot.in_doubt
    slot.note_queue(queue_view(processed=10), slots)
    assert slot.in_doubt is not proved
    assert (slot.state is SlotState.FREE) is proved


@pytest.mark.parametrize(
    ("alive_at", "worker", "expected"),
    [
        (None, None, (Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY)),
        # After the act, and before it would have had to renew: killed in between?
        (4, True, (Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY)),
        (4, False, (Outcome.UNCONFIRMED, UnconfirmedReason.NO_WORKER)),
        (9, True, (Outcome.CONFIRMED, None)),
    ],
)
def test_no_worker_is_free_before_one_is_seen(
    alive_at: int | None,
    worker: bool | None,
    expected: tuple[Outcome, UnconfirmedReason | None],
) -> None:
    """A killed one's lock runs out as well."""
    slot = slot_seen((5, 18), (10, 13), (15, 8), (20, 3), (25, None))
    queue = replace(
        queue_view(worker=worker),
        worker_alive_at=None if alive_at is None else alive_at * 1000,
    )
    assert verdict_by_lock(slot, queue) == expected
    assert verdict_by_lock(slot, None) == (
        Outcome.UNCONFIRMED,
        UnconfirmedReason.TOO_EARLY,
    )


async def told_after(
    healing: FakeHealing, meanwhile: Callable[[float], Awaitable[None]]
) -> HealedJob:
    """Clear a hung job, and return what is said of it."""
    await healing.queue.start("1")
    healing.meanwhile = meanwhile
    report = await healing.healer.heal([order(job_view())], Initiator.USER)
    return report.healed[0]


async def test_redis_stands_still_while_it_is_verified(
    healing: FakeHealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look comes through for longer than the lock lives; the worker hangs on."""
    real = read_slots

    async def read(*args: object) -> SlotReading:
        if 2 < healing.slept < 34:
            raise RedisCannotConnectError("Nobody answers")
        return await real(*args)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(verification, "read_slots", read)
    job = await told_after(healing, lambda seconds: healing.age_lock("1", seconds))
    assert (job.outcome, job.doubt) == DOUBT
    assert healing.log.book.watched
    # A queue with several slots that moves proves nothing, even after a while.
    for number in range(5):
        healing.services.view = server_view(queue_view(processed=number))
        await healing.sleep(60)
        await healing.poll()
    assert len(healing.outcomes) == 1
    # A new worker does.
    fresh = job_view("2", token="another-worker:1", kind=None, due=False)
    healing.services.view = server_view(queue_view(jobs=[fresh]))
    await healing.poll()
    assert healing.outcomes[1:] == [("1", Outcome.CONFIRMED, None)]
    assert not healing.log.book.watched


async def test_a_doubt_that_nothing_settles_is_let_go(healing: FakeHealing) -> None:
    """After an hour; what was said stays."""

    async def gap(_: float) -> None:
        if healing.slept < 10:
            healing.slept += 30
        await healing.queue.client.delete(healing.queue.keys.lock("1"))

    job = await told_after(healing, gap)
    assert (job.outcome, job.doubt) == DOUBT
    await healing.poll()
    assert healing.log.book.watched
    healing.meanwhile = None
    await healing.sleep(HOUR)
    await healing.poll()
    assert not healing.log.book.watched
    assert len(healing.outcomes) == 1


async def test_a_lost_slot_is_still_lost_after_home_assistant_was_away(
    healing: FakeHealing,
) -> None:
    """Nobody saw how its lock went; the next job of a new worker settles it."""

    async def renewed(seconds: float) -> None:
        await healing.age_lock("1", seconds)
        if healing.slept % 14 == 0:
            await healing.renew_lock("1")

    job = await told_after(healing, renewed)
    assert job.outcome is Outcome.SLOT_LOST
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    healing.restart()
    for _ in range(3):
        await healing.poll()
        assert healing.verification.lost_slots(QUEUE) == 1
    same = job_view("2", token=TOKEN, kind=None, due=False)
    healing.services.view = server_view(queue_view(jobs=[same]))
    await healing.poll()
    assert healing.verification.lost_slots(QUEUE) == 1
    fresh = job_view("2", token="another-worker:1", kind=None, due=False)
    healing.services.view = server_view(queue_view(jobs=[fresh]))
    await healing.poll()
    assert healing.verification.lost_slots(QUEUE) == 0
    assert not healing.log.book.lost


async def test_a_worker_that_is_killed_meanwhile(healing: FakeHealing) -> None:
    """Its lock runs out; that it is free is said when a worker is seen."""
    healing.services.view = server_view(queue_view(worker=None))
    job = await told_after(healing, lambda seconds: healing.age_lock("1", seconds))
    assert (job.outcome, job.doubt) == (
        Outcome.UNCONFIRMED,
        UnconfirmedReason.TOO_EARLY,
    )
    assert healing.verification.lost_slots() == 0
    healing.services.view = server_view(queue_view(worker=False))
    await healing.poll()
    assert healing.outcomes[1:] == [
        ("1", Outcome.UNCONFIRMED, UnconfirmedReason.NO_WORKER)
    ]
    assert not healing.log.book.watched


async def test_a_job_is_not_put_back_while_its_worker_may_hang_on(
    healing: FakeHealing,
) -> None:
    """It would run twice at a time."""
    await healing.queue.start("1")
    healing.meanwhile = lambda _: healing.renew_lock("1")
    decision = order(job_view(), HealMode.FAIL, retry_when_free=True)
    await healing.healer.heal([decision], Initiator.AUTO)
    healing.meanwhile = None
    await healing.sleep(2 * HOUR)
    await healing.queue.client.delete(healing.queue.keys.lock("1"))
    await healing.poll()
    assert not await healing.queue.waiting()
    await healing.verification.workers_restarted()
    await healing.poll()
    assert await healing.queue.waiting() == ["1"]
