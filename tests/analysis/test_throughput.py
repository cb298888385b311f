"""What a gap in the events does to the count, case by case."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.throughput import (
    NO_EVENTS,
    QueueCounters,
    Tally,
    Throughput,
    processed_at_most,
    tally_of,
)
from custom_components.immich_admin_tools.bullmq.models import JobEvent, StreamState

from .builders import NOW, event, queue
from .queue_model import QueueModel

type Operation = Callable[[QueueModel], None]


def counted(*operations: Operation, stream_length: int = 40) -> tuple[int, int, int]:
    """Play with one poll before and one after; return count, truth and lost events."""
    model = QueueModel(stream_length=stream_length)
    throughput = Throughput()
    throughput.update(model.poll(), model.run_id)
    for operation in operations:
        operation(model)
    progress = throughput.update(model.poll(), model.run_id)
    return progress.processed, model.completed, progress.lost_events


def add(count: int) -> Operation:
    """Add jobs."""
    return lambda model: model.add(count)


def work(count: int) -> Operation:
    """Start and end jobs."""
    return lambda model: model.work(count)


@pytest.mark.parametrize(
    "operations",
    [
        # A drain leaves no entry, so only the growth of the stream tells.
        (add(300), work(100), QueueModel.drain),
        (add(50), QueueModel.drain, add(100), work(60)),
        # What the stream still has of repeated adds and removed jobs is known.
        (add(60), work(50), lambda m: m.add_deduplicated(15)),
        (add(60), work(50), lambda m: m.add_duplicated(30)),
        (add(60), work(20), *[QueueModel.remove_waiting] * 30),
        (add(60), work(20), *[QueueModel.pause_and_resume] * 20, QueueModel.drain),
        (
            add(60),
            work(20),
            *[lambda m: m.start(), QueueModel.fail] * 8,
            QueueModel.drain,
        ),
        (
            add(60),
            work(20),
            *[QueueModel.pause_and_resume] * 20,
            *[QueueModel.remove_waiting] * 30,
        ),
        (add(60), work(20), lambda m: m.start(5), *[QueueModel.stall] * 5),
    ],
)
def test_exact_over_a_gap(operations: tuple[Operation, ...]) -> None:
    """Most events are lost, and the count is right all the same."""
    processed, truth, lost = counted(*operations)
    assert lost > 0
    assert processed == truth


@pytest.mark.parametrize("kind", ["deduplicated", "duplicated"])
def test_repeated_adds_that_nobody_saw(kind: str) -> None:
    """Of these something may be counted, but only within what was lost."""

    def repeat(model: QueueModel) -> None:
        if kind == "deduplicated":
            model.add_deduplicated(200)
        else:
            model.add_duplicated(200)

    processed, truth, lost = counted(add(30), work(10), repeat, add(12))
    assert lost > 100
    assert processed <= truth


def test_never_below_what_was_seen() -> None:
    """A law that has lost its sense does not undo what was seen."""
    # Failed jobs that a user put back, more than were processed.
    base = QueueCounters(100, 50, 0, 400, (NOW, 0), trimmed=True)
    after = replace(base, contained=90, entries_added=500)
    assert processed_at_most(base, after, NO_EVENTS) == 0
    throughput = Throughput()
    stream = StreamState(10, 400, f"{NOW}-0")
    throughput.update(queue(wait=50, job_counter=100, stream=stream), "run")
    seen = tuple(event(f"{NOW + n}-0", "completed", str(n)) for n in range(1, 6))
    after_gap = queue(
        wait=90,
        job_counter=100,
        stream=StreamState(10, 500, f"{NOW + 5}-0"),
        events=seen,
    )
    progress = throughput.update(after_gap, "run")
    assert (progress.processed, progress.lost_events) == (5, 95)


def test_never_more_than_was_lost() -> None:
    """What left the queue while few events were lost was cleared, not processed."""
    throughput = Throughput()
    stream = StreamState(10, 400, f"{NOW}-0")
    throughput.update(queue(wait=50_000, job_counter=60_000, stream=stream), "run")
    after = queue(job_counter=60_000, stream=StreamState(10, 403, f"{NOW + 5}-0"))
    progress = throughput.update(after, "run")
    assert progress.lost_events == 3
    assert progress.processed <= 3


def test_bounds() -> None:
    """The law alone, the entries alone, and the lower of the two."""
    base = QueueCounters(100, 10, 2, 1_000, (NOW, 0), trimmed=True)
    plain = QueueCounters(130, 10, 2, 1_000 + 4 * 30, (NOW + 9, 0), trimmed=True)
    assert processed_at_most(base, plain, NO_EVENTS) == 30
    drained = replace(plain, contained=0)
    assert processed_at_most(base, drained, NO_EVENTS) == 30
    chatty = replace(plain, entries_added=2_000)
    assert processed_at_most(base, chatty, NO_EVENTS) == 30
    started = replace(plain, active=7, contained=15, entries_added=1_000 + 60 + 55)
    assert processed_at_most(base, started, NO_EVENTS) == 25


def test_tally() -> None:
    """Each kind of entry is known for what it says."""
    events: list[JobEvent] = [
        event("1-0", "added", "1", name="Ocr"),
        event("1-1", "waiting", "1"),
        event("2-0", "delayed", "2"),
        event("2-1", "waiting", "2", prev="delayed"),
        event("3-0", "active", "1", prev="waiting"),
        event("3-1", "completed", "1", prev="active"),
        event("4-0", "failed", "3", prev="active"),
        event("4-1", "removed", "4", prev="wait"),
        event("5-0", "deduplicated", "5"),
        event("5-1", "debounced", "5"),
        event("5-2", "duplicated", "6"),
        event("6-0", "drained"),
    ]
    assert tally_of(events) == Tally(
        events=12, completed=1, repeated=2, removed=1, extra=1 + 2 + 1 + 3 + 1
    )


def test_events_still_to_be_read_are_not_lost() -> None:
    """A poll that leaves entries for the next one settles nothing yet."""
    throughput = Throughput()
    stream = StreamState(10, 10, f"{NOW}-0")
    throughput.update(queue(job_counter=10, stream=stream), "run")
    done = [event(f"{NOW + n}-0", "completed", str(n)) for n in range(1, 41)]
    later = StreamState(50, 50, f"{NOW + 40}-0")
    first = queue(
        job_counter=10, stream=later, events=tuple(done[:15]), events_complete=False
    )
    assert throughput.update(first, "run").processed == 15
    second = queue(job_counter=10, stream=later, events=tuple(done[15:]))
    progress = throughput.update(second, "run")
    assert (progress.processed, progress.lost_events) == (25, 0)
    assert throughput.processed == 40


def test_events_beyond_the_counters_count_once() -> None:
    """What was read later than the counters is not missed, lost or counted again."""
    throughput = Throughput()
    throughput.update(
        queue(job_counter=3, wait=3, stream=StreamState(6, 6, f"{NOW}-0")), "run"
    )
    ahead = (event(f"{NOW + 5}-0", "completed", "1"),)
    early = queue(
        job_counter=3, wait=3, stream=StreamState(6, 6, f"{NOW}-0"), events=ahead
    )
    assert throughput.update(early, "run").processed == 1
    late = queue(
        job_counter=3, wait=2, stream=StreamState(7, 7, f"{NOW + 5}-0"), events=ahead
    )
    progress = throughput.update(late, "run")
    assert (progress.processed, progress.lost_events) == (0, 0)
    assert throughput.processed == 1


def test_keys_of_a_wrong_type_count_nothing() -> None:
    """A queue that can't be read is left alone, and goes on later."""
    model = QueueModel()
    throughput = Throughput()
    model.add(20)
    throughput.update(model.poll(), "run")
    model.work(5)
    broken = replace(model.poll(), wrong_types=("id",), job_counter=None, events=())
    assert throughput.update(broken, "run").processed == 0
    model.work(5)
    assert throughput.update(model.poll(), "run").processed == 10
