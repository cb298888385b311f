"""What is done to a stuck job, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..analysis.models import JobView, StuckKind
from ..serialization import if_unreadable

FAIL_REASON = "Stuck; given up by Immich Admin Tools"
"""Stands with the failed job, and tells it from those that BullMQ gave up."""


class HealMode(StrEnum):
    """What happens to a stuck job."""

    REMOVE = "remove"
    """Take it away; its work is missing until "run missing"."""
    REQUEUE = "requeue"
    """Put it back so that it is tried again."""
    FAIL = "fail"
    """Move it to the failed jobs."""


class Initiator(StrEnum):
    """Who wanted it."""

    USER = "user"
    """Somebody pressed a button, or called an action."""
    AUTO = "auto"
    """Auto-heal, as it was set."""


class Reason(StrEnum):
    """Why a job is acted on."""

    ASKED = "asked"
    LEFT_BEHIND = "left_behind"
    """Its worker is gone, and BullMQ had its time to put it back."""
    EMPTY_ENTRY = "empty_entry"
    """There is no job behind the id."""
    HUNG = "hung"
    """It will not end by itself."""
    POISON = "poison"
    """It got stuck again and again: trying once more would only block the queue."""
    FIXED_ID = "fixed_id"
    """Removed instead of kept as failed: a failed job blocks the id that Immich gave it,
    and the same work could never be added again."""
    RETRY = "retry"
    """Given up for as long as its worker held it; now the worker is free."""


class Outcome(StrEnum):
    """What was verified after an action. Never more is said than was seen."""

    CONFIRMED = "confirmed"
    """The job is dealt with, and its worker is free."""
    SLOT_LOST = "slot_lost"
    """The job is dealt with, but its worker still hangs: only a restart frees it."""
    UNCONFIRMED = "unconfirmed"
    """The job is dealt with; the doubt says what could not be seen."""
    FAILED = "failed"
    """Nothing was changed."""


class UnconfirmedReason(StrEnum):
    """Why an outcome is not confirmed."""

    TOO_EARLY = "too_early"
    """The lock tells nothing yet: it is watched on."""
    OTHER_RUN = "other_run"
    """The job runs anew, which hides what became of its first worker."""
    FLUSHED = "flushed"
    """Redis was emptied or went back in time, and the lock with it."""
    NO_WORKER = "no_worker"
    """Nobody works on the queue."""
    PAUSED = "paused"
    """The queue is paused, so nothing shows whether its workers are free."""
    NOT_MOVING = "not_moving"
    """Work waits, and still nothing happens."""
    REDIS_LOST = "redis_lost"
    """Redis did not answer any more: whether it was done is looked up later."""
    INTERRUPTED = "interrupted"
    """Home Assistant ended before it could be verified."""


MAY_CHANGE = frozenset({UnconfirmedReason.TOO_EARLY, UnconfirmedReason.NOT_MOVING})
"""Doubts that may go away while one looks on."""


class SkipReason(StrEnum):
    """Why a job was left alone."""

    NOT_STUCK = "not_stuck"
    """It does not run for long enough."""
    YOUNGER_THAN_ASKED = "younger_than_asked"
    """It runs for no longer than the user asked for."""
    NO_WORKER = "no_worker"
    """No worker was seen: BullMQ puts its job back when one comes, and does it."""
    LIVE_LOCK = "live_lock"
    """A worker still holds it: put back, it would run twice."""
    ONLY_REMOVE = "only_remove"
    """A ghost has no data to put back or to keep as failed."""
    BLOCKED = "blocked"
    """It waits for other queues, which is normal."""
    BULLMQ_HEALS = "bullmq_heals"
    """Its worker is gone but another lives: BullMQ itself puts it back within 2 min."""
    RACED = "raced"
    """It finished, or ran anew, between the look and the act."""
    UNSUPPORTED = "unsupported"
    """It belongs to a flow of jobs, which Immich does not use."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done to one run of a job, and why."""

    job: JobView
    mode: HealMode
    reason: Reason
    retry_when_free: bool = False
    """Put the job back once its worker has let go, such as after a restart. Only
    with FAIL: as long as it is a failed job it can't run twice."""


@dataclass(frozen=True, slots=True)
class HealAction:
    """A decision, written down before it is carried out."""

    act_id: str
    at: int = field(metadata=if_unreadable(0))
    """ms since the epoch, Home Assistant's clock."""
    redis_at: int = field(metadata=if_unreadable(0))
    """The same moment on the clock of Redis."""
    job_counter: int | None
    """`id` of the queue at that moment: when it falls, Redis was emptied."""
    queue: str
    job_id: str
    name: str | None
    asset_id: str | None
    kind: StuckKind | None
    age: int | None
    """Seconds."""
    processed_on: int | None
    lock_token: str | None
    mode: HealMode
    reason: Reason = field(metadata=if_unreadable(Reason.ASKED))
    by: Initiator = field(metadata=if_unreadable(Initiator.USER))
    retry_when_free: bool = field(metadata=if_unreadable(False))

    @property
    def run(self) -> tuple[str, str, int | None]:
        """Return what tells this run from all others."""
        return (self.queue, self.job_id, self.processed_on)


@dataclass(frozen=True, slots=True)
class HealedJob:
    """A job that was acted on, or was about to be."""

    act: HealAction
    outcome: Outcome
    doubt: UnconfirmedReason | None = None


@dataclass(frozen=True, slots=True)
class SkippedJob:
    """A job that was left alone."""

    queue: str
    job_id: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class HealReport:
    """What came of an order."""

    healed: tuple[HealedJob, ...] = ()
    skipped: tuple[SkippedJob, ...] = ()

    def of_queue(self, queue: str) -> HealReport:
        """Return the part about one queue."""
        return HealReport(
            tuple(job for job in self.healed if job.act.queue == queue),
            tuple(job for job in self.skipped if job.queue == queue),
        )
