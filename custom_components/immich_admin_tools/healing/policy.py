"""Which stuck jobs a user's order may act on, and how. Pure."""

from collections.abc import Iterable

from ..analysis.models import JobView, StuckKind
from .models import Decision, HealMode, Reason, SkippedJob, SkipReason


def decide(
    jobs: Iterable[JobView],
    mode: HealMode,
    older_than: float | None = None,
    *,
    before_restart: bool = False,
) -> tuple[tuple[Decision, ...], tuple[SkippedJob, ...]]:
    """Return what to do to which jobs, and which are left alone.

    `before_restart`: the workers are restarted right after. Then a job with a live
    lock may be put back too: it is given up first, and put back when its lock is gone.
    """
    decisions: list[Decision] = []
    skipped: list[SkippedJob] = []
    for job in jobs:
        reason = reason_to_skip(job, mode, older_than)
        if reason is SkipReason.LIVE_LOCK and before_restart:
            decisions.append(
                Decision(job, HealMode.FAIL, Reason.ASKED, retry_when_free=True)
            )
        elif reason is None:
            decisions.append(Decision(job, mode, Reason.ASKED))
        else:
            skipped.append(SkippedJob(job.queue, job.job_id, reason))
    return tuple(decisions), tuple(skipped)


def reason_to_skip(
    job: JobView, mode: HealMode, older_than: float | None
) -> SkipReason | None:
    """Return why a job is to be left alone, None when it may be acted on.

    `older_than` (seconds) takes the place of the queue's threshold: the user's own
    word on what is too long. It never touches a job that waits for other queues, nor
    one that BullMQ is about to put back itself.
    """
    if job.kind is StuckKind.BLOCKED:
        return SkipReason.BLOCKED
    if not job.due:
        if job.kind in (StuckKind.ORPHANED, StuckKind.GHOST):
            return SkipReason.BULLMQ_HEALS
        if older_than is None or job.age is None or job.age <= older_than:
            return SkipReason.NOT_STUCK
    elif older_than is not None and job.age is not None and job.age <= older_than:
        return SkipReason.NOT_STUCK
    if mode is not HealMode.REMOVE and job.kind is StuckKind.GHOST:
        return SkipReason.ONLY_REMOVE
    if mode is HealMode.REQUEUE and job.lock_token is not None:
        return SkipReason.LIVE_LOCK
    return None
