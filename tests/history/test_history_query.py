"""Finding events, and writing them as text."""

import csv
import io
import json

from custom_components.immich_admin_tools.history.events import Event, EventType
from custom_components.immich_admin_tools.history.history import (
    COLUMNS,
    HistoryQuery,
    as_csv,
    as_json,
    found,
)

EVENTS = (
    Event(EventType.WORKERS_RESTARTED, 5_000),
    Event(EventType.JOB_STUCK, 4_000, queue="ocr", job_id="7", age=400),
    Event(EventType.JOB_CLEARED, 3_000, queue="ocr", job_id="7"),
    Event(EventType.JOB_STUCK, 2_000, queue="library", asset_path='/a "b", c.jpg'),
    Event(EventType.QUEUE_PAUSED, 1_000, queue="ocr"),
)


def _times(query: HistoryQuery) -> list[object]:
    return [row["time"][-8:-6] for row in found(EVENTS, query)]  # type: ignore[index]  # A text.


def test_all_in_their_order() -> None:
    """Without a wish everything is found, also what belongs to no queue."""
    assert _times(HistoryQuery()) == ["05", "04", "03", "02", "01"]


def test_filters() -> None:
    """Each filter alone, and all together; a time is from (included) to (left out)."""
    assert _times(HistoryQuery(queues=["ocr"])) == ["04", "03", "01"]
    assert _times(HistoryQuery(types=[EventType.JOB_STUCK])) == ["04", "02"]
    assert _times(HistoryQuery(since=3_000)) == ["05", "04", "03"]
    assert _times(HistoryQuery(until=3_000)) == ["02", "01"]
    assert _times(
        HistoryQuery(["ocr"], [EventType.JOB_STUCK], since=1_000, until=4_001)
    ) == ["04"]
    assert _times(HistoryQuery(queues=[])) == []


def test_json_is_read_back() -> None:
    """All columns are there, what does not apply is null."""
    rows = json.loads(as_json(found(EVENTS, HistoryQuery())))
    assert list(rows[1]) == list(COLUMNS)
    assert rows[1]["age"] == 400
    assert rows[1]["kind"] is None
    assert rows[1]["time"] == "1970-01-01T00:00:04+00:00"


def test_csv_is_read_back() -> None:
    """Quotes and commas in a path don't break a line."""
    text = as_csv(found(EVENTS, HistoryQuery()))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(EVENTS)
    assert rows[3]["asset_path"] == '/a "b", c.jpg'
    assert rows[0]["queue"] == ""
    assert text.splitlines()[0] == ",".join(COLUMNS)


def test_csv_runs_no_formula() -> None:
    """What others named can't become a formula in a spreadsheet."""
    event = Event(EventType.JOB_STUCK, 0, queue="ocr", job_id="=1+1", name="@x", age=-1)
    (row,) = csv.DictReader(io.StringIO(as_csv(found([event], HistoryQuery()))))
    assert (row["job_id"], row["name"], row["age"]) == ("'=1+1", "'@x", "-1")
