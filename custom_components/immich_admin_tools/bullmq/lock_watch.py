"""Whether a worker lets go of a job that was taken from it.

A job's slot lives in the worker process: it is free when the handler ends or the
process goes. From Redis only the lock shows it. BullMQ renews the lock of 30 s
every 7.5-15 s for as long as the handler runs, even when the job itself is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST_RENEWAL = 15_000
"""ms within which a worker that still runs the job renews its lock."""

SHORTEST_RENEWAL = 7_500

CERTAIN_AFTER = 45_000
"""ms after the action by which an undisturbed lock was either renewed or gone."""


class SlotState(StrEnum):
    """What the lock tells about the slot."""

    UNKNOWN = "unknown"
    """Too early to tell."""
    LOST = "lost"
    """The lock is still being renewed: only a restart frees the slot."""
    FREE = "free"
    """The lock is gone."""
    REPLACED = "replaced"
    """Another run of the job has the lock, which hides the slot of the old one."""


@dataclass(frozen=True, slots=True)
class LockObservation:
    """The lock of one job at one time."""

    at: int
    """ms, Redis' own clock."""
    token: str | None
    ttl: int | None
    """ms that the lock has left; None without a lock."""

    @property
    def expires_at(self) -> int:
        """Return when the lock ends unless it is renewed; now without a lock."""
        return self.at + (self.ttl or 0)


def slot_state(observations: Sequence[LockObservation], token: str | None) -> SlotState:
    """Judge observations since the action, oldest first, of a job's lock.

    `token` is the lock's at the time of the action, None when it had none. A mere
    existing lock proves nothing, as it runs out up to 30 s after the slot is free:
    only an end that moves does. A flush of Redis takes the lock away from under a
    worker: don't judge across one.
    """
    if token is None:
        return SlotState.FREE
    if not observations:
        return SlotState.UNKNOWN
    last = observations[-1]
    if last.ttl is None:
        return SlotState.FREE
    if last.token != token:
        return SlotState.REPLACED
    held = [seen for seen in observations if seen.token == token]
    first_end = min(seen.expires_at for seen in held)
    # A renewal moves the end by 7.5 s or more, a slow poll by less.
    renewed = last.expires_at - first_end > SHORTEST_RENEWAL // 2
    if renewed and last.ttl > LONGEST_RENEWAL:
        return SlotState.LOST
    return SlotState.UNKNOWN
