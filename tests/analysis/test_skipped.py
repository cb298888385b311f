"""Jobs that end too fast: in rows, over polls and from two watchers."""

from collections.abc import Iterator, Sequence
from itertools import count

from hypothesis import given, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.skipped import (
    HIGHEST_LIMIT,
    IN_A_ROW,
    LOWEST_LIMIT,
    UNKNOWN_LIMIT,
    SkippedJobDetector,
    fast_limit,
)
from custom_components.immich_admin_tools.analysis.skipped_ledger import (
    SkippedJobs,
    ledger_from,
    ledger_to,
)
from custom_components.immich_admin_tools.bullmq.models import JobEvent


class Queue:
    """Makes the events of jobs, one after the other."""

    def __init__(self) -> None:
        """Begin at some time."""
        self._ids = count(1)
        self._now = 1_000_000

    def run(self, *milliseconds: int, name: str | None = None) -> list[JobEvent]:
        """Let jobs take so long."""
        return [event for took in milliseconds for event in self._job(took, name)]

    def rest(self, milliseconds: int) -> None:
        """Let nothing happen for a while."""
        self._now += milliseconds

    def _job(self, took: int, name: str | None) -> Iterator[JobEvent]:
        job_id = str(next(self._ids))
        yield JobEvent(f"{self._now}-0", "added", job_id, None, name)
        yield JobEvent(f"{self._now}-1", "active", job_id, "waiting", None)
        self._now += took
        yield JobEvent(f"{self._now}-2", "completed", job_id, "active", None)
        self._now += 1


def suspected(*polls: Sequence[int], usual: float | None = None) -> int:
    """Return what is suspected after some polls."""
    queue, detector = Queue(), SkippedJobDetector()
    for poll in polls:
        detector.observe(queue.run(*poll), usual)
    return detector.suspected


def test_a_few_fast_jobs_mean_nothing() -> None:
    """Their photos may be gone."""
    assert suspected([5] * (IN_A_ROW - 1)) == 0
    assert suspected([5, 5, 400, 5, 5, 400, 5, 5]) == 0


def test_a_row_counts_whole() -> None:
    """Also those that came before the row was long enough, and over two polls."""
    assert suspected([400, 5, 5, 5, 5, 5, 5, 400]) == 6
    assert suspected([5, 5, 5], [5, 5, 5]) == 6
    assert suspected([400, *[5] * 100, 400, 400, *[5] * 10]) == 110


def test_a_busy_machine_is_slow_now_and_then() -> None:
    """One slow job in between does not end a row, several do."""
    assert suspected([*[5] * 4, 80, *[5] * 4, 80, *[5] * 4]) == 12
    assert suspected([*[5] * 8, *[400] * 5, 5, 5, 5]) == 8


@pytest.mark.parametrize(
    ("usual", "limit"),
    [
        (None, UNKNOWN_LIMIT),
        (0.030, LOWEST_LIMIT),
        (0.045, 15),
        (0.6, 200),
        (60.0, HIGHEST_LIMIT),
    ],
)
def test_limit_follows_the_median(usual: float | None, limit: int) -> None:
    """What is fast depends on what is usual."""
    assert fast_limit(usual) == limit


@pytest.mark.parametrize("took", [20, 30, 45])
def test_a_fast_gpu_is_not_suspicious(took: int) -> None:
    """Its photos take 20 to 45 ms; skipped ones take 2 to 8."""
    assert suspected([took] * 500, usual=took / 1000) == 0
    assert suspected([took] * 50 + [2, 8, 5, 3, 6, 8], usual=took / 1000) == 6


def test_what_is_usual_is_learned_from_jobs_that_were_done() -> None:
    """An outage does not make fast jobs the usual ones, a faster GPU does."""
    queue, detector = Queue(), SkippedJobDetector()
    detector.observe(queue.run(*[400] * 50))
    detector.observe(queue.run(*[60] * 3_000))
    assert detector.take() == (3_000, True)
    detector.observe(queue.run(*[60] * 10))
    assert detector.suspected == 10
    for _ in range(40):
        detector.answered()
        detector.observe(queue.run(*[60] * 10))
    detector.answered()
    detector.observe(queue.run(*[60] * 10))
    assert detector.suspected == 0


def test_two_watchers_count_a_job_once() -> None:
    """Whoever reads first, and however much of it."""
    queue, detector = Queue(), SkippedJobDetector()
    events = queue.run(*[5] * 30)
    detector.observe(events[:50])
    detector.observe(events[:20])
    detector.observe(events)
    assert detector.take() == (30, False)
    detector.observe(events)
    assert detector.take() == (0, False)


def test_what_was_read_before_a_restart_is_not_counted_again() -> None:
    """The position outlives it, with the count."""
    queue, detector = Queue(), SkippedJobDetector()
    events = queue.run(*[5] * 30)
    detector.observe(events[:45])
    own = SkippedJobs().counted(
        detector.take()[0], at_least=False, position=detector.position
    )
    own = ledger_from(ledger_to({"ocr": own}))["ocr"]
    again = SkippedJobDetector()
    assert own.position is not None
    again.go_on_from(own.position)
    again.observe(events)
    assert own.jobs == 15
    assert again.take() == (15, False)


def test_jobs_under_way_as_it_went() -> None:
    """They took their time and may have been skipped: it is at least so many."""
    queue, detector = Queue(), SkippedJobDetector()
    detector.observe(queue.run(400, *[5] * 10))
    assert detector.take() == (10, True)
    rested = SkippedJobDetector()
    rested.observe(queue.run(400))
    queue.rest(5_000)
    rested.observe(queue.run(*[5] * 10))
    assert rested.take() == (10, False)


def test_lost_entries() -> None:
    """In the middle of a row they count, and it is said that it may be more."""
    queue, detector = Queue(), SkippedJobDetector()
    detector.observe(queue.run(*[5] * 10))
    detector.note_lost(3_000)
    assert detector.take() == (3_010, True)
    # Without a row, jobs whose events were lost prove nothing.
    other = SkippedJobDetector()
    other.observe(queue.run(400, 400))
    other.note_lost(3_000)
    assert other.suspected == 0


def test_an_answer_ends_the_suspicion() -> None:
    """What was fast was done; in a row that was skipped in part, nobody knows."""
    queue, detector = Queue(), SkippedJobDetector()
    detector.observe(queue.run(*[3] * 10))
    assert not detector.answered()
    assert detector.suspected == 0
    detector.observe(queue.run(*[3] * 10))
    assert detector.take() == (10, False)
    detector.observe(queue.run(*[3] * 4))
    assert detector.answered()
    assert detector.suspected == 0


def test_ids_that_begin_again() -> None:
    """A start from before a flush is not that of the new job with its id."""
    detector = SkippedJobDetector()
    detector.observe(
        JobEvent(f"{n}-0", "active", str(n), None, None) for n in range(1, 10)
    )
    detector.forget_ids()
    detector.observe(
        JobEvent(f"{n + 10}-0", "completed", str(n), None, None) for n in range(1, 10)
    )
    assert detector.suspected == 0


def test_a_stream_that_begins_again() -> None:
    """After a flush by a server whose clock is behind, entries are taken in."""
    old, new, detector = Queue(), Queue(), SkippedJobDetector()
    old.rest(1_000_000)
    detector.observe(old.run(*[400] * 10))
    detector.start_anew()
    detector.observe(new.run(*[5] * 10))
    assert detector.suspected == 10


def test_a_run_of_what_is_missing_is_seen() -> None:
    """And it is no photo itself, however fast it is."""
    queue, detector = Queue(), SkippedJobDetector()
    detector.observe(queue.run(5))
    before = detector.queued_all
    detector.observe(queue.run(*[3] * 10, name="SmartSearchQueueAll"))
    assert (before, detector.queued_all) == (False, True)
    assert detector.suspected == 0


def test_memory() -> None:
    """Starts without an end are not kept for ever."""
    detector = SkippedJobDetector()
    detector.observe(
        JobEvent(f"{n}-0", "active", str(n), None, None) for n in range(1, 10_000)
    )
    assert len(detector._starts) <= 1_000


@given(st.lists(st.lists(st.integers(1, 100), max_size=4), max_size=4))
def test_never_more_than_ended_fast(polls: list[list[int]]) -> None:
    """How the polls cut the events changes nothing before what is usual is learned."""
    jobs = [took for poll in polls for took in poll]
    assert suspected(*polls) == suspected(jobs)
    assert suspected(jobs) <= sum(took < UNKNOWN_LIMIT for took in jobs)


def test_ledger_of_anything() -> None:
    """What can't be understood is as at first."""
    assert ledger_from({}) == {}
    stored = {"queues": {"ocr": {"jobs": -1, "position": "x", "at_least": 1}, "x": 3}}
    assert ledger_from(stored) == {"ocr": SkippedJobs(), "x": SkippedJobs()}  # type: ignore[arg-type]  # as from a file


def test_made_up_keeps_what_is_untold() -> None:
    """And the position, so that nothing is counted again."""
    own = SkippedJobs().counted(7, at_least=True, position="5-0").told(3).made_up()
    assert own == SkippedJobs(untold=4, position="5-0")


def test_events_tell_whether_a_queue_goes_on() -> None:
    """So nobody has to ask before it is paused; what was lost tells nothing."""
    queue, detector = Queue(), SkippedJobDetector()

    def after(*events: JobEvent) -> tuple[bool | None, bool]:
        detector.observe(events)
        queue.rest(1)
        return detector.running, detector.working

    def changed(name: str) -> JobEvent:
        return JobEvent(f"{queue._now}-9", name, None, None, None)

    events = queue.run(5)
    assert after(*events[:1]) == (None, False)
    assert after(*events[1:2]) == (True, True)
    assert after(*events[2:]) == (True, False)
    assert after(changed("paused")) == (False, False)
    assert after(changed("resumed")) == (True, False)
    assert after(changed("paused")) == (False, False)
    assert after(*queue.run(5)[:2]) == (True, True)
    detector.note_lost()
    assert after() == (None, False)


def test_pauses_since_it_went_on() -> None:
    """Two of them are two people's; what was lost may have been a resume."""
    queue, detector = Queue(), SkippedJobDetector()

    def paused(number: int, event: str = "paused") -> JobEvent:
        return JobEvent(f"{2_000_000 + number}-0", event, None, None, None)

    detector.observe([*queue.run(400), paused(1), paused(2)])
    assert (detector.pauses, detector.running) == (2, False)
    detector.observe([paused(3, "resumed"), paused(4)])
    assert detector.pauses == 1
    detector.note_lost()
    assert (detector.pauses, detector.running) == (0, None)
