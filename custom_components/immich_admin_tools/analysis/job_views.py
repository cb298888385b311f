"""Judges the active jobs of a queue and makes their views."""

from collections.abc import Iterable

from ..bullmq.models import ActiveJob, QueueReading
from ..immich.models import ListedJob
from ..immich.queues import asset_ids, hung_not_before
from .models import JobView, Source
from .queue_memory import Moment, QueueMemory
from .stuck import (
    RENEWAL_MISSED,
    TOO_FAR_APART,
    Circumstances,
    Judgement,
    Run,
    judge,
    judge_listed,
)

_WAITS_FOR_OTHERS = "FacialRecognitionQueueAll"
"""Immich keeps this job active until the queues below have nothing active."""

_WAITED_FOR = ("thumbnailGeneration", "faceDetection")

_ADDS_JOBS = "QueueAll"
"""How the jobs end that go through the library and add a job for each asset."""

_BULK = 500
"""Ids given out between two polls that show such a job at work: it adds 1,000 at once."""


def redis_job_views(
    memory: QueueMemory,
    queue: QueueReading,
    added: int,
    ahead: int | None,
    moment: Moment,
) -> tuple[tuple[JobView, ...], bool]:
    """Return the views, and whether a job has a good reason to hold up the queue.

    `added` is by how much `id` grew since the last poll, `ahead` by how much the
    worker's clock is ahead of the monotonic one.
    """
    views: list[JobView] = []
    excused = False
    found = memory.runs.from_redis(
        queue.jobs,
        queue.active,
        moment.now,
        memory.durations.finished,
        max(TOO_FAR_APART, 3 * moment.interval),
    )
    for job, run in found:
        _find_start(memory, job, run, ahead, moment)
        around = _around(memory, job.name, moment, added)
        excused = excused or around.excused
        views.append(
            _redis_view(memory, job, run, around, judge(job, run, around), moment)
        )
    return _longest_first(views), excused


def api_job_views(
    memory: QueueMemory, jobs: Iterable[ListedJob], moment: Moment
) -> tuple[tuple[JobView, ...], bool]:
    """Return the views, and whether a job has a good reason to hold up the queue."""
    views: list[JobView] = []
    excused = False
    for job, run in memory.runs.from_api(jobs, moment.now, memory.durations.finished):
        around = _around(memory, job.name, moment, added=0)
        excused = excused or around.excused
        views.append(
            _api_view(memory, job, run, around, judge_listed(run, around), moment)
        )
    return _longest_first(views), excused


def _find_start(
    memory: QueueMemory, job: ActiveJob, run: Run, ahead: int | None, moment: Moment
) -> None:
    """Fix a run's start once the worker's clock is known."""
    if run.since is not None or ahead is None or job.processed_on is None:
        return
    run.fix_start(job.processed_on - ahead)
    if moment.redis_offset is not None:
        memory.durations.started(job.job_id, run.started - moment.redis_offset)


def _around(
    memory: QueueMemory, name: str | None, moment: Moment, added: int
) -> Circumstances:
    blocked = name == _WAITS_FOR_OTHERS and any(
        moment.active.get(queue) for queue in _WAITED_FOR
    )
    at_work = name is not None and name.endswith(_ADDS_JOBS) and added >= _BULK
    worker = memory.worker
    return Circumstances(
        now=moment.now,
        threshold=moment.thresholds.of_job(memory.name, name),
        hung_after=hung_not_before(name),
        ignored=moment.thresholds.ignores(memory.name, name),
        worker=worker.alive,
        worker_since=worker.alive_since,
        worker_seen=worker.alive_at,
        blocked=blocked,
        at_work=at_work,
        finished=memory.durations.finished,
        durations=memory.durations.of(name),
    )


def _age(run: Run, now: int) -> int:
    return max(0, now - run.started) // 1000


def _redis_view(
    memory: QueueMemory,
    job: ActiveJob,
    run: Run,
    around: Circumstances,
    judgement: Judgement,
    moment: Moment,
) -> JobView:
    return JobView(
        queue=memory.name,
        job_id=job.job_id,
        name=job.name,
        asset_ids=asset_ids(job.name or "", job.data),
        data=job.data,
        data_problem=job.data_problem,
        added_at=job.added_at,
        since=moment.shown(run.started),
        age=_age(run, around.now),
        kind=judgement.kind,
        due=judgement.due,
        threshold=around.threshold,
        renewal_missed=job.lock_ttl is not None and job.lock_ttl < RENEWAL_MISSED,
        stalled_count=job.stalled_count,
        processed_on=job.processed_on,
        lock_token=job.lock_token,
        source=Source.REDIS,
        polls_seen=run.polls,
    )


def _api_view(
    memory: QueueMemory,
    job: ListedJob,
    run: Run,
    around: Circumstances,
    judgement: Judgement,
    moment: Moment,
) -> JobView:
    return JobView(
        queue=memory.name,
        job_id=job.job_id,
        name=job.name,
        asset_ids=() if job.asset_id is None else (job.asset_id,),
        data=None,
        data_problem=None,
        added_at=job.added_at,
        since=moment.shown(run.started),
        age=_age(run, around.now),
        kind=judgement.kind,
        due=judgement.due,
        threshold=around.threshold,
        renewal_missed=False,
        stalled_count=0,
        processed_on=None,
        lock_token=None,
        source=Source.API,
        polls_seen=run.polls,
    )


def _longest_first(views: list[JobView]) -> tuple[JobView, ...]:
    return tuple(sorted(views, key=lambda view: (view.since or 0, view.job_id)))
