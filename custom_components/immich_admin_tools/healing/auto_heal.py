"""What is done about stuck jobs without being asked. Pure.

Only what is certain is acted on. A job that merely takes long, one that waits for
others, a queue without a worker (BullMQ puts its jobs back by itself when one
comes, and before that nobody would work on them), and a queue whose layout is not
known are left to the user.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..analysis.models import JobView, QueueView, ServerView, Source, StuckKind
from ..history.detector import run_of
from .act_book import Recent
from .models import Decision, HealMode, Initiator, Reason
from .policy import without_blocking_its_id

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
    done_lately = {it.run for it in recent if now - it.since < ONCE_WITHIN}
    left = limits.per_hour - sum(
        it.by is Initiator.AUTO and it.counts and now - it.since < HOUR for it in recent
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
