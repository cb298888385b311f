"""What happened in the last months, as far as it is worth keeping. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
import csv
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
import io
import json

from ..bullmq.models import JsonValue
from ..healing.models import Outcome
from ..serialization import items_from_json, to_json
from .events import ACT_EVENTS, Event, EventType

MOST = 2_000
"""Events that are kept."""

DAY = 24 * 3_600_000

LEAST_JOBS = 20
"""A queue that finished fewer is not worth an entry: that is every single photo."""


class History:
    """Events in the order they happened."""

    def __init__(self, days: int = 90) -> None:
        self.days = days
        self._events: dict[int, Event] = {}
        """By a number that grows, the oldest first."""
        self._acts: dict[str, int] = {}
        """The number of each act's event."""
        self._next = 0
        self._changes = 0

    def add(self, event: Event) -> None:
        """Keep an event, or the new outcome of an act that is kept already."""
        if event.act_id is not None:
            if event.type is EventType.HEAL_UNCONFIRMED:
                return
            if (number := self._acts.get(event.act_id)) is not None:
                self._changes += 1
                self._events[number] = replace(
                    self._events[number], outcome=event.outcome, doubt=event.doubt
                )
                return
        if (
            event.type is EventType.QUEUE_FINISHED
            and event.jobs is not None
            and event.jobs < LEAST_JOBS
        ):
            return
        self._append(event)
        while event.at - self._events[oldest := next(iter(self._events))].at > (
            self.days * DAY
        ):
            self._forget(oldest)

    def _append(self, event: Event) -> None:
        """Put an event at the end."""
        self._events[self._next] = event
        if event.act_id is not None:
            self._acts[event.act_id] = self._next
        self._next += 1
        self._changes += 1
        if len(self._events) > MOST:
            self._forget(next(iter(self._events)))

    def _forget(self, number: int) -> None:
        """Take an event out."""
        act_id = self._events.pop(number).act_id
        if act_id is not None:
            self._acts.pop(act_id, None)

    def knows(self, act_id: str) -> bool:
        """Return whether an act was recorded before."""
        return act_id in self._acts

    @property
    def changes(self) -> int:
        """Return what differs after each new event, and each new outcome of an act."""
        return self._changes

    def __iter__(self) -> Iterator[Event]:
        """Yield the events, the newest first."""
        return reversed(self._events.values())

    @property
    def last_heal(self) -> Event | None:
        """Return the newest act that was done."""
        acts = ACT_EVENTS.values()
        return next(
            (
                event
                for event in self
                if event.type in acts and event.outcome is not Outcome.FAILED
            ),
            None,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "events": [
                to_json(event, without_none=True) for event in self._events.values()
            ]
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue], days: int = 90) -> History:
        """Go on from `to_dict`; what can't be understood is left out."""
        history = cls(days)
        for event in items_from_json(Event, stored.get("events")):
            history._append(event)
        return history


type Row = dict[str, JsonValue]

COLUMNS = (
    "time",
    *(field.name for field in fields(Event) if field.name not in ("at", "act_id")),
)
"""What is said of each event, in this order."""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which events are wanted; None and empty mean all."""

    queues: Collection[str] | None = None
    types: Collection[EventType] = ()
    since: int | None = None
    """ms since the epoch, included."""
    until: int | None = None
    """ms since the epoch, left out."""

    def matches(self, event: Event) -> bool:
        """Return whether an event is wanted."""
        return (
            (self.queues is None or event.queue in self.queues)
            and (not self.types or event.type in self.types)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


def found(events: Iterable[Event], query: HistoryQuery) -> Iterator[Row]:
    """Return what is wanted as rows, in the order of the events."""
    return (as_row(event) for event in events if query.matches(event))


def as_row(event: Event) -> Row:
    """Return all columns of an event; the time as ISO 8601, ages in seconds."""
    known = to_json(event)
    time = datetime.fromtimestamp(event.at // 1000, UTC).isoformat()
    return {"time": time, **{name: known[name] for name in COLUMNS[1:]}}


def as_json(rows: Iterable[Row]) -> str:
    """Return rows as a JSON list."""
    return json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n"


def as_csv(rows: Iterable[Row]) -> str:
    """Return rows as CSV with a head line, as spreadsheets read it (RFC 4180)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


def _cell(value: JsonValue) -> JsonValue:
    """Keep a spreadsheet from running what a file or a job is called as a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
