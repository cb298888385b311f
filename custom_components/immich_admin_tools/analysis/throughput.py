"""How many jobs a queue has processed: exact over gaps, restarts and flushes.

"Processed" is a `completed` event, which in Immich comes for failures too. Events
are exact while none is lost. How many were lost is known exactly from the stream's
`entries-added`; then the law of conservation decides, within what the lost events allow.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from ..bullmq.models import JobEvent, JsonValue, QueueReading
from ..serialization import (
    OMIT,
    from_json,
    stored_int,
    stored_mapping,
    stored_str,
    to_json,
)

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
class QueueCounters:
    """What a queue's counters say at one moment."""

    job_counter: int
    contained: int
    """Jobs that are somewhere in the queue."""
    active: int
    entries_added: int
    last_entry: EntryId = field(default=NO_ENTRY, metadata=OMIT)
    trimmed: bool = field(default=False, metadata=OMIT)
    """Whether entries of the stream were dropped since it began."""


EMPTY = QueueCounters(0, 0, 0, 0, NO_ENTRY, trimmed=False)
"""A queue that was never used, or of which everything was flushed."""


def counters_of(queue: QueueReading) -> QueueCounters:
    """Read the counters of one poll. Missing keys are those of an unused queue."""
    stream = queue.stream
    return QueueCounters(
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


def processed_at_most(before: QueueCounters, after: QueueCounters, seen: Tally) -> int:
    """Return how many jobs can have been processed at most between two moments.

    `seen` is what is known of the events in between. Two bounds that err in
    different directions: the law counts unseen clears, the growth of the stream
    does not. A job leaves four entries (added, waiting, active, completed), of
    which the first two come with its id.
    """
    added = after.job_counter - before.job_counter - seen.repeated
    balance = added - (after.contained - before.contained) - seen.removed
    entries = after.entries_added - before.entries_added - seen.extra
    by_entries = (entries - 2 * added - (after.active - before.active)) // 2
    return max(0, min(balance, by_entries))


class _Begin(Enum):
    """From where a poll is counted."""

    FIRST = auto()
    """Nothing is known from before."""
    GO_ON = auto()
    """From the poll before."""
    AT_ZERO = auto()
    """Redis was flushed: from an empty queue."""
    HERE = auto()
    """Redis came back with older data: what was between can't be known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one poll added."""

    processed: int
    """Jobs more than after the poll before."""
    lost_events: int
    """Events that nobody could read; 0 = the count is exact."""
    restarted: bool
    """Whether the ids began again: earlier ids are of other jobs."""
    events: tuple[JobEvent, ...]
    """Those of the poll that were not counted before."""


@dataclass(slots=True)
class Throughput:
    """Counts one queue. The count never falls and outlives restarts by `to_dict`.

    Counters and stream are read at one moment, events a little later. So what
    was read beyond the moment of the counters waits for the next poll's counters;
    it is counted at once, and never twice.
    """

    _settled: int = 0
    _shown: int = 0
    _base: QueueCounters | None = None
    _run_id: str = ""
    _last_event: EntryId = NO_ENTRY
    _unsettled: Tally = NO_EVENTS
    """Events read since `_base`."""

    @property
    def processed(self) -> int:
        """Return the jobs processed since counting began."""
        return self._shown

    @property
    def position(self) -> str | None:
        """Return the id of the stream's entry to read on after; None before a poll."""
        if self._base is None:
            return None
        return _text(max(self._last_event, self._base.last_entry))

    def update(self, queue: QueueReading, run_id: str) -> Progress:
        """Take in one poll. A queue with keys of a wrong type is left alone."""
        if queue.wrong_types:
            return Progress(0, 0, restarted=False, events=())
        now = counters_of(queue)
        begin = self._beginning(now, run_id)
        if begin in (_Begin.AT_ZERO, _Begin.HERE):
            self._settled += self._unsettled.completed
            self._unsettled = NO_EVENTS
        if begin is _Begin.AT_ZERO:
            self._base = EMPTY
            self._last_event = NO_ENTRY
        elif begin is _Begin.HERE:
            self._base = None
        self._run_id = run_id
        _, events = split_at(queue.events, self._last_event)
        if events:
            self._last_event = entry_id(events[-1].entry_id)
        lost = self._take(now, events, settle=queue.events_complete)
        before = self._shown
        self._shown = max(self._shown, self._settled + self._unsettled.completed)
        return Progress(
            processed=self._shown - before,
            lost_events=lost,
            restarted=begin in (_Begin.AT_ZERO, _Begin.HERE),
            events=events,
        )

    def _beginning(self, now: QueueCounters, run_id: str) -> _Begin:
        """Return from where to count.

        A restarted Redis that kept its data is told by counters that went on.
        """
        base = self._base
        if base is None:
            return _Begin.FIRST
        if (
            now.job_counter >= base.job_counter
            and now.entries_added >= base.entries_added
            and now.last_entry >= base.last_entry
        ):
            return _Begin.GO_ON
        # Flushed, or back with an older state of the data? The latter takes a
        # restart of Redis, and then all there is to see is a whole stream or not.
        if run_id == self._run_id or not now.trimmed:
            return _Begin.AT_ZERO
        return _Begin.HERE

    def _take(
        self, now: QueueCounters, events: tuple[JobEvent, ...], *, settle: bool
    ) -> int:
        """Count events and settle up to the moment of the counters.

        Returns how many events were lost. Not settled while some are still to be
        read.
        """
        if not settle:
            self._unsettled += tally_of(events)
            return 0
        covered, ahead = split_at(events, now.last_entry)
        seen = self._unsettled + tally_of(covered)
        completed = seen.completed
        lost = 0
        if self._base is not None:
            grown = now.entries_added - self._base.entries_added
            lost = max(0, grown - seen.events)
            if lost:
                most = processed_at_most(self._base, now, seen)
                completed = min(max(completed, most), completed + lost)
        self._settled += completed
        self._unsettled = tally_of(ahead)
        self._base = now
        return lost

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        stored: dict[str, JsonValue] = {
            "settled": self._settled,
            "shown": self._shown,
            "run_id": self._run_id,
            "last_event": _text(self._last_event),
            "unsettled": to_json(self._unsettled),
        }
        if self._base is not None:
            last_entry = _text(self._base.last_entry)
            stored["base"] = {**to_json(self._base), "last_entry": last_entry}
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> Throughput:
        """Go on from `to_dict`. Without a sound base the next poll is the first."""
        settled = stored_int(stored, "settled") or 0
        own = cls(
            _settled=settled,
            _shown=max(stored_int(stored, "shown") or 0, settled),
            _run_id=stored_str(stored, "run_id") or "",
            _last_event=_entry(stored, "last_event") or NO_ENTRY,
            _base=_stored_ledger(stored_mapping(stored, "base")),
        )
        if own._base is not None:
            own._unsettled = from_json(Tally, stored.get("unsettled")) or Tally()
        return own


def _text(entry: EntryId) -> str:
    return f"{entry[0]}-{entry[1]}"


def _entry(stored: Mapping[str, JsonValue], key: str) -> EntryId | None:
    """Return a stored id of a stream; None when it is none."""
    try:
        return entry_id(stored_str(stored, key) or "")
    except ValueError:
        return None


def _stored_ledger(stored: Mapping[str, JsonValue]) -> QueueCounters | None:
    """Return stored counters; None unless all of them are there."""
    last, own = _entry(stored, "last_entry"), from_json(QueueCounters, stored)
    return None if last is None or own is None else replace(own, last_entry=last)
