"""What is done to a stuck job, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from ..analysis.models import JobView


class HealMode(StrEnum):
    """What happens to a stuck job."""

    REMOVE = "remove"
    """Take it away; its work is missing until "run missing"."""
    REQUEUE = "requeue"
    """Put it back so that it is tried again."""
    FAIL = "fail"
    """Move it to the failed jobs."""


class Outcome(StrEnum):
    """What was verified after an action. Never more is said than was seen."""

    CONFIRMED = "confirmed"
    """The job is dealt with, and its worker is free."""
    SLOT_LOST = "slot_lost"
    """The job is dealt with, but its worker still hangs: only a restart frees it."""
    UNCONFIRMED = "unconfirmed"
    """The job is dealt with; whether its worker is free could not be seen."""
    FAILED = "failed"
    """Nothing was changed."""


class SkipReason(StrEnum):
    """Why a job was left alone."""

    NOT_STUCK = "not_stuck"
    """It does not run for long enough."""
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
class HealedJob:
    """A job that was acted on."""

    job: JobView
    mode: HealMode
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SkippedJob:
    """A job that was left alone."""

    job: JobView
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class HealReport:
    """What came of an action on one queue."""

    queue: str
    healed: tuple[HealedJob, ...] = ()
    skipped: tuple[SkippedJob, ...] = ()
