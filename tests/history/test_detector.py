"""What is told from one view to the next."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.models import (
    QueueView,
    ServerView,
    Source,
    StuckKind,
)
from custom_components.immich_admin_tools.healing.models import Initiator
from custom_components.immich_admin_tools.history.detector import (
    ENDED,
    FINISHED_AFTER,
    NO_LONGER_ACTIVE,
    NO_LONGER_LATE,
    NOT_BY_US,
    PUT_BACK,
    RUNS_AGAIN,
    STILL_STUCK,
    EventDetector,
    run_of,
)
from custom_components.immich_admin_tools.history.events import Event, EventType
from tests.support.views import ASSET, NOW, job_view, queue_view, server_view

STUCK = job_view()
FINE = job_view(kind=None, due=False)


def seen(*queues: QueueView, at: int = 0) -> ServerView:
    """Return a view at some seconds after the first."""
    return server_view(*queues, time=NOW + at * 1000)


def types(events: tuple[Event, ...]) -> list[tuple[EventType, str | None]]:
    """Return what was told, and why."""
    return [(event.type, event.reason) for event in events]


def test_a_job_gets_stuck_and_ends() -> None:
    """Told once each, with all that is known of it."""
    watch = EventDetector()
    assert not watch.update(seen(queue_view(jobs=[FINE])))
    (stuck,) = watch.update(seen(queue_view(jobs=[STUCK]), at=5))
    assert stuck == Event(
        EventType.JOB_STUCK,
        NOW + 5_000,
        queue="faceDetection",
        job_id="1",
        name="AssetDetectFaces",
        asset_id=ASSET,
        kind=StuckKind.HUNG,
        age=1_000,
    )
    older = replace(STUCK, age=1_005)
    assert not watch.update(seen(queue_view(jobs=[older]), at=10))
    ended = replace(queue_view(), left={"1": "completed"})
    assert types(watch.update(seen(ended, at=15))) == [(EventType.JOB_RECOVERED, ENDED)]
    assert not watch.update(seen(queue_view(), at=20))


def test_a_job_that_is_stuck_at_the_start_is_told() -> None:
    """The strikes say later whether it is old news."""
    assert types(EventDetector().update(seen(queue_view(jobs=[STUCK])))) == [
        (EventType.JOB_STUCK, None)
    ]


def test_ways_to_recover() -> None:
    """Put back by BullMQ, or given more time by the user."""
    watch = EventDetector()
    other = job_view("2")
    watch.update(seen(queue_view(jobs=[STUCK, other])))
    again = replace(FINE, processed_on=NOW)
    patient = job_view("2", kind=None, due=False)
    assert types(watch.update(seen(queue_view(jobs=[again, patient])))) == [
        (EventType.JOB_RECOVERED, RUNS_AGAIN),
        (EventType.JOB_RECOVERED, NO_LONGER_LATE),
    ]


@pytest.mark.parametrize(
    ("left_by", "kind", "reason"),
    [
        ("completed", EventType.JOB_RECOVERED, ENDED),
        ("waiting", EventType.JOB_RECOVERED, PUT_BACK),
        ("failed", EventType.JOB_FAILED, NOT_BY_US),
        ("removed", EventType.JOB_CLEARED, NOT_BY_US),
        ("something new", EventType.JOB_RECOVERED, NO_LONGER_ACTIVE),
        (None, EventType.JOB_RECOVERED, NO_LONGER_ACTIVE),
    ],
)
@pytest.mark.parametrize("raced", [False, True])
def test_ways_to_leave(
    left_by: str | None, kind: EventType, reason: str, raced: bool
) -> None:
    """Only what ended or was put back went on by itself; also if we were too late."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    gone = replace(queue_view(), left={} if left_by is None else {"1": left_by})
    if raced:
        assert not watch.update(seen(gone), under_way={run_of(STUCK)})
        gone = queue_view()
    assert types(watch.update(seen(gone))) == [(kind, reason)]


def test_a_stuck_job_that_loses_its_worker_has_not_recovered() -> None:
    """It is orphaned and not called so yet; nothing is told until it is over."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    for orphaned in (
        job_view(kind=None, due=False, token=None),
        job_view(kind=StuckKind.ORPHANED, due=False),
        job_view(kind=StuckKind.ORPHANED),
    ):
        assert not watch.update(seen(queue_view(jobs=[orphaned])))
    back = replace(queue_view(), left={"1": "waiting"})
    assert types(watch.update(seen(back))) == [(EventType.JOB_RECOVERED, PUT_BACK)]


def test_another_run_of_the_same_id_is_another_stuck_job() -> None:
    """Ids start at 1 again when Redis was emptied."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    again = replace(STUCK, processed_on=NOW)
    assert types(watch.update(seen(queue_view(jobs=[again])))) == [
        (EventType.JOB_STUCK, None),
        (EventType.JOB_RECOVERED, RUNS_AGAIN),
    ]


def test_what_we_did_is_no_recovery() -> None:
    """While the act is verified, and after."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    run = {run_of(STUCK)}
    assert not watch.update(seen(queue_view()), under_way=run)
    assert not watch.update(seen(queue_view()), handled=run)
    assert not watch.update(seen(queue_view()))


def test_an_act_that_was_raced_is_a_recovery() -> None:
    """The job ended by itself while we were about to act."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    assert not watch.update(seen(queue_view()), under_way={run_of(STUCK)})
    assert types(watch.update(seen(queue_view()))) == [
        (EventType.JOB_RECOVERED, NO_LONGER_ACTIVE)
    ]


def test_a_change_of_source_is_no_news() -> None:
    """The API does not tell when a run began."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    api = job_view(source=Source.API, processed_on=None, token=None)
    assert not watch.update(seen(queue_view(jobs=[api], source=Source.API)))
    assert not watch.update(seen(queue_view(jobs=[STUCK])))


def test_worker_lost_and_back() -> None:
    """Only for a queue that has work; back only when somebody is seen."""
    watch = EventDetector()
    assert not watch.update(seen(queue_view(worker=False)))
    lost = watch.update(seen(queue_view(worker=False, waiting=3)))
    assert types(lost) == [(EventType.WORKER_LOST, None)]
    assert not watch.update(seen(queue_view(worker=None, waiting=3)))
    assert not watch.update(seen(queue_view(worker=False)))
    assert types(watch.update(seen(queue_view(worker=True)))) == [
        (EventType.WORKER_BACK, None)
    ]


def test_pauses() -> None:
    """Whoever made them; the first view tells none."""
    watch = EventDetector()
    assert not watch.update(seen(queue_view(is_paused=True)))
    assert types(watch.update(seen(queue_view()))) == [(EventType.QUEUE_RESUMED, None)]
    assert types(watch.update(seen(queue_view(is_paused=True)))) == [
        (EventType.QUEUE_PAUSED, None)
    ]


def test_a_queue_finishes_after_a_while_without_work() -> None:
    """A short gap between two photos is no end."""
    watch = EventDetector()
    watch.update(seen(queue_view(processed=100)))
    watch.update(seen(queue_view(waiting=50, processed=103), at=5))
    watch.update(seen(queue_view(processed=150), at=60))
    watch.update(seen(queue_view(waiting=1, processed=150), at=65))
    assert not watch.update(seen(queue_view(processed=151), at=70))
    late = 70 + FINISHED_AFTER // 1000
    assert not watch.update(seen(queue_view(processed=151), at=late - 1))
    (event,) = watch.update(seen(queue_view(processed=151), at=late))
    assert (event.type, event.jobs, event.duration) == (
        EventType.QUEUE_FINISHED,
        51,
        65,
    )
    assert not watch.update(seen(queue_view(processed=151), at=late + 60))


def test_the_first_jobs_of_all_are_counted() -> None:
    """Nothing processed before is a count as well."""
    watch = EventDetector()
    watch.update(seen(queue_view(processed=0)))
    watch.update(seen(queue_view(waiting=5, processed=3), at=5))
    watch.update(seen(queue_view(processed=8), at=10))
    (event,) = watch.update(seen(queue_view(processed=8), at=60))
    assert event.jobs == 8


def test_work_that_was_taken_away_does_not_finish() -> None:
    """`clear_waiting` is no reason to celebrate."""
    watch = EventDetector()
    watch.update(seen(queue_view(waiting=50, processed=100)))
    watch.update(seen(queue_view(processed=100), at=5))
    assert not watch.update(seen(queue_view(processed=100), at=60))


def test_without_redis_a_queue_finishes_without_a_count() -> None:
    """Unknown is not zero."""
    watch = EventDetector()
    watch.update(seen(queue_view(waiting=50, processed=None)))
    watch.update(seen(queue_view(processed=None), at=5))
    (event,) = watch.update(seen(queue_view(processed=None), at=60))
    assert event.type is EventType.QUEUE_FINISHED
    assert event.jobs is None


def test_a_stuck_job_that_was_lost_with_redis_has_not_recovered() -> None:
    """Nor is the next job with its id the same one."""
    for jobs in ([], [replace(FINE, processed_on=NOW)]):
        watch = EventDetector()
        watch.update(seen(queue_view(jobs=[STUCK])))
        emptied = replace(queue_view(jobs=jobs), restarted=True)
        assert types(watch.update(seen(emptied))) == [
            (EventType.JOB_CLEARED, NOT_BY_US)
        ]


def test_what_was_lost_with_redis_is_not_finished() -> None:
    """It was emptied in the middle: some was done, most is gone."""
    watch = EventDetector()
    watch.update(seen(queue_view(waiting=1_000, processed=0)))
    watch.update(seen(queue_view(waiting=900, processed=100), at=5))
    emptied = replace(queue_view(processed=100), restarted=True)
    assert not watch.update(seen(emptied, at=10))
    assert not watch.update(seen(queue_view(processed=100), at=100))
    # What comes afterwards is work of its own.
    watch.update(seen(queue_view(waiting=5, processed=100), at=105))
    watch.update(seen(queue_view(processed=105), at=110))
    (finished,) = watch.update(seen(queue_view(processed=105), at=200))
    assert (finished.type, finished.jobs) == (EventType.QUEUE_FINISHED, 5)


IGNORED = replace(STUCK, due=False, ignored=True)


def test_an_ignored_job_has_not_recovered() -> None:
    """It is told once that it is left alone; how it ends is not of interest."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[STUCK])))
    (event,) = watch.update(seen(queue_view(jobs=[IGNORED]), at=5))
    assert (event.type, event.reason, event.by) == (
        EventType.JOB_IGNORED,
        None,
        Initiator.USER,
    )
    assert not watch.update(seen(queue_view(jobs=[IGNORED]), at=10))
    ended = replace(queue_view(), left={"1": "completed"})
    assert not watch.update(seen(ended, at=15))


def test_ignored_for_a_while() -> None:
    """Afterwards it is told again, and why; also where nobody looked before."""
    watch = EventDetector()
    assert not watch.update(seen(queue_view(jobs=[IGNORED])))
    assert types(watch.update(seen(queue_view(jobs=[STUCK]), at=5))) == [
        (EventType.JOB_STUCK, STILL_STUCK)
    ]
    assert not watch.update(seen(queue_view(jobs=[STUCK]), at=10))


def test_another_run_of_an_ignored_job() -> None:
    """It is told as any other."""
    watch = EventDetector()
    watch.update(seen(queue_view(jobs=[IGNORED])))
    again = replace(STUCK, processed_on=5)
    assert types(watch.update(seen(queue_view(jobs=[again]), at=5))) == [
        (EventType.JOB_STUCK, None)
    ]
