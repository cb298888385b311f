"""When a slot is held for lost, and what a restart that was seen does to that."""

from dataclasses import replace

from custom_components.immich_admin_tools.analysis.models import StuckKind
from custom_components.immich_admin_tools.bullmq.locks import LockObservation, SlotState
from custom_components.immich_admin_tools.healing.models import Initiator
from custom_components.immich_admin_tools.healing.verdicts import Slot
from custom_components.immich_admin_tools.healing.verification import RestartSigns
from custom_components.immich_admin_tools.history.strikes import StrikeCounts
from tests.bullmq.recovery.made_queue import QUEUE
from tests.support.views import NOW, job_view, queue_view, server_view

from .fake_healing import FakeHealing, order
from .test_journal import act

TOKEN = "token:1"


def look(at: float, ttl: float | None, token: str = TOKEN) -> LockObservation:
    """Return a look; seconds."""
    return LockObservation(
        round(at * 1000),
        None if ttl is None else token,
        None if ttl is None else round(ttl * 1000),
    )


def lost_slot() -> Slot:
    """Return a slot whose lock was seen to be renewed."""
    slot = Slot(act(), 0)
    slot.observe(look(0, 20), 7)
    slot.observe(look(15, 29), 7)
    assert slot.lost
    return slot


def test_a_lock_that_is_not_renewed_any_more_is_no_lost_slot() -> None:
    """Its worker is gone, though the lock has some seconds to run."""
    slot = lost_slot()
    for at in (20, 25, 30):
        slot.observe(look(at, 44 - at), 7)
    assert slot.lost
    slot.observe(look(35, 9), 7)
    assert (slot.lost, slot.state) == (False, SlotState.UNKNOWN)
    slot.observe(look(40, 4), 7)
    slot.observe(look(45, None), 7)
    assert slot.state is SlotState.FREE


def test_after_a_restart_a_slot_has_to_be_seen_lost_anew() -> None:
    """The old lock says nothing; only a renewal after the restart does."""
    slot = lost_slot()
    slot.begin_anew()
    assert not slot.lost
    slot.observe(look(16, 28), 7)
    slot.observe(look(21, 23), 7)
    assert not slot.lost
    slot.observe(look(30, 29), 7)
    assert slot.lost


def test_a_worker_that_was_never_seen_is_new() -> None:
    """By the id in its locks, or by its coming back after there was none."""
    signs = RestartSigns()
    signs.note_worker(QUEUE, "old:3")

    def seen(*tokens: str, worker: bool | None = True) -> set[str]:
        jobs = [
            job_view(str(number), token=token, kind=None, due=False)
            for number, token in enumerate(tokens)
        ]
        return signs.new_workers(server_view(queue_view(jobs=jobs, worker=worker)))

    assert not seen("old:4")
    assert not seen()
    assert seen("old:5", "new:1") == {QUEUE}
    assert not seen("new:2")
    assert not seen(worker=False)
    assert not seen(worker=None)
    assert seen() == {QUEUE}
    assert not seen()
    # Where no worker was known before, none can be told to be new.
    assert not RestartSigns().new_workers(
        server_view(queue_view(jobs=[job_view(token="x:1")]))
    )


async def test_a_restart_that_is_seen_settles_its_slots_at_once(
    healing: FakeHealing,
) -> None:
    """Also one by hand, and before the lock of 30 s has run out."""
    await healing.queue.start("1")

    async def meanwhile(seconds: float) -> None:
        await healing.age_lock("1", seconds)
        if healing.slept % 14 == 0:
            await healing.renew_lock("1")

    healing.meanwhile = meanwhile
    await healing.healer.heal([order(job_view())], Initiator.USER)
    assert healing.verification.lost_slots(QUEUE) == 1
    fresh = job_view("2", token="another-worker:1", kind=None, due=False)
    healing.services.view = server_view(queue_view(jobs=[fresh]))
    await healing.poll()
    assert healing.verification.lost_slots() == 0
    assert not healing.log.book.lost
    # Were the old one still there after all, that is found out, and not told again.
    for _ in range(20):
        await healing.sleep(2)
        await healing.poll()
    assert healing.verification.lost_slots() == 1
    assert len(healing.services.told) == 1


async def test_only_a_lock_that_is_just_renewed_is_still_held(
    healing: FakeHealing,
) -> None:
    """Before the workers are restarted for it, it is looked at once more."""
    await test_a_restart_that_is_seen_settles_its_slots_at_once(healing)
    assert await healing.verification.still_held()
    # The workers are restarted by hand: nobody renews it from here on.
    healing.meanwhile = lambda seconds: healing.age_lock("1", seconds)
    await healing.renew_lock("1")
    begun = healing.slept
    assert not await healing.verification.still_held()
    assert healing.slept - begun <= 20


def test_only_what_hangs_or_was_left_behind_is_a_strike() -> None:
    """A long job says nothing against its photo, until it turns out to hang."""
    book = StrikeCounts()
    long = job_view(kind=StuckKind.LONG_RUNNING)
    assert book.note(long, NOW)
    assert book.count(long) == 0
    assert not book.note(long, NOW)
    hung = replace(long, kind=StuckKind.HUNG)
    for _ in range(3):
        assert not book.note(hung, NOW + 1)
    assert book.count(hung) == 1
    again = replace(hung, processed_on=NOW)
    assert book.note(again, NOW + 2)
    assert book.count(again) == 2
    loaded = StrikeCounts.from_dict(book.to_dict(NOW))
    assert not loaded.note(again, NOW + 3)
    assert loaded.count(again) == 2


def test_strikes_of_0_1_0_load() -> None:
    """What it noted it had counted."""
    job = job_view(kind=StuckKind.HUNG)
    book = StrikeCounts()
    book.note(job, NOW)
    stored = book.to_dict(NOW)
    for strikes in stored.values():
        assert isinstance(strikes, dict)
        del strikes["counted"]
    loaded = StrikeCounts.from_dict(stored)
    assert not loaded.note(job, NOW)
    assert loaded.count(job) == 1
