"""Actions that only answer: what is in the queues."""

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .analysis.models import QueueView
from .bullmq.listing import PAGE_SIZE, Job, JobState
from .const import DOMAIN
from .coordinator import AdminToolsConfigEntry
from .immich.jobs import asset_ids
from .immich.models import JobStatus, ListedJob, QueueCounts
from .job_summary import iso, rounded
from .service_targets import TARGET_FIELDS, QueueTarget
from .worker_blocked import shown_state

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
        job.job_id: runtime.activity.jobs.summary(job)
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
        **entry.runtime_data.activity.jobs.asset(assets[0] if assets else None),
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
        **entry.runtime_data.activity.jobs.asset(job.asset_id),
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
        "jobs": [runtime.activity.jobs.summary(job) for job in view.jobs],
    }
