"""Which jobs end too fast to have been done."""

from collections.abc import Iterable, Iterator

import pytest

from custom_components.immich_admin_tools.bullmq.models import JobEvent
from custom_components.immich_admin_tools.gpu_host.fast_jobs import (
    ALWAYS_FAST,
    IN_A_ROW,
    NEVER_FAST,
    FastJobs,
    fast_limit,
)


def jobs(*durations: int, first: int = 1) -> Iterator[JobEvent]:
    """Yield the events of jobs that run one after the other; durations in ms."""
    at = 1_700_000_000_000
    for number, duration in enumerate(durations, first):
        yield JobEvent(f"{at}-0", "active", str(number), "waiting", None)
        at += duration
        yield JobEvent(f"{at}-1", "completed", str(number), "active", None)


def row_after(events: Iterable[JobEvent]) -> int:
    """Return how many jobs at the end of the row were too fast."""
    watched = FastJobs()
    watched.observe(events)
    return watched.in_a_row


@pytest.mark.parametrize(
    ("durations", "in_a_row"),
    [
        ([], 0),
        ([2, 3, 4, 5], 4),
        ([2, 3, 4, 5, 8], 5),
        ([400, 2, 3], 2),
        ([2, 3, 400], 0),
        ([ALWAYS_FAST - 1], 1),
        ([ALWAYS_FAST], 0),
    ],
)
def test_rows(durations: list[int], in_a_row: int) -> None:
    """A job that took its time ends the row."""
    assert row_after(jobs(*durations)) == in_a_row


def test_suspicion() -> None:
    """Single photos that are gone are normal, several in a row are not."""
    watched = FastJobs()
    told = [watched.suspicious]
    for number in range(IN_A_ROW):
        watched.observe(jobs(3, first=100 * number))
        told.append(watched.suspicious)
    watched.forget()
    assert [*told, watched.suspicious] == [*[False] * IN_A_ROW, True, False]


def test_unknown_starts() -> None:
    """A job whose start was not seen says nothing."""
    only_ends = [event for event in jobs(*[2] * 9) if event.event == "completed"]
    assert row_after(only_ends) == 0


def test_memory() -> None:
    """Starts without an end are not kept for ever."""
    watched = FastJobs()
    for number in range(10_000):
        watched.observe([JobEvent("1-0", "active", str(number), None, None)])
    assert len(watched._starts) <= 1_000


def test_limit() -> None:
    """What is fast depends on what is usual, within bounds."""
    assert fast_limit(None) == ALWAYS_FAST
    assert fast_limit(0.002) == ALWAYS_FAST
    assert fast_limit(0.6) == 200
    assert fast_limit(60) == NEVER_FAST
