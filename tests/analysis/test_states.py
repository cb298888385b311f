"""What a queue is doing, above all when it silently does nothing."""

from collections.abc import Callable

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    NoEta,
    QueueState,
    QueueView,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import (
    JobEvent,
    QueueReading,
    StreamState,
)

from .builders import NOW, SECOND, beat, event, job, queue, reading

OCR = "ocr"


def watch(
    poll: Callable[[int, int], QueueReading], until: int, analyst: Analyst | None = None
) -> dict[int, QueueView]:
    """Poll one queue every 5 s; `poll` gets the second and the time (ms)."""
    analyst = analyst or Analyst()
    views: dict[int, QueueView] = {}
    for second in range(0, until + 1, 5):
        now = NOW + second * SECOND
        view = analyst.update_from_redis(reading(now, poll(second, now)), Thresholds())
        views[second] = view.queues[OCR]
    return views


def working(now: int, every: int, second: int) -> tuple[JobEvent, ...]:
    """Return a job that ended now, every so many seconds."""
    if second % every:
        return ()
    return (
        event(f"{now - 2_000}-0", "active", str(second)),
        event(f"{now - 1_000}-0", "completed", str(second)),
    )


@pytest.mark.parametrize(
    ("reading_of", "state", "reason"),
    [
        ({}, QueueState.IDLE, NoEta.NOTHING_TO_DO),
        ({"delayed": 3, "failed": 2}, QueueState.IDLE, NoEta.NOTHING_TO_DO),
        ({"wait": 3}, QueueState.RUNNING, NoEta.MEASURING),
        ({"prioritized": 3}, QueueState.RUNNING, NoEta.MEASURING),
        ({"active": 3}, QueueState.RUNNING, NoEta.MEASURING),
        ({"is_paused": True}, QueueState.PAUSED, NoEta.PAUSED),
        ({"is_paused": True, "paused": 3}, QueueState.PAUSED, NoEta.PAUSED),
        ({"is_paused": True, "active": 1}, QueueState.PAUSED, NoEta.PAUSED),
    ],
)
def test_plain_states(
    reading_of: dict[str, int], state: QueueState, reason: NoEta
) -> None:
    """Running is to have something to do."""
    views = watch(
        lambda _, now: queue(OCR, heartbeat=beat(now), **reading_of),  # type: ignore[arg-type]  # counts and a flag
        10,
    )
    assert views[10].state is state
    assert views[10].state_since == NOW
    assert views[10].no_eta is reason


def test_worker_lost_needs_work() -> None:
    """A lost worker of an idle queue is told by `worker`, not by the state."""
    idle = watch(lambda _, __: queue(OCR), 100)
    assert idle[100].state is QueueState.IDLE
    assert idle[100].worker is False
    paused = watch(lambda _, __: queue(OCR, paused=4, is_paused=True), 100)
    assert paused[100].state is QueueState.WORKER_LOST


def test_nobody_takes_what_waits() -> None:
    """Waiting, nothing active, worker alive: stalled after the queue's threshold."""
    views = watch(lambda _, now: queue(OCR, wait=5, heartbeat=beat(now)), 400)
    assert views[300].state is QueueState.RUNNING
    assert views[305].state is QueueState.STALLED
    assert views[400].stalled_since == NOW + 305 * SECOND
    assert views[400].no_eta is NoEta.NOT_MOVING
    assert views[300].stalled_since is None


def test_stalled_sooner_where_gaps_are_short() -> None:
    """A queue that used to do a job every 5 s is stalled after a minute."""

    def poll(second: int, now: int) -> QueueReading:
        events = working(now, 5, second) if second <= 300 else ()
        return queue(OCR, wait=50, heartbeat=beat(now), events=events)

    views = watch(poll, 400)
    assert views[360].state is QueueState.RUNNING
    assert views[365].state is QueueState.STALLED


def test_long_gaps_are_normal_where_they_are_usual() -> None:
    """A queue with a job every ten minutes is not stalled in between."""

    def poll(second: int, now: int) -> QueueReading:
        events = working(now, 600, second)
        return queue(OCR, wait=50, active=0, heartbeat=beat(now), events=events)

    views = watch(poll, 600 * 30)
    assert views[600 * 29].state is QueueState.RUNNING
    late = [s for s, view in views.items() if view.state is QueueState.STALLED]
    assert all(second < 600 * 22 for second in late)


def test_not_moving_and_stuck_at_one_moment() -> None:
    """With something active a queue stands still from when all of that is stuck."""

    def poll(second: int, now: int) -> QueueReading:
        if second <= 300:
            return queue(
                OCR, wait=50, heartbeat=beat(now), events=working(now, 5, second)
            )
        one = job(started=NOW + 300 * SECOND)
        return queue(OCR, wait=50, jobs=(one,), heartbeat=beat(now))

    views = watch(poll, 700)
    assert views[595].state is QueueState.RUNNING
    assert not views[595].stuck
    assert views[600].state is QueueState.STALLED
    assert len(views[600].stuck) == 1


def test_moving_again() -> None:
    """One job is enough, and a stall that is over is no normal gap."""

    def poll(second: int, now: int) -> QueueReading:
        events = () if 300 < second <= 2_000 else working(now, 5, second)
        return queue(OCR, wait=50, heartbeat=beat(now), events=events)

    views = watch(poll, 2_400)
    assert views[2_000].state is QueueState.STALLED
    assert views[2_005].state is QueueState.RUNNING
    again = watch(lambda second, now: poll(second % 2_400, now), 2_400 + 400)
    assert again[2_765].state is QueueState.STALLED


def test_stalls_do_not_become_normal() -> None:
    """After three stalls of an hour among twenty gaps the next is told within the hour."""
    moves = {*range(0, 105, 5), 3_700, 7_300, 10_900}

    def poll(second: int, now: int) -> QueueReading:
        events = working(now, 5, second) if second in moves else ()
        return queue(OCR, wait=50, heartbeat=beat(now), events=events)

    views = watch(poll, 14_500)
    for begin in (100, 3_700, 7_300, 10_900):
        assert views[begin + 5].state is QueueState.RUNNING
        assert views[begin + 3_595].state is QueueState.STALLED


@pytest.mark.parametrize("pause", [True, False])
def test_time_in_which_nothing_could_move_is_no_stall(pause: bool) -> None:
    """After a pause, or an empty queue, the clock begins anew."""

    def poll(second: int, now: int) -> QueueReading:
        if second < 1_000:
            waiting = 5 if pause else 0
            return queue(OCR, wait=waiting, is_paused=pause, heartbeat=beat(now))
        return queue(OCR, wait=5, heartbeat=beat(now))

    views = watch(poll, 1_400)
    assert views[1_300].state is QueueState.RUNNING
    assert views[1_305].state is QueueState.STALLED


def test_lost_worker_is_no_stall() -> None:
    """The worse word is said."""
    views = watch(lambda _, __: queue(OCR, wait=5), 600)
    assert views[600].state is QueueState.WORKER_LOST


def test_rate_and_processed_from_redis() -> None:
    """Ten jobs in 5 s are 120 a minute, exactly counted."""

    def poll(second: int, now: int) -> QueueReading:
        done = second * 2
        events = tuple(
            event(f"{now - 4_000 + n}-0", "completed", str(done - n)) for n in range(10)
        )
        return queue(
            OCR,
            wait=10_000 - done,
            heartbeat=beat(now),
            job_counter=10_000,
            stream=StreamState(10_000, 50_000 + done, f"{now}-0"),
            events=events if second else (),
        )

    views = watch(poll, 300)
    assert views[300].processed == 600
    assert views[300].rate_per_minute == 120
    assert not views[300].rate_is_estimate
    eta = views[300].eta
    assert eta is not None
    assert eta.finish == pytest.approx(NOW + 5_000 * SECOND, abs=20 * SECOND)


def test_idle_is_held_for_half_a_minute() -> None:
    """A photo's jobs follow each other: between two of them nothing is over."""

    def poll(second: int, now: int) -> QueueReading:
        jobs = (job(str(second), started=now - 900),) if second % 10 == 0 else ()
        if second > 600:
            jobs = ()
        return queue(OCR, jobs=jobs, heartbeat=beat(now))

    views = watch(poll, 700)
    assert {view.state for view in views.values() if view is not views[0]} == {
        QueueState.RUNNING,
        QueueState.IDLE,
    }
    changes = [
        second
        for second in range(5, 705, 5)
        if views[second].state is not views[second - 5].state
    ]
    assert changes == [630]
    assert views[630].state_since == NOW + 630 * SECOND
    assert views[630].rate_per_minute == 0


def test_a_job_that_may_take_hours_is_no_stall() -> None:
    """Behind a storage migration the others wait, however long."""

    def poll(second: int, now: int) -> QueueReading:
        one = job(name="StorageTemplateMigration")
        return queue(OCR, wait=9, jobs=(one,), heartbeat=beat(now))

    views = watch(poll, 9_000)
    assert {view.state for view in views.values()} == {QueueState.RUNNING}
    assert not any(view.stuck for view in views.values())
