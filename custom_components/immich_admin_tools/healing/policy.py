"""Which stuck jobs may be acted on, and how. Pure."""

from ..analysis.models import JobView, StuckKind
from .models import HealMode, SkipReason


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
