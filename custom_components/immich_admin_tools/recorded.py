"""What Home Assistant's recorder knows of the queues and hosts. It is asked in a thread."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.components.recorder.statistics import (
    get_last_short_term_statistics,
    statistic_during_period,
    statistics_during_period,
)
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN

NEEDS_REDIS = "needs_redis"
NO_RECORDER = "no_recorder"
SENSOR_OFF = "sensor_off"
NOT_YET = "not_yet"
"""Why something is not known."""

PEAK_DAYS = 30
"""Days that peak hours are taken from."""

TREND_DAYS = 14
"""Days that a trend is taken from."""

BRIEFLY = 300_000
"""ms without a word, as with each reload, that what is the same before and after is taken to
have lasted."""


@dataclass(frozen=True, slots=True)
class RecordedQueue:
    """Long-term statistics of one queue."""

    counted_to: float | None
    """The count of processed jobs up to which the periods reach; None: nothing yet."""
    today: float
    this_week: float
    this_month: float
    hours: tuple[tuple[datetime, float], ...]
    """Jobs processed per hour, its start in the user's time zone."""
    given_up: tuple[tuple[str, float], ...]
    """Most jobs in the failed set, per day of the user that has a figure."""


def has_recorder(hass: HomeAssistant) -> bool:
    """Return whether there is anybody to ask."""
    return "recorder" in hass.config.components


async def async_recorded(
    hass: HomeAssistant, processed: str | None, failed: str | None
) -> RecordedQueue:
    """Ask for two sensors of a queue, by their entity ids; None: not asked for."""
    now = dt_util.now()
    return await get_instance(hass).async_add_executor_job(
        _read, hass, processed, failed, now
    )


def _read(
    hass: HomeAssistant, processed: str | None, failed: str | None, now: datetime
) -> RecordedQueue:
    """Read the database."""
    midnight = dt_util.start_of_local_day(now)
    today = midnight.date()
    week = dt_util.start_of_local_day(today - timedelta(days=today.weekday()))
    month = dt_util.start_of_local_day(today.replace(day=1))
    return RecordedQueue(
        counted_to=_last_state(hass, processed) if processed else None,
        today=_change(hass, processed, midnight),
        this_week=_change(hass, processed, week),
        this_month=_change(hass, processed, month),
        hours=tuple(_hours(hass, processed, now)),
        given_up=tuple(_given_up(hass, failed, midnight)),
    )


def _change(hass: HomeAssistant, entity_id: str | None, start: datetime) -> float:
    """Return by how much a count has grown since a time."""
    if entity_id is None:
        return 0.0
    found = statistic_during_period(
        hass, dt_util.as_utc(start), None, entity_id, {"change"}, None
    )
    return float(found.get("change") or 0.0)


def _last_state(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return the count up to which the statistics reach."""
    found = get_last_short_term_statistics(hass, 1, entity_id, False, {"state"})
    rows = found.get(entity_id, [])
    return rows[0].get("state") if rows else None


def _hours(
    hass: HomeAssistant, entity_id: str | None, now: datetime
) -> Iterable[tuple[datetime, float]]:
    """Return what each hour brought."""
    if entity_id is None:
        return
    start = dt_util.as_utc(now - timedelta(days=PEAK_DAYS))
    found = statistics_during_period(
        hass, start, None, {entity_id}, "hour", None, {"change"}
    )
    for row in found.get(entity_id, []):
        begin = dt_util.as_local(dt_util.utc_from_timestamp(row["start"]))
        yield begin, row.get("change") or 0.0


def _given_up(
    hass: HomeAssistant, entity_id: str | None, midnight: datetime
) -> Iterable[tuple[str, float]]:
    """Return the largest number of each day."""
    if entity_id is None:
        return
    first = dt_util.start_of_local_day(midnight.date() - timedelta(days=TREND_DAYS - 1))
    found = statistics_during_period(
        hass, dt_util.as_utc(first), None, {entity_id}, "day", None, {"max"}
    )
    for row in found.get(entity_id, []):
        begin = dt_util.as_local(dt_util.utc_from_timestamp(row["start"]))
        yield begin.date().isoformat(), row.get("max") or 0.0


@callback
def async_enabled(hass: HomeAssistant, domain: str, unique_id: str) -> str | None:
    """Return an entity by its unique id; None when it is missing or switched off."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(domain, DOMAIN, unique_id)
    found = None if entity_id is None else registry.async_get(entity_id)
    return None if found is None or found.disabled else found.entity_id


@callback
def async_sensor(
    hass: HomeAssistant, entry: ConfigEntry, queue: str, key: str
) -> str | None:
    """Return the entity id of a queue's sensor; None when it is missing or switched off."""
    return async_enabled(hass, SENSOR_DOMAIN, f"{entry.unique_id}_{queue}_{key}")


@callback
def async_online_sensor(hass: HomeAssistant, host_id: str) -> str | None:
    """Return the entity id of a host's sensor "online"; None when it is switched off."""
    return async_enabled(hass, BINARY_SENSOR_DOMAIN, f"{host_id}_online")


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """What one stretch of time brought."""

    start: int
    """ms since the epoch."""
    value: float
    state: float | None = None
    """The count at its end."""


type Step = Literal["5minute", "hour"]
type Figure = Literal["change", "mean"]


async def async_rows(
    hass: HomeAssistant,
    entity_ids: Collection[str],
    start: datetime,
    step: Step,
    figure: Figure = "change",
) -> Mapping[str, list[RecordedRow]]:
    """Return the rows of statistics since a time, the oldest first."""
    if not entity_ids:
        return {}
    return await get_instance(hass).async_add_executor_job(
        _rows, hass, set(entity_ids), start, step, figure
    )


def _rows(
    hass: HomeAssistant,
    entity_ids: set[str],
    start: datetime,
    step: Step,
    figure: Figure,
) -> Mapping[str, list[RecordedRow]]:
    found = statistics_during_period(
        hass, dt_util.as_utc(start), None, entity_ids, step, None, {figure, "state"}
    )
    return {
        entity_id: [
            RecordedRow(round(row["start"] * 1000), value, row.get("state"))
            for row in rows
            if (value := row.get(figure)) is not None
        ]
        for entity_id, rows in found.items()
    }


@dataclass(frozen=True, slots=True)
class OnTimes:
    """When something was on. Times: ms since the epoch."""

    known_from: int
    """Nothing was recorded before."""
    times: tuple[tuple[int, int | None], ...]
    """From, and to; None: it still is."""
    complete: bool = True
    """Whether there was no stretch since then of which nothing is known."""


async def async_on_times(
    hass: HomeAssistant, entity_id: str | None, start: datetime
) -> OnTimes | None:
    """Return when a binary sensor was on; None when nobody recorded it."""
    if entity_id is None or not has_recorder(hass):
        return None
    return await get_instance(hass).async_add_executor_job(
        _on_times, hass, entity_id, dt_util.as_utc(start)
    )


def _on_times(hass: HomeAssistant, entity_id: str, start: datetime) -> OnTimes | None:
    states = state_changes_during_period(
        hass, start, None, entity_id, no_attributes=True
    ).get(entity_id, [])
    changes = _known_changes(
        (round(state.last_changed_timestamp * 1000), state.state) for state in states
    )
    if not changes:
        return None
    begin = round(start.timestamp() * 1000)
    times: list[tuple[int, int | None]] = []
    since: int | None = None
    for at, state in changes:
        if state == STATE_ON:
            since = max(at, begin) if since is None else since
        elif since is not None:
            times.append((since, at))
            since = None
    if since is not None:
        times.append((since, None))
    complete = all(state is not None for _, state in changes)
    return OnTimes(max(begin, changes[0][0]), tuple(times), complete)


def _known_changes(states: Iterable[tuple[int, str]]) -> list[tuple[int, str | None]]:
    """Return from when on a binary sensor was what, the first time it is known; None: not known."""
    changes: list[tuple[int, str | None]] = []
    for at, state in states:
        known = state if state in (STATE_ON, STATE_OFF) else None
        if not changes:
            if known is not None:
                changes.append((at, known))
            continue
        last_at, last = changes[-1]
        if last is None and known is None:
            continue
        if (
            last is None
            and at - last_at <= BRIEFLY
            and len(changes) > 1
            and changes[-2][1] == known
        ):
            changes.pop()
            continue
        changes.append((at, known))
    return changes
