"""Actions that answer with the history and with statistics, or write it into a file."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from ..analysis.clocks import iso
from ..analysis.statistics import peak_hours, trend
from ..const import DOMAIN
from ..data import AdminToolsConfigEntry
from ..entity import snake_case
from ..history.events import EventType
from ..history.history import HistoryQuery, Row, as_csv, as_json, found
from ..history.summaries import rounded
from ..recorded import (
    NEEDS_REDIS,
    NO_RECORDER,
    NOT_YET,
    SENSOR_OFF,
    RecordedQueue,
    async_recorded,
    async_sensor,
    has_recorder,
)
from ..serialization import to_json
from ..telemetry import EntryTelemetry
from .targets import ALL_QUEUES, ATTR_QUEUE, TARGET_FIELDS, async_one_target

ATTR_TYPE = "type"
ATTR_FROM = "from"
ATTR_TO = "to"
ATTR_OFFSET = "offset"
ATTR_COUNT = "count"
ATTR_FORMAT = "format"

MOST = 500
"""Events in one answer."""

FORMATS = {"csv": as_csv, "json": as_json}

_FILTERS = {
    **TARGET_FIELDS,
    vol.Optional(ATTR_TYPE, default=[]): vol.All(
        cv.ensure_list, [vol.Coerce(EventType)]
    ),
    vol.Optional(ATTR_FROM): cv.datetime,
    vol.Optional(ATTR_TO): cv.datetime,
}
GET_SCHEMA = vol.Schema(
    {
        **_FILTERS,
        vol.Optional(ATTR_OFFSET, default=0): cv.positive_int,
        vol.Optional(ATTR_COUNT, default=50): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST)
        ),
    }
)
EXPORT_SCHEMA = vol.Schema(
    {**_FILTERS, vol.Optional(ATTR_FORMAT, default="csv"): vol.In(FORMATS)}
)


async def get_history(call: ServiceCall) -> ServiceResponse:
    """Return a page of the history."""
    _, rows = _asked_for(call)
    offset: int = call.data[ATTR_OFFSET]
    page = rows[offset : offset + call.data[ATTR_COUNT]]
    following = offset + len(page)
    return {
        "events": page,  # type: ignore[dict-item]  # Rows are JSON.
        "total": len(rows),
        "next": following if following < len(rows) else None,
    }


async def export_history(call: ServiceCall) -> ServiceResponse:
    """Write the history into a file of the config folder."""
    entry, rows = _asked_for(call)
    kind: str = call.data[ATTR_FORMAT]
    name = f"history_{slugify(entry.title)}_{dt_util.now():%Y-%m-%d_%H-%M-%S}"
    folder = Path(call.hass.config.path(DOMAIN))
    try:
        path = await call.hass.async_add_executor_job(
            _write, folder, name, kind, FORMATS[kind](rows)
        )
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="not_exported",
            translation_placeholders={
                "folder": str(folder),
                "error": err.strerror or str(err),
            },
        ) from err
    return {"path": str(path), "count": len(rows)}


def _asked_for(call: ServiceCall) -> tuple[AdminToolsConfigEntry, list[Row]]:
    """Return the events that a call asks for, the newest first.

    Raises ServiceValidationError when the devices are those of two Immich instances.
    """
    target = async_one_target(call.hass, call.data)
    query = HistoryQuery(
        queues=target.queues if _names_queues(call.data) else None,
        types=call.data[ATTR_TYPE],
        since=_milliseconds(call.data.get(ATTR_FROM)),
        until=_milliseconds(call.data.get(ATTR_TO)),
    )
    history = target.entry.runtime_data.history.history
    return target.entry, list(found(history, query))


def _names_queues(data: dict[str, Any]) -> bool:
    """Return whether only some queues are meant; without, the server's events count."""
    queues: Iterable[str] = data.get(ATTR_QUEUE, ())
    return bool(data.get("device_id") or queues) and ALL_QUEUES not in queues


def _milliseconds(time: datetime | None) -> int | None:
    """Return ms since the epoch; a time without a zone is in Home Assistant's."""
    return None if time is None else int(dt_util.as_utc(time).timestamp() * 1000)


def _write(folder: Path, name: str, ending: str, text: str) -> Path:
    """Write a new file; never over another one."""
    folder.mkdir(exist_ok=True)
    for number in range(1, 100):
        path = folder / f"{name}{f'_{number}' if number > 1 else ''}.{ending}"
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(name)


STATISTICS_SCHEMA = vol.Schema(TARGET_FIELDS)


async def get_statistics(call: ServiceCall) -> ServiceResponse:
    """Return what is known of the queues, and of their Immich."""
    target = async_one_target(call.hass, call.data)
    queues: JsonObjectType = {}
    for queue in target.queues:
        queues[queue] = await _queue(call.hass, target.entry, queue)
    return {"queues": queues, "outcomes": _outcomes(target.entry)}


async def _queue(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str
) -> JsonObjectType:
    """Return the statistics of a queue; null where nobody can know, with the reason."""
    runtime = entry.runtime_data
    view = runtime.queues.data.queues.get(queue)
    processed = async_sensor(hass, entry, queue, "processed")
    failed = async_sensor(hass, entry, queue, "failed")
    recorded = (
        await async_recorded(hass, processed, failed) if has_recorder(hass) else None
    )
    why = None
    if runtime.queues.redis is None:
        why = NEEDS_REDIS
    elif recorded is None:
        why = NO_RECORDER
    elif processed is None:
        why = SENSOR_OFF
    elif recorded.counted_to is None:
        why = NOT_YET
    known = why is None and recorded is not None
    given_up = dict(recorded.given_up) if recorded is not None else {}
    now = view.processed if view is not None else None
    return {
        "processed": _processed(recorded, now) if known and recorded else None,
        "processed_unknown_because": why,
        "peak_hours": [
            {"hour": hour, "processed": round(jobs, 1)}
            for hour, jobs in peak_hours(recorded.hours)
        ]
        if known and recorded
        else None,
        "given_up_by_day": {day: round(most) for day, most in given_up.items()},
        "given_up_trend": trend(list(given_up.values())),
        "average_duration": rounded(view.average_duration) if view else None,
        "jobs": _jobs(entry, queue),
        "slots_taken": runtime.telemetry.slots_taken(snake_case(queue)),
    }


def _processed(recorded: RecordedQueue, now: int | None) -> JsonObjectType:
    """Return the jobs of each period, up to this moment.

    The recorder is up to five minutes behind; the count since then is added.
    """
    counted_to = recorded.counted_to or 0.0
    since = max(0.0, now - counted_to) if now is not None else 0.0
    return {
        "today": round(recorded.today + since),
        "this_week": round(recorded.this_week + since),
        "this_month": round(recorded.this_month + since),
    }


def _jobs(entry: AdminToolsConfigEntry, queue: str) -> JsonObjectType:
    """Return what the jobs of each type take, and what became of them."""
    runtime = entry.runtime_data
    return {
        name: {
            "average_duration": rounded(durations.average),
            "median_duration": rounded(durations.median),
            **_counts(runtime.telemetry, name),
        }
        for name, durations in sorted(runtime.queues.analyst.durations(queue).items())
    }


def _outcomes(entry: AdminToolsConfigEntry) -> JsonObjectType:
    """Return what became of all jobs of an Immich, as its telemetry has it."""
    telemetry = entry.runtime_data.telemetry
    counts, why = telemetry.counts, telemetry.unknown_because
    days = dict(sorted(counts.days.items()))
    return {
        "unknown_because": why,
        "since": iso(counts.since),
        "jobs": {name: _counts(telemetry, name) for name in sorted(counts.jobs)},
        "by_day": {day: to_json(own) for day, own in days.items()},
        "failed_trend": trend([own.failed for own in days.values()]),
    }


def _counts(telemetry: EntryTelemetry, name: str) -> JsonObjectType:
    """Return the outcomes of one type of job: null, never 0, when nobody counts."""
    if telemetry.counts.since is None or not telemetry.urls:
        return {"success": None, "failed": None, "skipped": None}
    return to_json(telemetry.counts.of(name))
