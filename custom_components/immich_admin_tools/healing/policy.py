"""What is done about stuck jobs: by a user's order, and without being asked. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..analysis.models import JobView, QueueView, ServerView, Source, StuckKind
from ..history.detector import run_of
from .journal import Recent
from .models import Decision, HealMode, Initiator, Reason, SkippedJob, SkipReason

WITHOUT_LOCK = (StuckKind.ORPHANED, StuckKind.GHOST)


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks for."""

    mode: HealMode | None = None
    """None: what is best for each. Then no work is lost that BullMQ would take up again."""
    older_than: float | None = None
    """Seconds; takes the place of the queue's threshold: the user's own word on what
    is too long."""
    job_id: str | None = None
    """The only job it is about."""
    only: frozenset[tuple[str, str]] | None = None
    """Queues and ids of the jobs that the user has seen; None: all."""
    before_restart: bool = False
    """The workers are restarted right after."""

    @property
    def insists(self) -> bool:
        """Return whether the user named both the very job and what is to be done."""
        return self.job_id is not None and self.mode is not None

    def is_about(self, job: JobView) -> bool:
        """Return whether a job is one of those that are meant."""
        if self.only is not None and (job.queue, job.job_id) not in self.only:
            return False
        return self.job_id in (None, job.job_id)

    def mode_for(self, job: JobView) -> HealMode:
        """Return what is to be done to a job."""
        if self.mode is not None:
            return self.mode
        # Its worker is gone and nobody works on it: nothing speaks against trying again.
        if job.kind is StuckKind.ORPHANED and job.lock_token is None:
            return HealMode.REQUEUE
        return HealMode.REMOVE


def decide(
    queues: Iterable[QueueView], order: Order
) -> tuple[tuple[Decision, ...], tuple[SkippedJob, ...]]:
    """Return what to do to which jobs, and which are left alone."""
    decisions: list[Decision] = []
    skipped: list[SkippedJob] = []
    for queue in queues:
        for job in queue.jobs:
            if not order.is_about(job):
                continue
            decided = decide_one(job, queue.worker, order)
            if isinstance(decided, Decision):
                decisions.append(decided)
            else:
                skipped.append(SkippedJob(job.queue, job.job_id, decided))
    return tuple(decisions), tuple(skipped)


def decide_one(
    job: JobView, worker: bool | None, order: Order
) -> Decision | SkipReason:
    """Return what to do to one job, or why it is to be left alone.

    `worker` tells whether one of its queue lives.
    """
    if (reason := _not_to_be_touched(job, worker, order)) is not None:
        return reason
    mode = order.mode_for(job)
    if mode is not HealMode.REMOVE and job.kind is StuckKind.GHOST:
        return SkipReason.ONLY_REMOVE
    if mode is HealMode.REQUEUE and job.lock_token is not None:
        if not order.before_restart:
            return SkipReason.LIVE_LOCK
        if has_fixed_id(job):
            # It can't be kept as failed meanwhile. The restart alone puts it back.
            return SkipReason.BULLMQ_HEALS
        # Given up first, so that it can't run twice; put back when its lock is gone.
        return Decision(job, HealMode.FAIL, Reason.ASKED, retry_when_free=True)
    return without_blocking_its_id(Decision(job, mode, Reason.ASKED))


def _not_to_be_touched(
    job: JobView, worker: bool | None, order: Order
) -> SkipReason | None:
    """Return why nothing at all may be done to a job, None when something may.

    No order touches a job that waits for other queues, nor one that BullMQ is about to
    put back itself, nor one that the user said to leave alone without naming it. While no worker lives, as in a restart of Immich, only an order
    about that very job does.
    """
    if job.kind is StuckKind.BLOCKED:
        return SkipReason.BLOCKED
    if worker is not True and not order.insists:
        return SkipReason.NO_WORKER if _asked_for(job, order) else SkipReason.NOT_STUCK
    if job.kind in WITHOUT_LOCK:
        if job.ignored and order.job_id is None:
            return SkipReason.NOT_STUCK
        if worker is True and not (job.due or job.ignored):
            return SkipReason.BULLMQ_HEALS
    elif job.ignored:
        if order.job_id is None:
            return SkipReason.NOT_STUCK
    elif not job.due:
        if order.older_than is None or job.age is None:
            return SkipReason.NOT_STUCK
        if job.lock_token is None or job.renewal_missed:
            # Its worker is gone, or about to be held for that: BullMQ resumes it.
            return SkipReason.BULLMQ_HEALS
    if (
        order.older_than is not None
        and job.age is not None
        and job.age <= order.older_than
    ):
        return SkipReason.YOUNGER_THAN_ASKED
    return None


def _asked_for(job: JobView, order: Order) -> bool:
    """Return whether an order is about a job at all."""
    if job.due or job.kind in WITHOUT_LOCK:
        return True
    return (
        order.older_than is not None
        and job.age is not None
        and job.age > order.older_than
    )


def has_fixed_id(job: JobView) -> bool:
    """Return whether Immich gave the job its id; those of BullMQ are all digits."""
    return not (job.job_id.isascii() and job.job_id.isdigit())


def without_blocking_its_id(decision: Decision) -> Decision:
    """Remove a job instead of keeping it as failed where that would block its id.

    BullMQ takes a failed job for one that is there already: the same work could not
    be added again, which would switch it off for good.
    """
    if decision.mode is HealMode.FAIL and has_fixed_id(decision.job):
        return Decision(decision.job, HealMode.REMOVE, Reason.FIXED_ID)
    return decision


HOUR = 3_600_000

ONCE_WITHIN = 600_000
"""ms within which the same run is not acted on again, whatever came of the first act."""


class AutoHealMode(StrEnum):
    """What the user wants."""

    OFF = "off"
    ALERT_ONLY = "alert_only"
    CLEAR_AND_LOG = "clear_and_log"
    CLEAR_AND_RESTART = "clear_and_restart"
    """Also restart the workers when one hangs on to a job that was cleared."""


@dataclass(frozen=True, slots=True)
class HealLimits:
    """How far it may go."""

    strikes: int = 3
    """How often a work must get stuck until it is given up instead of tried again.
    Only what is acted on counts: see `strikes.COUNTED`."""
    per_hour: int = 20
    """Jobs that are acted on within an hour at most."""


@dataclass(frozen=True, slots=True)
class HealPlan:
    """What to do now."""

    decisions: tuple[Decision, ...] = ()
    held_back: tuple[JobView, ...] = ()
    """Jobs that the hourly limit keeps from being acted on."""


def plan_heal(
    view: ServerView,
    mode: AutoHealMode,
    limits: HealLimits,
    recent: Sequence[Recent],
    strikes: Callable[[JobView], int],
    now: int,
) -> HealPlan:
    """Return what to do about the stuck jobs of a view.

    `recent` holds the acts of the last hour, `strikes` tells how often the work of a
    job got stuck, this time included. `now` is monotonic.
    """
    if view.source is not Source.REDIS or mode in (
        AutoHealMode.OFF,
        AutoHealMode.ALERT_ONLY,
    ):
        return HealPlan()
    done_lately = {act.run for act in recent if now - act.since < ONCE_WITHIN}
    left = limits.per_hour - sum(
        act.by is Initiator.AUTO and act.counts and now - act.since < HOUR
        for act in recent
    )
    decisions: list[Decision] = []
    held_back: list[JobView] = []
    for queue in view.queues.values():
        for job in queue.stuck:
            if not _may_be_touched(queue) or run_of(job) in done_lately:
                continue
            decision = _decide(job, mode, strikes(job) >= limits.strikes)
            if decision is None:
                continue
            if len(decisions) < left:
                decisions.append(without_blocking_its_id(decision))
            else:
                held_back.append(job)
    return HealPlan(tuple(decisions), tuple(held_back))


def _may_be_touched(queue: QueueView) -> bool:
    """Return whether acting on a job of the queue is safe, and of any use."""
    return queue.writable and queue.worker is True


def _decide(job: JobView, mode: AutoHealMode, is_poison: bool) -> Decision | None:
    """Return what to do about one stuck job; None: leave it to the user."""
    match job.kind:
        case StuckKind.GHOST:
            return Decision(job, HealMode.REMOVE, Reason.EMPTY_ENTRY)
        case StuckKind.ORPHANED if is_poison:
            return Decision(job, HealMode.FAIL, Reason.POISON)
        case StuckKind.ORPHANED:
            return Decision(job, HealMode.REQUEUE, Reason.LEFT_BEHIND)
        case StuckKind.HUNG if mode is AutoHealMode.CLEAR_AND_LOG:
            return Decision(job, HealMode.REMOVE, Reason.HUNG)
        case StuckKind.HUNG if is_poison:
            return Decision(job, HealMode.FAIL, Reason.POISON)
        case StuckKind.HUNG:
            # A restart follows, and then it is tried once more.
            return Decision(job, HealMode.FAIL, Reason.HUNG, retry_when_free=True)
        case _:
            return None
