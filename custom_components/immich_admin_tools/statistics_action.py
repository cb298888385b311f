"""The action that answers with statistics, each from where it is known for certain.

What was processed comes from Home Assistant's own long-term statistics, how long jobs
take from the event stream, what became of them from Immich's telemetry.
"""

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .analysis.statistics import peak_hours, trend
from .const import DOMAIN
from .coordinator import AdminToolsConfigEntry
from .entity import snake_case
from .entry_telemetry import EntryTelemetry
from .immich.telemetry import Outcomes
from .job_summary import iso, rounded
from .recorded import RecordedQueue, async_recorded, has_recorder
from .service_targets import TARGET_FIELDS, async_one_target

STATISTICS_SCHEMA = vol.Schema(TARGET_FIELDS)

NEEDS_REDIS = "needs_redis"
NO_RECORDER = "no_recorder"
SENSOR_OFF = "sensor_off"
NOT_YET = "not_yet"


@callback
def async_setup_statistics_action(hass: HomeAssistant) -> None:
    """Register the action. It needs an admin, or no user (automations)."""

    async def get(call: ServiceCall) -> ServiceResponse:
        """Answer with what is known of the queues, and of their Immich."""
        target = async_one_target(hass, call.data)
        queues: JsonObjectType = {}
        for queue in target.queues:
            queues[queue] = await _queue(hass, target.entry, queue)
        return {"queues": queues, "outcomes": _outcomes(target.entry)}

    async_register_admin_service(
        hass,
        DOMAIN,
        "get_statistics",
        get,
        STATISTICS_SCHEMA,
        SupportsResponse.ONLY,
    )


async def _queue(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str
) -> JsonObjectType:
    """Return the statistics of a queue; null where nobody can know, with the reason."""
    runtime = entry.runtime_data
    view = runtime.queues.data.queues.get(queue)
    processed = _sensor(hass, entry, queue, "processed")
    failed = _sensor(hass, entry, queue, "failed")
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


def _sensor(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str, key: str
) -> str | None:
    """Return the entity id of a sensor; None when it is missing or switched off."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        SENSOR_DOMAIN, DOMAIN, f"{entry.unique_id}_{queue}_{key}"
    )
    found = None if entity_id is None else registry.async_get(entity_id)
    return None if found is None or found.disabled else found.entity_id


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
        "by_day": {day: _plain(own) for day, own in days.items()},
        "failed_trend": trend([own.failed for own in days.values()]),
    }


def _counts(telemetry: EntryTelemetry, name: str) -> JsonObjectType:
    """Return the outcomes of one type of job: null, never 0, when nobody counts."""
    if telemetry.counts.since is None or not telemetry.urls:
        return {"success": None, "failed": None, "skipped": None}
    return _plain(telemetry.counts.of(name))


def _plain(outcomes: Outcomes) -> JsonObjectType:
    return {
        "success": outcomes.success,
        "failed": outcomes.failed,
        "skipped": outcomes.skipped,
    }
