"""Without Redis, and from one source to the other and back."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    QueueState,
    ServerView,
    Source,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.queue_state import ApiEstimate
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.immich.models import ListedJob, QueueCounts

from .builders import NOW, SECOND, beat, event, job, queue, reading

OCR = "ocr"
IDLE = QueueCounts(OCR, False, 0, 0, 0, 0, 0)
ONE = replace(IDLE, active=1)
LISTED = ListedJob("1", "Ocr", NOW - 1, "0b2a6d1c-4c3f-4a4e-9d4e-7b8f3c1d2e3f")


def counts_of(counts: Mapping[str, int]) -> QueueCounts:
    """Return an idle queue but for some counts."""
    active, waiting, paused, delayed, failed = (
        counts.get(name, 0)
        for name in ("active", "waiting", "paused", "delayed", "failed")
    )
    return QueueCounts(OCR, False, active, waiting, paused, delayed, failed)


def ask(
    analyst: Analyst,
    second: int,
    counts: QueueCounts = ONE,
    *listed: ListedJob,
) -> ServerView:
    """Poll the API."""
    return analyst.update_from_api(
        (counts,), {counts.queue: listed}, Thresholds(), NOW + second * SECOND
    )


def test_age_by_own_observation() -> None:
    """A job is as old as we have seen it active, and then stuck."""
    analyst = Analyst()
    views = {s: ask(analyst, s, ONE, LISTED) for s in range(0, 1_000, 5)}
    (young,) = views[295].queues[OCR].jobs
    assert (young.age, young.kind, young.due) == (295, None, False)
    (long,) = views[300].queues[OCR].jobs
    assert (long.kind, long.due) == (StuckKind.LONG_RUNNING, True)
    assert long.asset_ids == (LISTED.asset_id,)
    (long,) = views[995].queues[OCR].jobs
    assert long.kind is StuckKind.LONG_RUNNING
    assert views[300].source is views[300].queues[OCR].source is Source.API


def test_same_id_added_anew_is_another_job() -> None:
    """After a flush ids begin again."""
    analyst = Analyst()
    ask(analyst, 0, ONE, LISTED)
    ask(analyst, 295, ONE, LISTED)
    later = ask(analyst, 300, ONE, replace(LISTED, added_at=NOW + 299 * SECOND))
    assert later.queues[OCR].jobs[0].age == 0


def test_gone_for_one_poll_is_gone() -> None:
    """A job that is active again has begun again."""
    analyst = Analyst()
    ask(analyst, 0, ONE, LISTED)
    ask(analyst, 5)
    assert ask(analyst, 10, ONE, LISTED).queues[OCR].jobs[0].age == 0


def test_what_the_api_cannot_tell() -> None:
    """No worker, no processed jobs, no layout: unknown, not zero."""
    view = ask(Analyst(), 0).queues[OCR]
    assert view.worker is None
    assert view.processed is None
    assert view.layout is None
    assert not view.writable


def test_blocked_without_redis() -> None:
    """The counts of the other queues suffice."""
    analyst = Analyst()
    own = replace(IDLE, queue="facialRecognition", active=1)
    other = replace(IDLE, queue="faceDetection", active=1)
    listed = {own.queue: (replace(LISTED, name="FacialRecognitionQueueAll"),)}
    for second in (0, 5, 400):
        view = analyst.update_from_api(
            (own, other), listed, Thresholds(), NOW + second * SECOND
        )
    assert view.queues[own.queue].jobs[0].kind is StuckKind.BLOCKED
    assert view.stuck_jobs == 0


@pytest.mark.parametrize("paused", [True, False])
def test_backlog_counts_both(paused: bool) -> None:
    """While paused, Immich reports the backlog as `paused`."""
    counts = (
        replace(IDLE, paused=9, is_paused=True) if paused else replace(IDLE, waiting=9)
    )
    view = ask(Analyst(), 0, counts).queues[OCR]
    assert view.waiting == 9
    assert view.state is (QueueState.PAUSED if paused else QueueState.RUNNING)


def test_rate_is_an_estimate() -> None:
    """From what the backlog shrinks by."""
    analyst = Analyst()
    for second in range(0, 301, 5):
        view = ask(analyst, second, replace(ONE, waiting=5_000 - 2 * second))
    found = view.queues[OCR]
    assert found.rate_per_minute == 120
    assert found.rate_is_estimate
    assert view.rate_is_estimate
    assert found.eta is not None


@pytest.mark.parametrize(
    ("before", "after", "estimate"),
    [
        ({"waiting": 100}, {"waiting": 90}, 10),
        ({"waiting": 100}, {"waiting": 120}, 0),
        ({"waiting": 100, "active": 2}, {"waiting": 98, "active": 1}, 3),
        # Paused: the same jobs are counted elsewhere.
        ({"waiting": 100}, {"paused": 100}, 0),
        # Two jobs failed, three were processed.
        ({"waiting": 100}, {"waiting": 95, "failed": 2}, 3),
        # Cleared by a user.
        ({"waiting": 100_000}, {"waiting": 0}, 0),
        ({"waiting": 900, "active": 2}, {"waiting": 0, "active": 2}, 0),
        # The last ones of a quick queue.
        ({"waiting": 30, "active": 2}, {}, 32),
    ],
)
def test_count_watch(
    before: dict[str, int], after: dict[str, int], estimate: int
) -> None:
    """What a change of counts says of the jobs that were processed."""
    watch = ApiEstimate()
    watch.observe(counts_of(before), NOW)
    assert watch.observe(counts_of(after), NOW + 5_000) == estimate


def test_stalled_without_redis() -> None:
    """The same jobs active, the same backlog: nothing moves."""
    analyst = Analyst()
    for second in range(0, 310, 5):
        view = ask(analyst, second, replace(ONE, waiting=5), LISTED)
    assert view.queues[OCR].state is QueueState.STALLED


def see(analyst: Analyst, second: int, *, locked: bool = True) -> ServerView:
    """Poll Redis: the same job as in `LISTED`."""
    now = NOW + second * SECOND
    one = job(started=NOW, name="Ocr", lock="token" if locked else None)
    read = reading(now, queue(OCR, jobs=(one,), heartbeat=beat(now)))
    return analyst.update_from_redis(read, Thresholds())


def test_redis_lost_and_back() -> None:
    """A job keeps its age through an outage of Redis, either way."""
    analyst = Analyst()
    see(analyst, 100)
    see(analyst, 105)
    lost = ask(analyst, 110, ONE, LISTED)
    assert lost.queues[OCR].jobs[0].age == 110
    assert lost.queues[OCR].worker is None
    due = ask(analyst, 300, ONE, LISTED)
    assert due.queues[OCR].jobs[0].due
    back = see(analyst, 305)
    (again,) = back.queues[OCR].jobs
    assert (again.age, again.kind) == (305, StuckKind.LONG_RUNNING)
    assert back.queues[OCR].worker is True


def test_first_seen_by_the_api() -> None:
    """Redis then tells the true start; it has to be seen twice."""
    analyst = Analyst()
    ask(analyst, 200, ONE, LISTED)
    assert ask(analyst, 290, ONE, LISTED).queues[OCR].jobs[0].age == 90
    first = see(analyst, 400)
    assert first.queues[OCR].jobs[0].age == 400
    assert first.queues[OCR].jobs[0].kind is None
    assert see(analyst, 405).queues[OCR].jobs[0].due


def test_restarted_while_redis_was_lost() -> None:
    """Another start is another run, whatever the API saw in between."""
    analyst = Analyst()
    see(analyst, 0)
    see(analyst, 5)
    ask(analyst, 290, ONE, LISTED)
    now = NOW + 320 * SECOND
    again = replace(job(started=NOW + 310 * SECOND, name="Ocr"), added_at=NOW - 1)
    read = reading(now, queue(OCR, jobs=(again,), heartbeat=beat(now)))
    view = analyst.update_from_redis(read, Thresholds())
    assert view.queues[OCR].jobs[0].age == 10
    assert view.stuck_jobs == 0


def test_restarted_while_redis_was_lost_and_clocks_unknown() -> None:
    """Then the new run is as old as it was watched."""
    analyst = Analyst()
    for second in (0, 5):
        read = reading(NOW + second * SECOND, queue(OCR, jobs=(job(name="Ocr"),)))
        analyst.update_from_redis(read, Thresholds())
    ask(analyst, 290, ONE, LISTED)
    again = replace(job(started=NOW + 310 * SECOND, name="Ocr"), added_at=NOW - 1)
    read = reading(NOW + 320 * SECOND, queue(OCR, jobs=(again,)))
    view = analyst.update_from_redis(read, Thresholds())
    assert view.queues[OCR].jobs[0].age == 0


def see_work(analyst: Analyst, second: int, processed: int) -> ServerView:
    """Poll Redis: a backlog, and so many completions since the last second."""
    now = NOW + second * SECOND
    events = tuple(
        event(f"{now - n}-0", "completed", str(n)) for n in range(processed, 0, -1)
    )
    one = queue(OCR, wait=5_000, active=2, heartbeat=beat(now), events=events)
    return analyst.update_from_redis(reading(now, one), Thresholds())


def test_what_happens_while_redis_is_lost_is_no_pace() -> None:
    """A pause that only the API saw leaves the pace of before as it was."""
    analyst = Analyst()
    for second in range(0, 300, 5):
        before = see_work(analyst, second, 10)
    for second in range(300, 900, 5):
        ask(analyst, second, replace(IDLE, paused=5_000, is_paused=True))
    see_work(analyst, 900, 0)
    after = see_work(analyst, 905, 10)
    assert before.queues[OCR].rate_per_minute == 120
    assert after.queues[OCR].rate_per_minute == 120
    assert after.queues[OCR].eta is not None


def test_what_the_api_missed_is_no_pace() -> None:
    """Back at the API, counting differences begins anew."""
    analyst = Analyst()
    for second in range(0, 300, 5):
        ask(analyst, second, replace(ONE, waiting=9_000 - 2 * second))
    for second in range(300, 600, 5):
        see_work(analyst, second, 10)
    view = ask(analyst, 600, replace(ONE, waiting=100))
    assert view.queues[OCR].rate_per_minute == 120


def test_ids_given_out_unseen_are_no_excuse() -> None:
    """What was added while Redis was lost says nothing of a job of now."""
    analyst = Analyst()
    for second, counter in ((0, 10), (5, 10), (305, 9_000), (310, 9_000)):
        if second == 305:
            ask(analyst, 300, ONE, replace(LISTED, name="OcrQueueAll"))
        now = NOW + second * SECOND
        one = job(name="OcrQueueAll")
        read = queue(OCR, jobs=(one,), heartbeat=beat(now), job_counter=counter)
        view = analyst.update_from_redis(reading(now, read), Thresholds())
    assert view.queues[OCR].jobs[0].due


def test_lost_worker_is_unknown_to_the_api() -> None:
    """What Redis said of the worker is not repeated as news."""
    analyst = Analyst()
    for second in range(0, 100, 5):
        read = reading(NOW + second * SECOND, queue(OCR, wait=5))
        view = analyst.update_from_redis(read, Thresholds())
    assert view.queues[OCR].state is QueueState.WORKER_LOST
    assert ask(analyst, 100, replace(IDLE, waiting=5)).queues[OCR].worker is None


@given(st.lists(st.booleans(), min_size=10, max_size=80))
@settings(max_examples=200, deadline=None)
def test_switching_at_random_misreads_nothing(by_redis: list[bool]) -> None:
    """A healthy job never is stuck before its time, and its age never falls."""
    analyst = Analyst()
    known = False
    for number, redis in enumerate(by_redis):
        second = number * 5
        known = known or redis
        view = see(analyst, second) if redis else ask(analyst, second, ONE, LISTED)
        (one,) = view.queues[OCR].jobs
        assert one.age is not None
        assert one.age == second if known else one.age <= second
        assert one.due is (second >= 300 and one.polls_seen > 1)
        assert one.kind is (StuckKind.LONG_RUNNING if one.due else None)
        assert view.queues[OCR].state is not QueueState.WORKER_LOST
