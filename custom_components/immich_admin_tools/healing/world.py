"""What the healing needs of the rest of the house."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ..analysis.models import ServerView
from .models import HealedJob

type Clock = Callable[[], int]
"""Returns ms since the epoch."""

type Sleep = Callable[[float], Awaitable[None]]


class World(Protocol):
    """Where the healing looks, and whom it tells."""

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them. Never raises.

        An act that was recorded before gets its new outcome.
        """
