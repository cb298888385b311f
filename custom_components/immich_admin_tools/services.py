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
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .clock import now_ms
from .const import DOMAIN
from .coordinator import AdminToolsConfigEntry
from .entry_healing import reachable_healing
from .errors import translated_errors
from .healing.models import HealMode
from .service_targets import TARGET_FIELDS, QueueTarget, async_queue_targets

ATTR_FOR = "for"
ATTR_OLDER_THAN = "older_than"
ATTR_MODE = "mode"

MILLISECOND = timedelta(milliseconds=1)
SHORTEST_PAUSE = timedelta(seconds=1)

TARGET_SCHEMA = vol.Schema(TARGET_FIELDS)
PAUSE_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_FOR): vol.All(
            cv.positive_time_period, vol.Range(min=SHORTEST_PAUSE)
        ),
    }
)
CLEAR_STUCK_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_OLDER_THAN): cv.positive_time_period,
        vol.Optional(ATTR_MODE, default=HealMode.REMOVE): vol.Coerce(HealMode),
    }
)

type EntryAction = Callable[
    [QueueTarget, ServiceCall], Coroutine[None, None, JsonObjectType]
]
type QueueAction = Callable[
    [AdminToolsConfigEntry, str, ServiceCall], Coroutine[None, None, JsonObjectType]
]


async def _pause(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Pause one queue, for good or for a while."""
    duration: timedelta | None = call.data.get(ATTR_FOR)
    until = None if duration is None else now_ms() + round(duration / MILLISECOND)
    await entry.runtime_data.leases.user_pauses(queue, until)
    return {}


async def _resume(
    entry: AdminToolsConfigEntry, queue: str, call: ServiceCall
) -> JsonObjectType:
    """Resume one queue, whoever paused it."""
    await entry.runtime_data.leases.user_resumes(queue)
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


async def _clear_stuck(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
    """Act on the stuck jobs of all queues at once, and verify what that achieved."""
    older_than: timedelta | None = call.data.get(ATTR_OLDER_THAN)
    report = await reachable_healing(target.entry).heal(
        target.queues,
        call.data[ATTR_MODE],
        None if older_than is None else older_than.total_seconds(),
    )
    jobs = target.entry.runtime_data.activity.jobs
    return {queue: jobs.report(report.of_queue(queue)) for queue in target.queues}


def _for_all_queues(
    hass: HomeAssistant, action: EntryAction
) -> Callable[[ServiceCall], Coroutine[None, None, ServiceResponse]]:
    """Return a handler that does the action once per Immich that the call means."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        """Do it, then look at the queues again."""
        answers: dict[str, Any] = {}
        for target in async_queue_targets(hass, call.data):
            try:
                with translated_errors():
                    answers.update(await action(target, call))
            finally:
                await target.entry.runtime_data.queues.async_request_refresh()
        return {"queues": answers}

    return handle


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
        ("pause", _pause, PAUSE_SCHEMA),
        ("resume", _resume, TARGET_SCHEMA),
        ("clear_waiting", _clear_waiting, TARGET_SCHEMA),
        ("clear_failed", _clear_failed, TARGET_SCHEMA),
    ):
        async_register_admin_service(
            hass,
            DOMAIN,
            name,
            _for_each_queue(hass, action),
            schema,
            SupportsResponse.OPTIONAL,
        )
    async_register_admin_service(
        hass,
        DOMAIN,
        "clear_stuck",
        _for_all_queues(hass, _clear_stuck),
        CLEAR_STUCK_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
