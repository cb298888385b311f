"""What became of an act whose outcome was never recorded. Pure.

Home Assistant ended, or Redis fell silent, between the act and its record. The act
is never repeated; what the queue still tells decides what is recorded.
"""

from enum import StrEnum

from ..analysis.models import QueueView
from ..bullmq.jobs import JobTrail, TrailEvent
from .carrying_out import FAIL_REASON
from .models import Act, Doubt, HealMode, Outcome
from .verdicts import Verdict, verdict_by_queue


class Fate(StrEnum):
    """Whether it was done."""

    DONE = "done"
    NOT_DONE = "not_done"
    """The job runs on untouched, or had ended by itself before."""
    UNKNOWN = "unknown"


def fate_of(act: Act, trail: JobTrail) -> Fate:
    """Tell whether an act was carried out before it was lost sight of."""
    for number, event in enumerate(trail.events):
        if _is_ours(act, trail.events, number):
            return Fate.DONE
        if event.event in ("completed", "failed"):
            return Fate.NOT_DONE
        if event.event == "waiting":
            # BullMQ itself put it back: what follows is another run.
            return Fate.NOT_DONE
    if trail.is_active:
        same = trail.processed_on == act.processed_on
        return Fate.NOT_DONE if same else Fate.UNKNOWN
    if act.mode is HealMode.FAIL and trail.failed_reason == FAIL_REASON:
        return Fate.DONE
    return Fate.UNKNOWN


def _is_ours(act: Act, events: tuple[TrailEvent, ...], number: int) -> bool:
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
                it.event == "stalled" for it in following
            )


def verdict_of_fate(act: Act, fate: Fate, queue: QueueView | None) -> Verdict:
    """Return what may be said at once; a lock is watched on from here."""
    if fate is Fate.NOT_DONE:
        return Outcome.FAILED, Doubt.INTERRUPTED
    if fate is Fate.DONE and act.lock_token is None:
        return verdict_by_queue(queue)
    return Outcome.UNCONFIRMED, Doubt.INTERRUPTED
