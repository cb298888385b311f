"""What may be said of an act: judged by the lock of its job, or by its queue."""

from dataclasses import dataclass, field
from enum import Enum, auto

from ..analysis.models import QueueState, QueueView
from ..bullmq.locks import (
    LONGEST_RENEWAL,
    SHORTEST_RENEWAL,
    LockObservation,
    SlotState,
    slot_state,
)
from .models import MAY_CHANGE, HealAction, Outcome, UnconfirmedReason

type Verdict = tuple[Outcome, UnconfirmedReason | None]


def verdict_by_lock(slot: Slot, queue: QueueView | None) -> Verdict | None:
    """Judge a job that had a lock; None while it tells nothing yet.

    The lock of a worker that was killed runs out as well: that a worker is free is
    only said of one that was seen since.
    """
    match slot.state:
        case SlotState.FREE:
            alive_at = None if queue is None else queue.worker_alive_at
            if alive_at is not None and alive_at >= slot.alive_after:
                return Outcome.CONFIRMED, None
            if queue is not None and queue.worker is False:
                return Outcome.UNCONFIRMED, UnconfirmedReason.NO_WORKER
            return Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY
        case SlotState.LOST:
            return Outcome.SLOT_LOST, None
        case SlotState.REPLACED:
            return Outcome.UNCONFIRMED, UnconfirmedReason.OTHER_RUN
        case SlotState.UNKNOWN if slot.in_doubt:
            return Outcome.UNCONFIRMED, UnconfirmedReason.REDIS_LOST
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
        UnconfirmedReason.REDIS_LOST,
    )


class _Gone(Enum):
    """How a lock went."""

    RELEASED = auto()
    """Taken away, or proved otherwise."""
    RAN_OUT = auto()
    """Not renewed, though it could have been."""
    IN_DOUBT = auto()
    """Perhaps nobody could renew it."""


RENEWAL_OVERDUE = 10_000
"""ms of life left at which a lock of 30 s, renewed every 15 s, was evidently not."""


LOCK_LIFE = 30_000
"""ms that a renewal lasts."""

LONGEST_GAP = 10_000
"""ms between two looks in which Redis can have stood still without harm: a worker that
waits to renew its lock of 30 s, as it does every 15 s at the latest, does so in time."""

LONG_ENOUGH = 10_000
"""ms of an answering Redis, before a lock runs out, in which its worker would have
renewed it: its timer runs every 7.5 s."""

_RELEASED_BEFORE = 1_000
"""ms before its end by which a lock that is gone was surely taken away, not run out."""


@dataclass(slots=True)
class Slot:
    """The slot of one act, as far as it was watched. Times: ms, monotonic."""

    act: HealAction
    since: int
    """When the watch began; signs of life from before say nothing."""
    from_the_act: bool = False
    """Whether the lock was there when the watch began; else the act is long over."""
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
    _looked_at: int | None = field(default=None, init=False)
    _sighted: LockObservation | None = field(default=None, init=False)
    """The last time that the lock was there."""
    _steady_since: int = field(init=False)
    """From when on Redis answered, look by look."""
    _cut: bool = field(default=False, init=False)
    """Redis may have been away since the last renewal, so that nobody could renew it."""
    _failed: bool = field(default=False, init=False)
    """A look failed since the lock was there: Redis may have lost it."""
    _gone: _Gone | None = field(default=None, init=False)
    """What the first look without the lock told."""
    _new_worker_at: int | None = field(default=None, init=False)
    _processed: int | None = field(default=None, init=False)
    """Jobs that its queue had finished when it came into doubt."""

    def __post_init__(self) -> None:
        """Take what is known from before as told."""
        self.told = self.lost
        self._steady_since = self.since
        if self.from_the_act:
            self._looked_at = self.since

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
        self._note_presence(lock)
        if self._seen is SlotState.LOST:
            self.lost = True
        elif (
            lock.token == self.act.lock_token
            and lock.ttl is not None
            and lock.ttl < RENEWAL_OVERDUE
            and self._could_be_renewed
        ):
            # Its worker is gone, or stands still: only a new renewal says otherwise.
            self.begin_anew()

    def _note_presence(self, lock: LockObservation) -> None:
        """Take in whether the lock is there, and whether its worker could keep it."""
        before, self._looked_at = self._looked_at, lock.at
        if lock.ttl is None:
            if self._gone is None:
                self._gone = self._how_it_went(lock.at, before)
            return
        self._gone = None
        if before is not None and lock.at - before > LONGEST_GAP:
            self._cut = True
        if lock.token != self.act.lock_token:
            return
        renewed = (
            self._sighted is not None
            and lock.expires_at - self._sighted.expires_at > SHORTEST_RENEWAL // 2
        )
        if self._cut and renewed:
            # Its worker has reached Redis again.
            self._cut = False
            self._steady_since = lock.at
        self._sighted = lock
        self._failed = False

    def _how_it_went(self, at: int, before: int | None) -> _Gone:
        """Tell what the first look without the lock proves."""
        lock = self._sighted
        if self._failed:
            return _Gone.IN_DOUBT
        if lock is None:
            # When the act was done it was there.
            near = before is not None and at - before <= LONGEST_GAP
            return _Gone.RELEASED if near else _Gone.IN_DOUBT
        if at < lock.expires_at - _RELEASED_BEFORE:
            return _Gone.RELEASED
        overdue = lock.ttl is not None and lock.ttl < RENEWAL_OVERDUE
        if self._could_be_renewed and (overdue or at - lock.at <= LONGEST_GAP):
            return _Gone.RAN_OUT
        return _Gone.IN_DOUBT

    @property
    def _could_be_renewed(self) -> bool:
        """Return whether its worker would have renewed the lock, if it still held it."""
        return (
            not self._cut
            and self._sighted is not None
            and self._sighted.expires_at - self._steady_since >= LONG_ENOUGH
        )

    def interrupted(self) -> None:
        """Note that Redis did not answer: its workers may not have reached it either."""
        self._cut = self._failed = True

    def note_new_worker(self, at: int) -> None:
        """Note when a worker process was seen that had not been there before."""
        self._new_worker_at = at

    def note_queue(self, queue: QueueView | None, slots: int | None) -> None:
        """Take in the queue, which may settle a doubt.

        Only where one job runs at a time: then whoever finishes another is free.
        """
        processed = None if queue is None else queue.processed
        if not self.in_doubt or processed is None:
            return
        if self._processed is None or slots != 1:
            self._processed = processed
        elif processed > self._processed:
            self._gone = _Gone.RELEASED
            self.lost = False

    @property
    def in_doubt(self) -> bool:
        """Return whether the lock is gone, perhaps only as nobody could renew it."""
        if self._gone is not _Gone.IN_DOUBT or self.act.lock_token is None:
            return False
        if self._new_worker_at is None:
            return True
        lock = self._sighted
        renewed_at = self.since if lock is None else lock.expires_at - LOCK_LIFE
        return self._new_worker_at < renewed_at

    @property
    def alive_after(self) -> int:
        """Return from when on a sign of life is one of a worker that is free.

        One that hung on would have renewed its lock by then; before, it may have been
        killed since.
        """
        if self._gone is not _Gone.RAN_OUT or self._sighted is None:
            return self.since
        return max(self.since, self._sighted.expires_at - LONGEST_RENEWAL)

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
        state = slot_state(looks, self.act.lock_token)
        return SlotState.UNKNOWN if state is SlotState.FREE and self.in_doubt else state
