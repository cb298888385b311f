"""Makes the view of one queue out of a poll of Redis or of the API."""

from collections.abc import Collection, Container, Iterable

from ..bullmq.models import JobEvent, QueueReading
from ..immich.models import ListedJob, QueueCounts
from .clocks import PollTimes
from .job_views import api_job_views, redis_job_views
from .models import JobView, QueueView, Source
from .queue_memory import Facts, Moment, QueueMemory


def view_from_redis(
    memory: QueueMemory,
    queue: QueueReading,
    times: PollTimes,
    ahead: int | None,
    moment: Moment,
) -> QueueView:
    """Understand one poll of Redis.

    `ahead`: ms by which the worker's clock is ahead of the monotonic one.
    """
    memory.switch_to(Source.REDIS)
    memory.counted = True
    memory.worker.observe(queue, times)
    progress = memory.throughput.update(queue, moment.run_id)
    left = _left(progress.events, memory.runs.job_ids)
    if progress.restarted:
        memory.runs.forget()
        memory.durations.forget_ids()
    memory.durations.observe(
        progress.events, queue.jobs, queue.active, timed=times.can_time(queue)
    )
    counter = queue.job_counter or 0
    added = counter - (counter if memory.job_counter is None else memory.job_counter)
    memory.job_counter = counter
    jobs, excused = redis_job_views(memory, queue, added, ahead, moment)
    facts = Facts(
        waiting=queue.waiting,
        active=queue.active,
        is_paused=queue.is_paused,
        processed=progress.processed,
        moved=progress.processed > 0
        or any(event.event == "active" for event in progress.events),
        excused=excused,
        all_late=_all_late(jobs, queue.active),
        worker=memory.worker.alive,
    )
    understood = memory.understand(Source.REDIS, facts, moment)
    beat = memory.worker.heartbeat_at
    return QueueView(
        name=memory.name,
        source=Source.REDIS,
        is_paused=queue.is_paused,
        waiting=queue.waiting,
        active=queue.active,
        delayed=queue.delayed,
        failed=queue.failed,
        jobs=jobs,
        state=understood.state,
        state_since=understood.state_since,
        worker=memory.worker.alive,
        worker_seen_at=None if beat is None else moment.shown(beat),
        rate_per_minute=understood.pace.rate_per_minute,
        rate_range=understood.pace.rate_range,
        rate_is_estimate=False,
        eta=understood.pace.eta,
        no_eta=understood.pace.no_eta,
        average_duration=understood.average_duration,
        processed=memory.throughput.processed,
        suggested_threshold=memory.durations.whole.suggested_threshold,
        next_added_at=queue.next_job_added_at,
        version=queue.version,
        layout=queue.layout,
        writable=queue.writable,
        left=left,
        restarted=progress.restarted,
    )


def view_from_api(
    memory: QueueMemory,
    counts: QueueCounts,
    listed: Collection[ListedJob],
    moment: Moment,
) -> QueueView:
    """Understand one poll of the API."""
    memory.switch_to(Source.API)
    processed = memory.counts.observe(counts, moment.now)
    jobs, excused = api_job_views(memory, listed, moment)
    active_ids = frozenset(job.job_id for job in listed)
    facts = Facts(
        waiting=counts.backlog,
        active=counts.active,
        is_paused=counts.is_paused,
        processed=processed,
        moved=processed > 0 or active_ids != memory.active_ids,
        excused=excused,
        all_late=_all_late(jobs, counts.active),
        worker=None,
    )
    memory.active_ids = active_ids
    understood = memory.understand(Source.API, facts, moment)
    return QueueView(
        name=memory.name,
        source=Source.API,
        is_paused=counts.is_paused,
        waiting=counts.backlog,
        active=counts.active,
        delayed=counts.delayed,
        failed=counts.failed,
        jobs=jobs,
        state=understood.state,
        state_since=understood.state_since,
        worker=None,
        worker_seen_at=None,
        rate_per_minute=understood.pace.rate_per_minute,
        rate_range=understood.pace.rate_range,
        rate_is_estimate=True,
        eta=understood.pace.eta,
        no_eta=understood.pace.no_eta,
        average_duration=understood.average_duration,
        processed=memory.throughput.processed if memory.counted else None,
        suggested_threshold=memory.durations.whole.suggested_threshold,
        next_added_at=None,
        version=None,
        layout=None,
        writable=False,
    )


def _left(events: Iterable[JobEvent], active: Container[str]) -> dict[str, str]:
    """Return by which event each of the jobs that were active left."""
    left: dict[str, str] = {}
    for event in events:
        job_id = event.job_id
        if event.prev == "active" and job_id is not None and job_id in active:
            left.setdefault(job_id, event.event)
    return left


def _all_late(jobs: Collection[JobView], active: int) -> bool | None:
    """Return whether all that is active is due; None when that can't be told."""
    if not jobs or len(jobs) < active:
        return None
    return all(job.due for job in jobs)
