"""Actions on single jobs."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .bullmq.recovery import Result
from .const import DOMAIN
from .data import AdminToolsConfigEntry
from .errors import translated_errors
from .healing.manager import EntryHealing, reachable_healing
from .healing.models import HealMode, HealReport, SkipReason
from .healing.policy import Order
from .restart.restarter import RestartReport
from .restart_action import ATTR_FORCE, restart_summary
from .service_handlers import Handler
from .service_targets import ATTR_CONFIG_ENTRY_ID, TARGET_FIELDS, QueueTarget

ATTR_OLDER_THAN = "older_than"
ATTR_MODE = "mode"
ATTR_JOB_ID = "job_id"

MODE_FIELD = {vol.Optional(ATTR_MODE): vol.Coerce(HealMode)}
"""Left out, each job gets what is best for its kind: see `Order.mode_for`."""

CLEAR_STUCK_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        **MODE_FIELD,
        vol.Optional(ATTR_OLDER_THAN): cv.positive_time_period,
    }
)
CLEAR_JOB_SCHEMA = vol.Schema(
    {**TARGET_FIELDS, **MODE_FIELD, vol.Required(ATTR_JOB_ID): cv.string}
)
CLEAR_ALL_SCHEMA = vol.Schema(
    {
        **MODE_FIELD,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
    }
)

SKIPPED_MESSAGES = {
    SkipReason.NOT_STUCK: "job_not_stuck",
    SkipReason.YOUNGER_THAN_ASKED: "job_not_stuck",
    SkipReason.NO_WORKER: "job_no_worker",
    SkipReason.LIVE_LOCK: "job_held",
    SkipReason.ONLY_REMOVE: "job_only_remove",
    SkipReason.BLOCKED: "job_blocked",
    SkipReason.BULLMQ_HEALS: "job_heals_itself",
    SkipReason.RACED: "job_raced",
    SkipReason.UNSUPPORTED: "job_unsupported",
}
"""What a user is told who named the job."""


async def clear_stuck(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
    """Act on the stuck jobs of all queues at once, and verify what that achieved."""
    older_than: timedelta | None = call.data.get(ATTR_OLDER_THAN)
    report = await reachable_healing(target.entry).heal(
        target.queues,
        Order(
            call.data.get(ATTR_MODE),
            None if older_than is None else older_than.total_seconds(),
        ),
    )
    return _summary(target.entry, target.queues, report)


async def clear_job(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
    """Act on one job, wherever in its queue it is.

    Raises ServiceValidationError when it isn't there, or may not be touched.
    """
    if len(target.queues) != 1:
        raise _invalid("one_queue")
    (queue,) = target.queues
    job_id: str = call.data[ATTR_JOB_ID]
    mode: HealMode | None = call.data.get(ATTR_MODE)
    healing = reachable_healing(target.entry)
    report = await healing.heal((queue,), Order(mode, job_id=job_id))
    if report.skipped:
        raise _invalid(SKIPPED_MESSAGES[report.skipped[0].reason], job_id=job_id)
    if report.healed:
        return _summary(target.entry, (queue,), report)
    if not await _clear_inactive(healing, queue, job_id, mode or HealMode.REMOVE):
        raise _invalid("unknown_job", job_id=job_id, queue=queue)
    return {queue: {"jobs": [], "skipped": [], "count": 1}}


async def _clear_inactive(
    healing: EntryHealing, queue: str, job_id: str, mode: HealMode
) -> bool:
    """Take a job away that waits or has failed, or put a failed one back."""
    recovery = healing.recovery
    match mode:
        case HealMode.REMOVE:
            result = await recovery.remove_waiting(queue, job_id)
            if result is Result.NOT_WAITING:
                failed = await recovery.clear_failed(queue, (job_id,))
                result = failed.outcomes[job_id]
        case HealMode.REQUEUE:
            retried = await recovery.retry_failed(queue, (job_id,))
            result = retried.outcomes[job_id]
        case HealMode.FAIL:
            return False
    if result is Result.LOCKED:
        raise _invalid("job_held", job_id=job_id)
    if result is Result.UNSUPPORTED:
        raise _invalid("job_unsupported", job_id=job_id)
    return result is Result.DONE


def clear_all_and_restart(hass: HomeAssistant) -> Handler:
    """Return the handler: clear every stuck job of one Immich, restart its workers."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        """Do nothing at all when the restart would be refused."""
        entry: AdminToolsConfigEntry = service.async_get_config_entry(
            hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
        )
        runtime = entry.runtime_data
        force: bool = call.data[ATTR_FORCE]
        healing = reachable_healing(entry)
        runtime.restart.async_check(force=force)
        await runtime.restart.async_check_answers()
        restarts: list[RestartReport] = []

        async def restart() -> None:
            """Restart while the acts are not verified yet."""
            restarts.append(await runtime.restart.async_restart(force=force))

        queues = tuple(runtime.queues.data.queues)
        with translated_errors():
            order = Order(call.data.get(ATTR_MODE), before_restart=True)
            report = await healing.heal(queues, order, restart)
        named = sorted(
            {job.act.queue for job in report.healed}
            | {job.queue for job in report.skipped}
        )
        return {
            "queues": _summary(entry, named, report),
            "restart": restart_summary(restarts[0]),
        }

    return handle


def _summary(
    entry: AdminToolsConfigEntry, queues: Any, report: HealReport
) -> JsonObjectType:
    """Return what came of an order, queue by queue."""
    jobs = entry.runtime_data.activity.jobs
    return {queue: jobs.report(report.of_queue(queue)) for queue in queues}


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about the job."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
