"""What happens, as it is told on the bus and kept in the history."""

from dataclasses import dataclass, replace
from enum import StrEnum

from ..analysis.models import JobView, StuckKind
from ..healing.models import (
    HealAction,
    HealedJob,
    HealMode,
    Initiator,
    Outcome,
    UnconfirmedReason,
)


class EventType(StrEnum):
    """All that is told of."""

    JOB_STUCK = "job_stuck"
    JOB_RECOVERED = "job_recovered"
    """A stuck job went on, or ended, without us."""
    JOB_CLEARED = "job_cleared"
    JOB_REQUEUED = "job_requeued"
    JOB_FAILED = "job_failed"
    """A stuck job was given up: it is among the failed ones."""
    JOB_IGNORED = "job_ignored"
    """The user said to leave a stuck job alone: it goes on, and is called stuck no more."""
    HEAL_UNCONFIRMED = "heal_unconfirmed"
    """A job was dealt with, and its worker is still blocked, or can't be seen."""
    WORKER_LOST = "worker_lost"
    WORKER_BACK = "worker_back"
    QUEUE_FINISHED = "queue_finished"
    QUEUE_PAUSED = "queue_paused"
    QUEUE_RESUMED = "queue_resumed"
    WORKERS_RESTARTED = "workers_restarted"
    RESTART_FAILED = "restart_failed"
    RESTART_UNCONFIRMED = "restart_unconfirmed"
    """A restart was carried out, and nobody could see whether the workers are new."""
    GPU_WAKE = "gpu_wake"
    GPU_READY = "gpu_ready"
    GPU_WAKE_FAILED = "gpu_wake_failed"
    GPU_SLEEP = "gpu_sleep"
    GPU_SLEEP_FAILED = "gpu_sleep_failed"
    JOBS_BURNT = "jobs_burnt"
    """Jobs ended as done without having been done: their photos were skipped."""


ACT_EVENTS = {
    HealMode.REMOVE: EventType.JOB_CLEARED,
    HealMode.REQUEUE: EventType.JOB_REQUEUED,
    HealMode.FAIL: EventType.JOB_FAILED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. What does not apply is None."""

    type: EventType
    at: int
    """ms since the epoch."""
    queue: str | None = None
    job_id: str | None = None
    name: str | None = None
    asset_id: str | None = None
    asset_path: str | None = None
    file_name: str | None = None
    """As the photo was called when it was uploaded; its path may be an id."""
    kind: StuckKind | None = None
    age: int | None = None
    """Seconds that the job had been running."""
    reason: str | None = None
    mode: HealMode | None = None
    by: Initiator | None = None
    outcome: Outcome | None = None
    doubt: UnconfirmedReason | None = None
    jobs: int | None = None
    """Jobs processed, of a queue that finished."""
    duration: int | None = None
    """Seconds that it took."""
    act_id: str | None = None
    """Of an act: its outcome may still change."""
    host: str | None = None
    """Of a GPU host: the id of its subentry."""
    at_least: bool | None = None
    """Whether it may have been more jobs."""


def job_event(kind: EventType, job: JobView, at: int, reason: str | None) -> Event:
    """Return an event about a job that is, or was, active."""
    return Event(
        type=kind,
        at=at,
        queue=job.queue,
        job_id=job.job_id,
        name=job.name,
        asset_id=job.asset_ids[0] if job.asset_ids else None,
        kind=job.kind,
        age=job.age,
        reason=reason,
    )


def act_events(healed: HealedJob) -> tuple[Event, ...]:
    """Return what is told of an act: that it was done, and whether it is in doubt.

    Nothing was done when the outcome is FAILED; then only the history keeps it.
    """
    done = _act_event(ACT_EVENTS[healed.act.mode], healed.act, healed)
    if healed.outcome in (Outcome.SLOT_LOST, Outcome.UNCONFIRMED):
        return done, replace(done, type=EventType.HEAL_UNCONFIRMED)
    return (done,)


def _act_event(kind: EventType, act: HealAction, healed: HealedJob) -> Event:
    return Event(
        type=kind,
        at=act.at,
        queue=act.queue,
        job_id=act.job_id,
        name=act.name,
        asset_id=act.asset_id,
        kind=act.kind,
        age=act.age,
        reason=act.reason.value,
        mode=act.mode,
        by=act.by,
        outcome=healed.outcome,
        doubt=healed.doubt,
        act_id=act.act_id,
    )
