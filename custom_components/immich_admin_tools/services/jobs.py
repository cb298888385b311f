"""Actions on single jobs, and those that only answer."""

from datetime import timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from ..analysis.clocks import iso
from ..analysis.models import QueueView
from ..bullmq.jobs import PAGE_SIZE, Job, JobState
from ..bullmq.recovery import Result
from ..const import DOMAIN
from ..data import AdminToolsConfigEntry, reachable_healing
from ..entity import shown_state
from ..errors import translated_errors
from ..healing.manager import HealingManager
from ..healing.models import HealMode, HealReport, SkipReason
from ..healing.policy import Order
from ..history.summaries import rounded
from ..immich.models import JobStatus, ListedJob, QueueCounts
from ..immich.queues import asset_ids
from ..restart.restarter import RestartReport
from .queues import ATTR_FORCE, restart_summary
from .targets import ATTR_CONFIG_ENTRY_ID, TARGET_FIELDS, QueueTarget

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
    healing: HealingManager, queue: str, job_id: str, mode: HealMode
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


async def clear_all_and_restart(call: ServiceCall) -> ServiceResponse:
    """Clear every stuck job of one Immich, then restart its workers.

    Nothing at all is done when the restart would be refused.
    """
    entry: AdminToolsConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
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
        {job.act.queue for job in report.healed} | {job.queue for job in report.skipped}
    )
    return {
        "queues": _summary(entry, named, report),
        "restart": restart_summary(restarts[0]),
    }


def _summary(
    entry: AdminToolsConfigEntry, queues: Any, report: HealReport
) -> JsonObjectType:
    """Return what came of an order, queue by queue."""
    jobs = entry.runtime_data.history.jobs
    return {queue: jobs.report(report.of_queue(queue)) for queue in queues}


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about the job."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


ATTR_STATE = "state"
ATTR_OFFSET = "offset"
ATTR_COUNT = "count"

MOST = 200
"""Jobs in one answer."""

LONGEST_REASON = 2_000
"""Characters of a reason in an answer: some hold a whole reply, or a picture."""

GET_QUEUE_SCHEMA = vol.Schema(TARGET_FIELDS)
GET_JOBS_SCHEMA = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(ATTR_STATE, default=JobState.ACTIVE): vol.Coerce(JobState),
        vol.Optional(ATTR_OFFSET, default=0): cv.positive_int,
        vol.Optional(ATTR_COUNT, default=50): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST)
        ),
    }
)

_STATUSES = {
    JobState.ACTIVE: (JobStatus.ACTIVE,),
    # While paused, Immich calls the waiting ones so.
    JobState.WAITING: (JobStatus.WAITING, JobStatus.PAUSED),
    JobState.DELAYED: (JobStatus.DELAYED,),
    JobState.FAILED: (JobStatus.FAILED,),
}


async def get_queue(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
    """Return what is known of queues."""
    views = target.entry.runtime_data.queues.data.queues
    return {
        queue: _queue(target.entry, views[queue])
        for queue in target.queues
        if queue in views
    }


async def get_jobs(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
    """Return a page of the jobs of queues in one state, the next to run first."""
    state: JobState = call.data[ATTR_STATE]
    offset: int = call.data[ATTR_OFFSET]
    count: int = call.data[ATTR_COUNT]
    healing = target.entry.runtime_data.healing
    pages = (
        _pages_from_api
        if healing is None or not healing.reachable
        else _pages_from_redis
    )
    return {
        queue: await pages(target.entry, queue, state, offset, count)
        for queue in target.queues
    }


async def _pages_from_redis(
    entry: AdminToolsConfigEntry, queue: str, state: JobState, offset: int, count: int
) -> JsonObjectType:
    """Read as many pages as it takes."""
    healing = entry.runtime_data.healing
    assert healing is not None
    jobs: list[Job] = []
    following: int | None = offset
    total = 0
    while following is not None and len(jobs) < count:
        size = min(PAGE_SIZE, count - len(jobs))
        page = await healing.listing.list_jobs(queue, state, following, size)
        jobs += page.jobs
        total, following = page.total, page.next_offset
    seen = _seen(entry, queue) if state is JobState.ACTIVE else {}
    return {
        "jobs": [seen.get(job.job_id) or _job(entry, job) for job in jobs],
        "total": total,
        "next": following,
    }


async def _pages_from_api(
    entry: AdminToolsConfigEntry, queue: str, state: JobState, offset: int, count: int
) -> JsonObjectType:
    """Ask Immich, which names about 1,000 jobs and no prioritized ones."""
    if (statuses := _STATUSES.get(state)) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="needs_redis"
        )
    client = entry.runtime_data.client
    listed = await client.jobs(queue, statuses)
    page = listed[offset : offset + count]
    following = offset + len(page)
    seen = _seen(entry, queue) if state is JobState.ACTIVE else {}
    return {
        "jobs": [seen.get(job.job_id) or _listed(entry, job) for job in page],
        "total": _total(await client.queue(queue), state),
        "next": following if following < len(listed) else None,
    }


def _total(counts: QueueCounts, state: JobState) -> int:
    """Return how many jobs are in a state."""
    match state:
        case JobState.WAITING:
            return counts.backlog
        case JobState.DELAYED:
            return counts.delayed
        case JobState.FAILED:
            return counts.failed
        case _:
            return counts.active


def _seen(entry: AdminToolsConfigEntry, queue: str) -> dict[str, JsonObjectType]:
    """Return the active jobs that the last poll judged."""
    runtime = entry.runtime_data
    view = runtime.queues.data.queues.get(queue)
    return {
        job.job_id: runtime.history.jobs.summary(job)
        for job in (view.jobs if view else ())
    }


def _short(reason: str | None) -> str | None:
    """Return a reason that two hundred of may be in an answer."""
    if reason is None or len(reason) <= LONGEST_REASON:
        return reason
    return f"{reason[:LONGEST_REASON]}…"


def _job(entry: AdminToolsConfigEntry, job: Job) -> JsonObjectType:
    """Return a job as Redis has it."""
    assets = asset_ids(job.name or "", job.data)
    return {
        "job_id": job.job_id,
        "name": job.name,
        **entry.runtime_data.history.jobs.asset(assets[0] if assets else None),
        "added": iso(job.added_at),
        "due": iso(job.due_at),
        "finished": iso(job.finished_on),
        "failed_reason": _short(job.failed_reason),
        "priority": job.priority,
    }


def _listed(entry: AdminToolsConfigEntry, job: ListedJob) -> JsonObjectType:
    """Return a job as Immich lists it."""
    return {
        "job_id": job.job_id,
        "name": job.name,
        **entry.runtime_data.history.jobs.asset(job.asset_id),
        "added": iso(job.added_at),
        "due": None,
        "finished": iso(job.finished_on),
        "failed_reason": _short(job.failed_reason),
        "priority": None,
    }


def _queue(entry: AdminToolsConfigEntry, view: QueueView) -> JsonObjectType:
    """Return what the last poll saw of a queue."""
    runtime = entry.runtime_data
    healing = runtime.healing
    return {
        "state": shown_state(view, runtime),
        "state_since": iso(view.state_since),
        "paused": view.is_paused,
        "waiting": view.waiting,
        "active": view.active,
        "delayed": view.delayed,
        "failed": view.failed,
        "stuck": len(view.stuck),
        "lost_slots": None if healing is None else healing.lost_slots(view.name),
        "worker": view.worker,
        "rate": rounded(view.rate_per_minute),
        "rate_is_estimate": view.rate_is_estimate,
        "eta": iso(view.eta.finish) if view.eta else None,
        "average_duration": rounded(view.average_duration),
        "processed": view.processed,
        "suggested_threshold": view.suggested_threshold,
        "source": view.source.value,
        "jobs": [runtime.history.jobs.summary(job) for job in view.jobs],
    }
