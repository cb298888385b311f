"""Reading the event streams of all queues without missing or repeating an entry."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from .keys import QueueKeys
from .models import JobEvent, StreamState
from .pipeline import Pipeline, as_text, pairs

CHUNK = 1000
"""Entries per stream and trip."""

START = "0-0"

type Entry = tuple[bytes, Mapping[bytes, bytes] | None]
"""Id and fields of a stream's entry; an entry deleted meanwhile has no fields."""

type _RawEntry = tuple[bytes, list[bytes] | None]


def order_of(entry_id: str) -> tuple[int, int]:
    """Return what entry ids are ordered by."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


@dataclass(slots=True)
class StreamReading:
    """The entries of one queue's stream that a poll reads.

    A poll reads exactly the entries after `position` and up to `end`, where the
    stream ended when its state was read. So the growth of `entries_added` from one
    poll to the next, less the events read, is the number of entries that were lost
    to trimming.
    """

    keys: QueueKeys
    position: str
    end: str
    events: list[JobEvent] = field(default_factory=list)
    complete: bool = False

    def __post_init__(self) -> None:
        """Go back when the stream ends before the position.

        The stream was then made anew by a server whose clock was behind, and the
        entries that it will give out would look like old ones.
        """
        if order_of(self.end) <= order_of(self.position):
            self._finish()

    def add(self, entries: list[Entry]) -> None:
        """Take over what one XREAD after `position` gave for this stream."""
        if self.complete:
            return
        wanted = entries
        end = order_of(self.end)
        if entries and order_of(entries[-1][0].decode()) > end:
            wanted = [entry for entry in entries if order_of(entry[0].decode()) <= end]
        self.events.extend(job_event(entry_id, fields) for entry_id, fields in wanted)
        if wanted:
            self.position = wanted[-1][0].decode()
        if len(wanted) < CHUNK or self.position == self.end:
            self._finish()

    def _finish(self) -> None:
        # Beyond the last entry read when the entries before the end were deleted.
        self.position = self.end
        self.complete = True


class EventPositions:
    """Up to where each queue's stream has been read."""

    def __init__(self) -> None:
        self.by_queue: dict[str, str] = {}

    def begin(self, keys: QueueKeys, stream: StreamState | None) -> StreamReading:
        """Return the reading of one stream, empty when the stream is new to us."""
        known = self.by_queue.get(keys.queue)
        if stream is None:
            # It will be read from its start, unless it comes back after a flush.
            return StreamReading(keys, known or START, known or START)
        end = stream.last_generated_id
        return StreamReading(keys, end if known is None else known, end)

    def commit(self, readings: Collection[StreamReading]) -> None:
        """Go on after what was read. Call it when the whole poll succeeded."""
        for reading in readings:
            self.by_queue[reading.keys.queue] = reading.position


def ask_events(trip: Pipeline, positions: Mapping[str, str]) -> None:
    """Add one XREAD over streams: name of the key → id to read after."""
    trip.ask("XREAD", "COUNT", CHUNK, "STREAMS", *positions.keys(), *positions.values())


def entries_of(reply: object) -> Iterator[tuple[str, list[Entry]]]:
    """Return the name of each key that has new entries, with these entries."""
    streams = reply.items() if isinstance(reply, dict) else reply or []
    for name, entries in cast(list[tuple[bytes, list[_RawEntry]]], streams):
        yield (
            name.decode(),
            [
                (entry_id, None if fields is None else pairs(fields))
                for entry_id, fields in entries
            ],
        )


def job_event(entry_id: bytes, fields: Mapping[bytes, bytes] | None) -> JobEvent:
    """Read one entry of a stream."""
    values = fields or {}
    return JobEvent(
        entry_id=entry_id.decode(),
        event=as_text(values.get(b"event")) or "",
        job_id=as_text(values.get(b"jobId")),
        prev=as_text(values.get(b"prev")),
        name=as_text(values.get(b"name")),
    )
