"""The law of conservation of jobs, for what the event stream can't tell.

Every job that was added is either still somewhere or was processed:
processed = growth of `id` - growth of (wait + paused + active + prioritized +
delayed + failed). Clears and deduplicated adds look like processed jobs to it.
"""

from dataclasses import dataclass

from ..bullmq.models import QueueReading

type EntryId = tuple[int, int]

NO_ENTRY: EntryId = (0, 0)


def entry_id(text: str) -> EntryId:
    """Return an id of a stream in its order: ms, then sequence."""
    milliseconds, _, sequence = text.partition("-")
    return (int(milliseconds), int(sequence or 0))


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


def processed_at_most(before: Ledger, after: Ledger) -> int:
    """Return how many jobs can have been processed at most between two moments.

    Two bounds that err in different directions: the law counts clears, the
    stream's growth does not. A job leaves at least four entries (added, waiting,
    active, completed), of which the first two come with its id.
    """
    added = after.job_counter - before.job_counter
    law = added - (after.contained - before.contained)
    entries = after.entries_added - before.entries_added
    by_entries = (entries - 2 * added - (after.active - before.active)) // 2
    return max(0, min(law, by_entries))
