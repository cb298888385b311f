"""Jobs without a lock: orphans and ghosts, and what must not be taken for one."""

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import QueueState, StuckKind
from custom_components.immich_admin_tools.bullmq.models import QueueReading

from .builders import NOW, beat, job, queue, reading
from .watching import FACES, THRESHOLDS, first, kinds, since, watch


def test_orphan_of_a_living_queue() -> None:
    """BullMQ has 150 s to heal it; it is named at the second poll."""
    views = watch(
        lambda now: (queue(jobs=(job(lock=None),), heartbeat=beat(now)),), 300
    )
    assert first(views[0]).kind is None
    assert kinds(views)[5] == (StuckKind.ORPHANED, False)
    assert since(views, StuckKind.ORPHANED, due=True) == 150


def test_orphan_of_a_lost_worker() -> None:
    """With no worker to put it back it is the worker that is lost, not the job."""
    views = watch(lambda _: (queue(jobs=(job(lock=None),)),), 3_600)
    assert since(views, StuckKind.ORPHANED, due=False) == 5
    assert views[50].queues[FACES].state is QueueState.WORKER_LOST
    assert views[3_600].queues[FACES].state is QueueState.WORKER_LOST


@pytest.mark.parametrize("missing", [False, True])
def test_not_to_know_of_a_worker_is_not_to_have_one(missing: bool) -> None:
    """Looks that always miss the heartbeat prove nothing: nothing is due."""
    analyst = Analyst()
    left = job(lock=None, missing=missing)
    other = job("2", lock_ttl=31_000)
    for number in range(10):
        now = NOW + number * 60_000
        view = analyst.update_from_redis(
            reading(now, queue(jobs=(left, other))), THRESHOLDS
        )
        assert view.queues[FACES].worker is None
        (one,) = [it for it in view.queues[FACES].jobs if it.job_id == "1"]
        assert not one.due


@pytest.mark.parametrize("missing", [False, True])
def test_a_worker_that_came_back_gets_its_time(missing: bool) -> None:
    """After a restart BullMQ heals an old orphan itself: not due for 150 s."""
    analyst = Analyst()
    left = job(lock=None, missing=missing)
    kind = StuckKind.GHOST if missing else StuckKind.ORPHANED
    gone = watch(lambda _: (queue(jobs=(left,)),), 600, analyst=analyst)
    assert not any(view.stuck_jobs for view in gone.values())
    back = watch(
        lambda now: (queue(jobs=(left,), heartbeat=beat(now)),),
        900,
        analyst=analyst,
        begin=605,
    )
    assert kinds(back)[605] == (kind, False)
    assert since(back, kind, due=True) == 755


@pytest.mark.parametrize("interval", [120, 130, 300])
def test_ghosts_are_seen_by_rare_polls(interval: int) -> None:
    """Two polls in a row are two, however far apart they are meant to be."""
    analyst = Analyst()
    ghost = job(missing=True, lock=None)
    due = []
    for number in range(6):
        now = NOW + number * interval * 1_000
        read = reading(now, queue(jobs=(ghost,), heartbeat=beat(now)))
        view = analyst.update_from_redis(
            read, THRESHOLDS, now, now, interval=interval * 1_000
        )
        due.append(first(view).due)
    assert due[-1]
    assert first(view).kind is StuckKind.GHOST


def test_killed_worker() -> None:
    """The lock runs out, the heartbeat goes, the job is an orphan in time."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        left = 30_000 - (now - NOW)
        lock = job(lock_ttl=left) if left > 0 else job(lock=None)
        heartbeat = beat(now, age=now - NOW) if left > 0 else None
        return (queue(jobs=(lock,), heartbeat=heartbeat, wait=3),)

    views = watch(poll, 120)
    assert first(views[20]).renewal_missed
    assert not first(views[10]).renewal_missed
    assert kinds(views)[35] == (StuckKind.ORPHANED, False)
    assert since(views, StuckKind.ORPHANED, due=False) == 35
    assert views[75].queues[FACES].state is QueueState.RUNNING
    assert views[80].queues[FACES].state is QueueState.WORKER_LOST


def test_ghost() -> None:
    """Neither hash nor lock, in two polls; due when nobody sweeps it."""
    ghost = job(missing=True, lock=None)
    views = watch(lambda now: (queue(jobs=(ghost,), heartbeat=beat(now)),), 200)
    assert first(views[0]).kind is None
    assert kinds(views)[5] == (StuckKind.GHOST, False)
    assert since(views, StuckKind.GHOST, due=True) == 150
    assert first(views[5]).name is None


def test_jobs_that_just_finish_are_no_ghosts() -> None:
    """Another nil hash at each poll is a busy queue."""
    views = watch(
        lambda now: (
            queue(jobs=(job(str(now), missing=True, lock=None),), heartbeat=beat(now)),
        ),
        600,
    )
    assert all(first(view).kind is None for view in views.values())


def test_ghosts_far_apart_are_not_one() -> None:
    """The same id without a hash before and after an outage proves nothing yet."""
    analyst = Analyst()
    ghost = queue(jobs=(job(missing=True, lock=None),))
    analyst.update_from_redis(reading(NOW, ghost), THRESHOLDS)
    later = analyst.update_from_redis(reading(NOW + 600_000, ghost), THRESHOLDS)
    assert first(later).kind is None


def test_hash_gone_but_lock_renewed() -> None:
    """Cleared by a naive tool, still held by its worker: late, by what was watched."""
    views = watch(
        lambda now: (queue(jobs=(job(missing=True),), heartbeat=beat(now)),), 1_000
    )
    assert kinds(views)[295] == (None, False)
    assert since(views, StuckKind.LONG_RUNNING, due=True) == 300


def test_ghosts_before_and_after_a_flush() -> None:
    """The same id is another job after a flush, also without its hash."""
    analyst = Analyst()
    ghost = queue(jobs=(job(missing=True, lock=None),), job_counter=900)
    analyst.update_from_redis(reading(NOW, ghost), THRESHOLDS)
    flushed = queue(jobs=(job(missing=True, lock=None),), job_counter=3)
    view = analyst.update_from_redis(reading(NOW + 5_000, flushed), THRESHOLDS)
    assert first(view).kind is None
