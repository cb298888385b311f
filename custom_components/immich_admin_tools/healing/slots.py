"""What became of the slots of the jobs that were acted on. Pure.

A slot is the place of one job in the worker process. It is free when the job's
handler ends or the process goes; taking the job away in Redis does not free it. What
can be seen is the lock, which the worker renews for as long as the handler runs.
"""

from dataclasses import dataclass, field

from ..bullmq.locks import LockObservation, SlotState, slot_state
from .models import Act, Doubt, Outcome

RENEWAL_OVERDUE = 10_000
"""ms of life left at which a lock of 30 s, renewed every 15 s, was evidently not."""


@dataclass(slots=True)
class Slot:
    """The slot of one act, as far as it was watched. Times: ms, monotonic."""

    act: Act
    lost: bool = False
    """It was seen that the worker hangs on, and nothing since speaks against it."""
    flushed: bool = False
    """Redis was emptied: a lock that is gone says nothing."""
    told: bool = field(init=False)
    """Whether it was told that the worker hangs on."""
    said: tuple[Outcome, Doubt | None] | None = field(default=None, init=False)
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
