"""The law of conservation of jobs, for what the event stream can't tell.

Every job that was added is either still somewhere or was processed:
processed = growth of `id` - growth of (wait + paused + active + prioritized +
delayed + failed). Clears and deduplicated adds look like processed jobs to it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from ..bullmq.models import JobEvent, QueueReading

type EntryId = tuple[int, int]

NO_ENTRY: EntryId = (0, 0)


def entry_id(text: str) -> EntryId:
    """Return an id of a stream in its order: ms, then sequence."""
    milliseconds, _, sequence = text.partition("-")
    return (int(milliseconds), int(sequence or 0))


def split_at(
    events: tuple[JobEvent, ...], entry: EntryId
) -> tuple[tuple[JobEvent, ...], tuple[JobEvent, ...]]:
    """Return the events up to an entry, and those after it."""
    at = bisect_right(events, entry, key=lambda event: entry_id(event.entry_id))
    return events[:at], events[at:]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a queue's counters say at one moment."""

    job_counter: int
    contained: int
    """Jobs that are somewhere in the queue."""
    active: int
    entries_added: int
    last_entry: EntryId
    trimmed: bool
    """Whether entries of the stream were dropped since it began."""


EMPTY = Ledger(0, 0, 0, 0, NO_ENTRY, trimmed=False)
"""A queue that was never used, or of which everything was flushed."""


def ledger_of(queue: QueueReading) -> Ledger:
    """Read the counters of one poll. Missing keys are those of an unused queue."""
    stream = queue.stream
    return Ledger(
        job_counter=queue.job_counter or 0,
        contained=queue.waiting + queue.active + queue.delayed + queue.failed,
        active=queue.active,
        entries_added=stream.entries_added if stream else 0,
        last_entry=entry_id(stream.last_generated_id) if stream else NO_ENTRY,
        trimmed=stream is not None and stream.entries_added > stream.length,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """What some events of the stream amount to."""

    events: int = 0
    completed: int = 0
    repeated: int = 0
    """Adds that took an id and made no job."""
    removed: int = 0
    """Jobs that were taken out without being processed."""
    extra: int = 0
    """Entries beyond the four that every processed job leaves."""

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.events + other.events,
            self.completed + other.completed,
            self.repeated + other.repeated,
            self.removed + other.removed,
            self.extra + other.extra,
        )


NO_EVENTS = Tally()

_FOUR = frozenset({"added", "waiting", "delayed", "active", "completed"})
"""What a job leaves; after `added` comes `waiting` or `delayed`."""

_REPEATED = frozenset({"duplicated", "deduplicated"})


def tally_of(events: Iterable[JobEvent]) -> Tally:
    """Add up some events."""
    total = completed = repeated = removed = extra = 0
    for event in events:
        total += 1
        kind = event.event
        if kind == "completed":
            completed += 1
        elif kind in _REPEATED:
            repeated += 1
        elif kind == "removed":
            removed += 1
        if kind == "failed":
            # It comes with a start that leads to no completion.
            extra += 2
        elif kind not in _FOUR or (kind in ("waiting", "delayed") and event.prev):
            extra += 1
    return Tally(total, completed, repeated, removed, extra)


def processed_at_most(before: Ledger, after: Ledger, seen: Tally) -> int:
    """Return how many jobs can have been processed at most between two moments.

    `seen` is what is known of the events in between. Two bounds that err in
    different directions: the law counts unseen clears, the growth of the stream
    does not. A job leaves four entries (added, waiting, active, completed), of
    which the first two come with its id.
    """
    added = after.job_counter - before.job_counter - seen.repeated
    law = added - (after.contained - before.contained) - seen.removed
    entries = after.entries_added - before.entries_added - seen.extra
    by_entries = (entries - 2 * added - (after.active - before.active)) // 2
    return max(0, min(law, by_entries))
