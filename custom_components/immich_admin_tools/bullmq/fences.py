"""What a recovery expects to find, so that it never touches another run of a job."""

from dataclasses import dataclass
from typing import Self

from .models import ActiveJob


@dataclass(frozen=True, slots=True)
class ActiveFence:
    """One run of one job as it was when the decision was made.

    The same id can be another job: ids restart at 1 after a flush, and a job can
    run again. `processed_on` (ms, clock of the worker) and the token of the lock
    tell the runs apart; None stands for "has none".
    """

    job_id: str
    processed_on: int | None
    lock_token: str | None

    @classmethod
    def from_job(cls, job: ActiveJob) -> Self:
        """Return the fence of a job that was read."""
        return cls(job.job_id, job.processed_on, job.lock_token)


@dataclass(frozen=True, slots=True)
class WaitingFence:
    """One waiting job. `added_at` (ms) is None when any job of this id may go."""

    job_id: str
    added_at: int | None = None
