"""What may be said of an act: judged by the lock of its job, or by its queue."""

from dataclasses import dataclass, field

from ..analysis.models import QueueState, QueueView
from ..bullmq.locks import LockObservation, SlotState, slot_state
from .models import MAY_CHANGE, HealAction, Outcome, UnconfirmedReason

type Verdict = tuple[Outcome, UnconfirmedReason | None]


def verdict_by_lock(slot: Slot) -> Verdict | None:
    """Judge a job that had a lock; None while it tells nothing yet."""
    match slot.state:
        case SlotState.FREE:
            return Outcome.CONFIRMED, None
        case SlotState.LOST:
            return Outcome.SLOT_LOST, None
        case SlotState.REPLACED:
            return Outcome.UNCONFIRMED, UnconfirmedReason.OTHER_RUN
        case SlotState.UNKNOWN:
            return None
        case None:
            return Outcome.UNCONFIRMED, UnconfirmedReason.FLUSHED


def verdict_by_queue(queue: QueueView | None) -> Verdict:
    """Judge a job without a lock: whether its queue works shows in the queue alone.

    Its worker process is gone, or it was cut off and has come back; in either case
    the slot is free when the queue has a living worker and moves.
    """
    if queue is None or queue.worker is None:
        return Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY
    if queue.worker is False:
        return Outcome.UNCONFIRMED, UnconfirmedReason.NO_WORKER
    if queue.is_paused:
        return Outcome.UNCONFIRMED, UnconfirmedReason.PAUSED
    if queue.state is QueueState.STALLED:
        return Outcome.UNCONFIRMED, UnconfirmedReason.NOT_MOVING
    return Outcome.CONFIRMED, None


def stays_watched(act: HealAction, verdict: Verdict) -> bool:
    """Return whether looking on can still tell more, or something is left to do."""
    outcome, doubt = verdict
    if act.retry_when_free:
        return outcome is not Outcome.FAILED and doubt is not UnconfirmedReason.FLUSHED
    if act.lock_token is None:
        return doubt in MAY_CHANGE
    return outcome is Outcome.SLOT_LOST or doubt in (
        UnconfirmedReason.TOO_EARLY,
        UnconfirmedReason.INTERRUPTED,
    )


RENEWAL_OVERDUE = 10_000
"""ms of life left at which a lock of 30 s, renewed every 15 s, was evidently not."""


@dataclass(slots=True)
class Slot:
    """The slot of one act, as far as it was watched. Times: ms, monotonic."""

    act: HealAction
    lost: bool = False
    """It was seen that the worker hangs on, and nothing since speaks against it."""
    flushed: bool = False
    """Redis was emptied: a lock that is gone says nothing."""
    told: bool = field(init=False)
    """Whether it was told that the worker hangs on."""
    said: tuple[Outcome, UnconfirmedReason | None] | None = field(
        default=None, init=False
    )
    """What was recorded last, as far as it is known since the start."""
    _earliest: LockObservation | None = field(default=None, init=False)
    _last: LockObservation | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Take what is known from before as told."""
        self.told = self.lost

    def observe(self, lock: LockObservation, job_counter: int | None) -> None:
        """Take in one look at the lock and at the queue's `id`."""
        before = self.act.job_counter
        if before is not None and (job_counter is None or job_counter < before):
            self.flushed = True
        if (
            lock.token == self.act.lock_token
            and lock.ttl is not None
            and (self._earliest is None or lock.expires_at < self._earliest.expires_at)
        ):
            self._earliest = lock
        self._last = lock
        if self._seen is SlotState.LOST:
            self.lost = True
        elif (
            lock.token == self.act.lock_token
            and lock.ttl is not None
            and lock.ttl < RENEWAL_OVERDUE
        ):
            # Its worker is gone, or stands still: only a new renewal says otherwise.
            self.begin_anew()

    def begin_anew(self) -> None:
        """Hold the slot for lost only if its lock is renewed from now on.

        To be called when a restart was seen: a process that is gone renews nothing.
        """
        self.lost = False
        self._earliest = self._last = None

    @property
    def state(self) -> SlotState | None:
        """Return what is known; None when Redis was emptied meanwhile."""
        if self.flushed:
            return None
        if self._seen is SlotState.UNKNOWN and self.lost:
            return SlotState.LOST
        return self._seen

    @property
    def _seen(self) -> SlotState:
        """Return what the looks tell."""
        looks = [look for look in (self._earliest, self._last) if look is not None]
        return slot_state(looks, self.act.lock_token)
