"""What the keeper of the leases needs, and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..immich.errors import ImmichError
from ..immich.models import QueueCounts
from .leases import Reason


class PauseApi(Protocol):
    """What of Immich's API is needed. Pauses go through nothing else."""

    async def queue(self, name: str) -> QueueCounts:
        """Return one queue."""

    async def pause(self, name: str) -> QueueCounts:
        """Pause a queue."""

    async def resume(self, name: str) -> QueueCounts:
        """Let a queue go on."""


@dataclass(frozen=True, slots=True)
class PauseOwner:
    """Who keeps a queue paused. Times: ms since the epoch."""

    reason: Reason | None
    """None: the user, by hand and without a time."""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class PauseChange:
    """A queue was paused, or let go on, by us or through us."""

    queue: str
    is_paused: bool
    reason: Reason | None
    """Why it was paused, or why it had been; None: by hand."""
    by_user: bool
    at: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking leases."""

    held: tuple[str, ...] = ()
    """Queues that are certainly paused."""
    begun: tuple[str, ...] = ()
    """Those of them that had no lease before, and that one request has paused."""
    pending: Mapping[str, ImmichError] = field(default_factory=dict)
    """Queues that could not be paused yet; it is tried again with every poll."""
    blocked: tuple[str, ...] = ()
    """Queues that the user let go on in spite of this reason."""
