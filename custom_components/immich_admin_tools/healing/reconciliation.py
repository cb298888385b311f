"""Whether an act was done that was lost sight of: read from the events, never repeated."""

from enum import StrEnum

from ..analysis.models import QueueView
from ..bullmq.jobs import JobHistory, JobHistoryEvent
from .models import FAIL_REASON, HealAction, HealMode, Outcome, UnconfirmedReason
from .verdicts import Verdict, verdict_by_queue


class Reconciled(StrEnum):
    """Whether it was done."""

    DONE = "done"
    NOT_DONE = "not_done"
    """The job runs on untouched, or had ended by itself before."""
    UNKNOWN = "unknown"


def reconcile(act: HealAction, history: JobHistory) -> Reconciled:
    """Tell whether an act was carried out before it was lost sight of."""
    for number, event in enumerate(history.events):
        if _is_ours(act, history.events, number):
            return Reconciled.DONE
        if event.event in ("completed", "failed"):
            return Reconciled.NOT_DONE
        if event.event == "waiting":
            # BullMQ itself put it back: what follows is another run.
            return Reconciled.NOT_DONE
    if history.is_active:
        same = history.processed_on == act.processed_on
        return Reconciled.NOT_DONE if same else Reconciled.UNKNOWN
    if act.mode is HealMode.FAIL and history.failed_reason == FAIL_REASON:
        return Reconciled.DONE
    return Reconciled.UNKNOWN


def _is_ours(act: HealAction, events: tuple[JobHistoryEvent, ...], number: int) -> bool:
    """Return whether an event is the one that the act leaves behind."""
    event = events[number]
    if event.prev != "active":
        return False
    match act.mode:
        case HealMode.REMOVE:
            return event.event == "removed"
        case HealMode.FAIL:
            return event.event == "failed" and event.failed_reason == FAIL_REASON
        case HealMode.REQUEUE:
            # BullMQ's own recovery writes the same, and then says so.
            following = events[number + 1 : number + 2]
            return event.event == "waiting" and not any(
                later.event == "stalled" for later in following
            )


def verdict_of_reconciled(
    act: HealAction, reconciled: Reconciled, queue: QueueView | None
) -> Verdict:
    """Return what may be said at once; a lock is watched on from here."""
    if reconciled is Reconciled.NOT_DONE:
        return Outcome.FAILED, UnconfirmedReason.INTERRUPTED
    if reconciled is Reconciled.DONE and act.lock_token is None:
        return verdict_by_queue(queue)
    return Outcome.UNCONFIRMED, UnconfirmedReason.INTERRUPTED
