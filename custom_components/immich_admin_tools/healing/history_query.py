"""Finding events in the history, and writing them as text. Pure."""

from collections.abc import Collection, Iterable, Iterator
import csv
from dataclasses import dataclass, fields
from datetime import UTC, datetime
import io
import json

from ..bullmq.models import JsonValue
from .events import Event, EventType

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
    known = event.to_dict()
    time = datetime.fromtimestamp(event.at // 1000, UTC).isoformat()
    return {"time": time, **{name: known.get(name) for name in COLUMNS[1:]}}


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
