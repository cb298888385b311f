"""What a lease is: why a queue is paused for a while, and until when. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class LeaseKind(StrEnum):
    """Why a queue is paused for a while."""

    USER = "user"
    """The user said until when."""
    RESTART = "restart"
    """The workers are being restarted: Immich would skip these photos."""
    GPU_OFFLINE = "gpu_offline"
    """The machine learning is off: Immich would skip these photos."""
    HEAL = "heal"
    """A stuck job is being dealt with."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a lease is for; `holder` tells two of one kind apart."""

    kind: LeaseKind
    holder: str = ""


USER = Reason(LeaseKind.USER)

SAME_TIME = 2_000
"""ms by which two clocks drift apart: less is no reason to write."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A pause of one queue that will end."""

    reason: Reason
    since: int
    until: int | None = None
    """None: until its reason is said to be gone."""
    deadline: int | None = field(default=None, compare=False)
    """`until` on the clock that never jumps; None before that is known."""

    def timed(self, wall: int, now: int, written: int | None) -> Lease:
        """Return it with its deadline.

        `written`: the wall time when it was stored; one that lies ahead of now says that
        the clock was put back, and then counts what was left when it was written.
        """
        if self.until is None or self.deadline is not None:
            return self
        since = wall if written is None else max(wall, written)
        return replace(self, deadline=now + max(0, self.until - since))

    def shown(self, wall: int, now: int) -> Lease:
        """Return it with its end as the wall clock tells it, after that was changed."""
        if self.deadline is None or self.until is None or self.deadline <= now:
            return self
        until = wall + self.deadline - now
        return (
            self if abs(until - self.until) < SAME_TIME else replace(self, until=until)
        )
