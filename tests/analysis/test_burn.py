"""Jobs that end too fast, in rows and over polls."""

from collections.abc import Iterator
from itertools import count

from hypothesis import given, strategies as st

from custom_components.immich_admin_tools.analysis.burn import IN_A_ROW, BurnWatch
from custom_components.immich_admin_tools.bullmq.models import JobEvent

LIMIT = 50


class Queue:
    """Makes the events of jobs, one after the other."""

    def __init__(self) -> None:
        """Begin at some time."""
        self._ids = count(1)
        self._now = 1_000_000

    def run(self, *milliseconds: int) -> list[JobEvent]:
        """Let jobs take so long."""
        return [event for took in milliseconds for event in self._job(took)]

    def _job(self, took: int) -> Iterator[JobEvent]:
        job_id = str(next(self._ids))
        yield JobEvent(f"{self._now}-0", "active", job_id, "waiting", None)
        self._now += took
        yield JobEvent(f"{self._now}-1", "completed", job_id, "active", None)
        self._now += 1


def _suspected(*polls: list[int]) -> int:
    queue, watch = Queue(), BurnWatch()
    for poll in polls:
        watch.update(queue.run(*poll), len(poll), LIMIT)
    return watch.suspected


def test_a_few_fast_jobs_mean_nothing() -> None:
    """Their photos may be gone."""
    assert _suspected([5] * (IN_A_ROW - 1)) == 0
    assert _suspected([5, 5, 5, 5, 400, 5, 5, 5, 5]) == 0


def test_a_row_counts_whole() -> None:
    """Also those that came before the row was long enough, and over two polls."""
    assert _suspected([400, 5, 5, 5, 5, 5, 5, 400]) == 6
    assert _suspected([5, 5, 5], [5, 5, 5]) == 6


def test_a_burn_that_is_over_within_a_poll() -> None:
    """The machine learning may be back before anybody looks."""
    assert _suspected([400, *[5] * 100, 400, 400, *[5] * 10]) == 110


def test_taken_is_not_counted_again() -> None:
    """The row goes on, the count begins anew."""
    queue, watch = Queue(), BurnWatch()
    watch.update(queue.run(*[5] * 20), 20, LIMIT)
    assert watch.take() == 20
    assert watch.suspected == 0
    watch.update(queue.run(5, 5, 400, 5), 4, LIMIT)
    assert watch.take() == 2


def test_lost_events_of_a_row() -> None:
    """In the middle of a burn the stream overflows; the count does not."""
    queue, watch = Queue(), BurnWatch()
    watch.update(queue.run(*[5] * 10), 3_000, LIMIT)
    assert watch.take() == 3_000
    # Without a row, jobs whose events were lost prove nothing.
    other = BurnWatch()
    other.update(queue.run(400, 400), 3_000, LIMIT)
    assert other.suspected == 0


def test_ids_that_begin_again() -> None:
    """A start from before a flush is not that of the new job with its id."""
    watch = BurnWatch()
    for number in range(1, 10):
        watch.update(
            [JobEvent(f"{number}-0", "active", str(number), None, None)], 0, 50
        )
    watch.forget_ids()
    watch.update(
        [
            JobEvent(f"{n + 10}-0", "completed", str(n), None, None)
            for n in range(1, 10)
        ],
        9,
        LIMIT,
    )
    assert watch.suspected == 0


@given(st.lists(st.lists(st.integers(1, 100), max_size=30), max_size=8))
def test_never_more_than_ended_fast(polls: list[list[int]]) -> None:
    """How the polls cut the events changes nothing."""
    jobs = [took for poll in polls for took in poll]
    suspected = _suspected(*polls)
    assert suspected == _suspected(jobs)
    assert suspected <= sum(took < LIMIT for took in jobs)
