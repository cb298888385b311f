"""What has happened from one view to the next. Pure."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..analysis.models import (
    IDLE_AFTER,
    JobView,
    QueueState,
    QueueView,
    ServerView,
    Source,
)
from ..healing.journal import RunKey
from ..healing.models import Initiator
from .events import Event, EventType, job_event

FINISHED_AFTER = IDLE_AFTER
"""ms without work after which a queue has finished: when it is shown as idle."""

ENDED = "ended"
PUT_BACK = "put_back"
RUNS_AGAIN = "runs_again"
NO_LONGER_LATE = "no_longer_late"
NO_LONGER_ACTIVE = "no_longer_active"
"""What became of it was not seen."""
STILL_STUCK = "still_stuck"
"""It was ignored for a while, which is over."""
NOT_BY_US = "not_by_us"
"""By BullMQ, by another Home Assistant, or by hand in Redis."""

_LEFT_BY = {
    "completed": (EventType.JOB_RECOVERED, ENDED),
    "waiting": (EventType.JOB_RECOVERED, PUT_BACK),
    "failed": (EventType.JOB_FAILED, NOT_BY_US),
    "removed": (EventType.JOB_CLEARED, NOT_BY_US),
}
"""What is told of a stuck job, by the event with which it left."""


@dataclass(slots=True)
class _Work:
    """A time in which a queue had work; monotonic ms."""

    since: int
    processed: int | None
    """Count when it began; None without Redis."""
    until: int | None = None
    """Since when there is none any more."""


@dataclass(slots=True)
class EventDetector:
    """Compares views. The first one of a queue tells only of jobs that are stuck."""

    _stuck: dict[str, dict[str, JobView]] = field(default_factory=dict)
    _left: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By which event the stuck jobs left that are still to be told of."""
    _ignored: dict[str, dict[str, JobView]] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _paused: dict[str, bool] = field(default_factory=dict)
    _processed: dict[str, int | None] = field(default_factory=dict)
    _work: dict[str, _Work] = field(default_factory=dict)

    def update(
        self,
        view: ServerView,
        under_way: Container[RunKey] = frozenset(),
        handled: Container[RunKey] = frozenset(),
    ) -> tuple[Event, ...]:
        """Return what happened since the last view.

        `under_way`: runs that are being acted on; what becomes of them is told later.
        `handled`: runs that were acted on, which is told elsewhere.
        """
        return tuple(
            event
            for queue in view.queues.values()
            for event in (
                *self._jobs(queue, view.time, under_way, handled),
                *self._worker(queue, view.time),
                *self._pause(queue, view.time),
                *self._finish(queue, view.now, view.time),
            )
        )

    def _jobs(
        self,
        queue: QueueView,
        now: int,
        under_way: Container[RunKey],
        handled: Container[RunKey],
    ) -> Iterator[Event]:
        """Tell of jobs that got stuck, and of those that are so no longer."""
        before = self._stuck.get(queue.name, {})
        ignored = self._ignored.get(queue.name, {})
        self._ignored[queue.name] = {
            job.job_id: job for job in queue.jobs if job.ignored
        }
        after = {job.job_id: job for job in queue.stuck}
        for job_id, job in after.items():
            if job_id not in before or not _same_run(before[job_id], job):
                was = ignored.get(job_id)
                again = was is not None and _same_run(was, job)
                reason = STILL_STUCK if again else None
                yield job_event(EventType.JOB_STUCK, job, now, reason)
        active = {job.job_id: job for job in queue.jobs}
        left = {**queue.left, **self._left.get(queue.name, {})}
        if queue.restarted:
            # Ids begin again: the same one is another job.
            left = dict.fromkeys(before, "removed")
            active = {
                job_id: job
                for job_id, job in active.items()
                if job_id in before and _same_run(before[job_id], job)
            }
        for job_id, job in before.items():
            if job_id in after and _same_run(job, after[job_id]):
                continue
            if run_of(job) in under_way or _lost_its_worker(job, active.get(job_id)):
                after.setdefault(job_id, job)
            elif (left_alone := active.get(job_id)) is not None and _is_left_alone(
                job, left_alone
            ):
                event = job_event(EventType.JOB_IGNORED, left_alone, now, None)
                yield replace(event, by=Initiator.USER)
            elif run_of(job) not in handled:
                kind, reason = _what_became_of(
                    job, active.get(job_id), left.get(job_id)
                )
                yield job_event(kind, job, now, reason)
        self._stuck[queue.name] = after
        self._left[queue.name] = {
            job_id: event for job_id, event in left.items() if job_id in after
        }

    def _worker(self, queue: QueueView, now: int) -> Iterator[Event]:
        """Tell when nobody works on a queue with work, and when somebody is back."""
        if queue.state is QueueState.WORKER_LOST:
            if queue.name not in self._lost:
                self._lost.add(queue.name)
                yield Event(EventType.WORKER_LOST, now, queue=queue.name)
        elif queue.worker and queue.name in self._lost:
            self._lost.remove(queue.name)
            yield Event(EventType.WORKER_BACK, now, queue=queue.name)

    def _pause(self, queue: QueueView, now: int) -> Iterator[Event]:
        """Tell of pauses, whoever made them."""
        was = self._paused.get(queue.name)
        self._paused[queue.name] = queue.is_paused
        if was is not None and was != queue.is_paused:
            kind = (
                EventType.QUEUE_PAUSED if queue.is_paused else EventType.QUEUE_RESUMED
            )
            yield Event(kind, now, queue=queue.name)

    def _finish(self, queue: QueueView, now: int, wall: int) -> Iterator[Event]:
        """Tell when all work that a queue had is done; judged on the monotonic clock."""
        before = self._processed.get(queue.name)
        self._processed[queue.name] = queue.processed
        if queue.restarted:
            self._work.pop(queue.name, None)
        work = self._work.get(queue.name)
        if queue.waiting + queue.active > 0:
            if work is None:
                began = queue.processed if before is None else before
                self._work[queue.name] = _Work(now, began)
            else:
                work.until = None
        elif work is not None:
            if work.until is None:
                work.until = now
            elif now - work.until >= FINISHED_AFTER:
                del self._work[queue.name]
                yield from _finished(queue, work, now, wall)


def run_of(job: JobView) -> RunKey:
    """Return what tells this run from all others."""
    return (job.queue, job.job_id, job.processed_on)


def _same_run(one: JobView, other: JobView) -> bool:
    """Compare runs of one id; the API does not tell when a run began."""
    return (
        one.source is not other.source
        or one.processed_on == other.processed_on
        or None in (one.processed_on, other.processed_on)
    )


def _is_left_alone(job: JobView, now: JobView) -> bool:
    """Return whether a stuck job is so still, and the user wants to hear no more of it."""
    return now.ignored and _same_run(job, now)


def _lost_its_worker(job: JobView, now: JobView | None) -> bool:
    """Return whether nobody holds a stuck job any more: it is not over with that."""
    return (
        now is not None
        and now.source is Source.REDIS
        and now.lock_token is None
        and _same_run(job, now)
    )


def _what_became_of(
    job: JobView, now: JobView | None, left_by: str | None
) -> tuple[EventType, str]:
    """Return what is told of a job that is not stuck any more, and why."""
    if now is None:
        unknown = (EventType.JOB_RECOVERED, NO_LONGER_ACTIVE)
        return unknown if left_by is None else _LEFT_BY.get(left_by, unknown)
    reason = NO_LONGER_LATE if _same_run(job, now) else RUNS_AGAIN
    return EventType.JOB_RECOVERED, reason


def _finished(queue: QueueView, work: _Work, now: int, wall: int) -> Iterator[Event]:
    """Tell that work was done; work that was only taken away is no reason to."""
    jobs = None
    if queue.processed is not None and work.processed is not None:
        jobs = queue.processed - work.processed
        if jobs <= 0:
            return
    yield Event(
        EventType.QUEUE_FINISHED,
        wall,
        queue=queue.name,
        jobs=jobs,
        duration=((work.until or now) - work.since) // 1000,
    )
