"""The actions. Thin: targets in, work elsewhere, an answer out."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .const import DOMAIN
from .coordinator import AdminToolsConfigEntry
from .errors import translated_errors
from .healing.models import HealMode, HealReport
from .job_summary import job_summary
from .service_targets import TARGET_FIELDS, async_queue_targets

ATTR_OLDER_THAN = "older_than"
ATTR_MODE = "mode"

TARGET_SCHEMA = vol.Schema(TARGET_FIELDS)
CLEAR_STUCK_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_OLDER_THAN): cv.positive_time_period,
        vol.Optional(ATTR_MODE, default=HealMode.REMOVE): vol.Coerce(HealMode),
    }
)

type QueueAction = Callable[
    [AdminToolsConfigEntry, str, ServiceCall], Coroutine[None, None, JsonObjectType]
]


async def _pause(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Pause one queue."""
    await entry.runtime_data.client.pause(queue)
    return {}


async def _resume(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Resume one queue."""
    await entry.runtime_data.client.resume(queue)
    return {}


async def _clear_waiting(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Delete all jobs of one queue that have not started."""
    return {"count": await entry.runtime_data.client.clear_waiting(queue)}


async def _clear_failed(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Delete the failed jobs of one queue."""
    return {"count": await entry.runtime_data.client.clear_failed(queue)}


async def _clear_stuck(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Act on the stuck jobs of one queue and verify what that achieved."""
    queues = entry.runtime_data.queues
    if queues.redis is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="needs_redis"
        )
    if not queues.redis.connected:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="redis_lost"
        )
    view = queues.data.queues.get(queue)
    older_than: timedelta | None = call.data.get(ATTR_OLDER_THAN)
    report = await queues.redis.healer.heal(
        queue,
        view.jobs if view else (),
        call.data[ATTR_MODE],
        older_than.total_seconds() if older_than is not None else None,
    )
    return _report(report)


def _report(report: HealReport) -> JsonObjectType:
    """Turn a report into a plain answer."""
    return {
        "jobs": [
            {**job_summary(healed.job), "outcome": healed.outcome.value}
            for healed in report.healed
        ],
        "skipped": [
            {"job_id": skipped.job.job_id, "reason": skipped.reason.value}
            for skipped in report.skipped
        ],
        "count": len(report.healed),
    }


def _for_each_queue(
    hass: HomeAssistant, action: QueueAction
) -> Callable[[ServiceCall], Coroutine[None, None, ServiceResponse]]:
    """Return a handler that does the action for each queue that the call means."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        """Do it, then look at the queues again."""
        answers: dict[str, Any] = {}
        for target in async_queue_targets(hass, call.data):
            try:
                with translated_errors():
                    for queue in target.queues:
                        answers[queue] = await action(target.entry, queue, call)
            finally:
                await target.entry.runtime_data.queues.async_request_refresh()
        return {"queues": answers}

    return handle


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions. They need an admin, or no user (automations)."""
    for name, action, schema in (
        ("pause", _pause, TARGET_SCHEMA),
        ("resume", _resume, TARGET_SCHEMA),
        ("clear_waiting", _clear_waiting, TARGET_SCHEMA),
        ("clear_failed", _clear_failed, TARGET_SCHEMA),
        ("clear_stuck", _clear_stuck, CLEAR_STUCK_SCHEMA),
    ):
        async_register_admin_service(
            hass,
            DOMAIN,
            name,
            _for_each_queue(hass, action),
            schema,
            SupportsResponse.OPTIONAL,
        )
