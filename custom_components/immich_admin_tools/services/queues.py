"""Actions on whole queues, and the one that restarts the workers."""

from datetime import timedelta

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from ..clock import now_ms
from ..const import DOMAIN
from ..data import AdminToolsConfigEntry, reachable_healing
from ..immich.errors import JobAlreadyRunningError, NotStartableError
from ..restart.restarter import RestartReport
from .targets import ALL_QUEUES, ATTR_CONFIG_ENTRY_ID, ATTR_QUEUE, TARGET_FIELDS

ATTR_FOR = "for"
ATTR_SCOPE = "scope"
SCOPE_MISSING = "missing"
SCOPE_ALL = "all"

MILLISECOND = timedelta(milliseconds=1)
SHORTEST_PAUSE = timedelta(seconds=1)
MOST_SKIPPED = 100
"""Jobs that an answer names at most."""

TARGET_SCHEMA = vol.Schema(TARGET_FIELDS)
PAUSE_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_FOR): vol.All(
            cv.positive_time_period, vol.Range(min=SHORTEST_PAUSE)
        ),
    }
)
RUN_QUEUE_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_SCOPE, default=SCOPE_MISSING): vol.In(
            [SCOPE_MISSING, SCOPE_ALL]
        ),
    }
)


async def pause(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Pause one queue, for good or for a while."""
    duration: timedelta | None = call.data.get(ATTR_FOR)
    until = None if duration is None else now_ms() + round(duration / MILLISECOND)
    await entry.runtime_data.leases.user_pauses(queue, until)
    return {}


async def resume(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Resume one queue, whoever paused it."""
    await entry.runtime_data.leases.user_resumes(queue)
    return {}


async def clear_waiting(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Delete all jobs of one queue that have not started."""
    return {"count": await entry.runtime_data.client.clear_waiting(queue)}


async def clear_failed(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Delete the failed jobs of one queue."""
    return {"count": await entry.runtime_data.client.clear_failed(queue)}


async def retry_failed(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Put the failed jobs of one queue behind all that wait."""
    result = await reachable_healing(entry).retry_failed(queue)
    skipped = list(result.skipped.items())[:MOST_SKIPPED]
    return {
        "count": result.done,
        "skipped": [
            {"job_id": job_id, "reason": reason.value} for job_id, reason in skipped
        ],
    }


async def run_queue(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Let Immich look for work for one queue: what is missing, or everything anew.

    With `all` written out, queues that Immich can't start are passed over.
    """
    force = call.data[ATTR_SCOPE] == SCOPE_ALL
    try:
        await entry.runtime_data.client.start(queue, force=force)
    except (JobAlreadyRunningError, NotStartableError) as err:
        if ALL_QUEUES not in call.data.get(ATTR_QUEUE, ()):
            raise
        running = isinstance(err, JobAlreadyRunningError)
        reason = "already_running" if running else "not_startable"
        return {"started": False, "reason": reason}
    entry.runtime_data.skipped_jobs.note_started(queue)
    return {"started": True}


ATTR_FORCE = "force"

RESTART_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
    }
)


def restart_summary(report: RestartReport) -> JsonObjectType:
    """Return what a restart did as plain data; times in seconds."""
    return {
        "way": report.method.value,
        "confirmed": report.confirmed,
        "seconds": round(report.seconds, 1),
        "queues": {
            queue: {"back_after": round(seconds, 1)}
            for queue, seconds in report.back_after.items()
        },
        "missing": list(report.missing),
        "failed_ways": [
            {"way": method, "reason": str(error)} for method, error in report.failures
        ],
        "still_paused": list(report.still_paused),
    }


async def restart_workers(call: ServiceCall) -> ServiceResponse:
    """Restart the workers of one Immich."""
    entry: AdminToolsConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    report = await entry.runtime_data.restart.async_restart(force=call.data[ATTR_FORCE])
    return restart_summary(report)
