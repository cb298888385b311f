"""What the healing needs of the rest of the house."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from .models import HealedJob

type Clock = Callable[[], int]
"""Returns ms: monotonic, unless it is called `wall` (since the epoch)."""

type Sleep = Callable[[float], Awaitable[None]]


class World(Protocol):
    """Where the healing looks, and whom it tells."""

    def look_soon(self) -> None:
        """Ask for a poll before the next one is due: somebody waits for what it tells."""

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them. Never raises.

        An act that was recorded before gets its new outcome.
        """
