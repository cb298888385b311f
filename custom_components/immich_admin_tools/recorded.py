"""What Home Assistant's recorder knows of our sensors: its own long-term statistics."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    get_last_short_term_statistics,
    statistic_during_period,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

PEAK_DAYS = 30
"""Days that peak hours are taken from."""

TREND_DAYS = 14
"""Days that a trend is taken from."""


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
