"""What may be said of an act after looking at its slot and its queue. Pure."""

from ..analysis.models import QueueState, QueueView
from ..bullmq.locks import SlotState
from .models import MAY_CHANGE, Act, Doubt, Outcome
from .slots import Slot

type Verdict = tuple[Outcome, Doubt | None]


def verdict_by_lock(slot: Slot) -> Verdict | None:
    """Judge a job that had a lock; None while it tells nothing yet."""
    match slot.state:
        case SlotState.FREE:
            return Outcome.CONFIRMED, None
        case SlotState.LOST:
            return Outcome.SLOT_LOST, None
        case SlotState.REPLACED:
            return Outcome.UNCONFIRMED, Doubt.OTHER_RUN
        case SlotState.UNKNOWN:
            return None
        case None:
            return Outcome.UNCONFIRMED, Doubt.FLUSHED


def verdict_by_queue(queue: QueueView | None) -> Verdict:
    """Judge a job without a lock: whether its queue works shows in the queue alone.

    Its worker process is gone, or it was cut off and has come back; in either case
    the slot is free when the queue has a living worker and moves.
    """
    if queue is None or queue.worker is None:
        return Outcome.UNCONFIRMED, Doubt.TOO_EARLY
    if queue.worker is False:
        return Outcome.UNCONFIRMED, Doubt.NO_WORKER
    if queue.is_paused:
        return Outcome.UNCONFIRMED, Doubt.PAUSED
    if queue.state is QueueState.STALLED:
        return Outcome.UNCONFIRMED, Doubt.NOT_MOVING
    return Outcome.CONFIRMED, None


def stays_watched(act: Act, verdict: Verdict) -> bool:
    """Return whether looking on can still tell more, or something is left to do."""
    outcome, doubt = verdict
    if act.retry_when_free:
        return outcome is not Outcome.FAILED and doubt is not Doubt.FLUSHED
    if act.lock_token is None:
        return doubt in MAY_CHANGE
    return outcome is Outcome.SLOT_LOST or doubt in (Doubt.TOO_EARLY, Doubt.INTERRUPTED)
