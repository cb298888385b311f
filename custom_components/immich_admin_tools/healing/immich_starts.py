"""Sees that Immich was started anew, by the connections of its workers."""

from collections.abc import Awaitable, Callable, Collection

from ..bullmq.errors import BullMQError
from ..bullmq.workers import ConnectedWorker

STARTS_WITHIN = 120_000
"""ms from the first new worker until Immich has set itself up."""

type Workers = Callable[[], Awaitable[Collection[ConnectedWorker] | None]]


class ImmichStarts:
    """Looks when asked; what it was not asked about before it does not know."""

    def __init__(
        self, workers: Workers, prefix: str, database: int, now: Callable[[], int]
    ) -> None:
        """`workers` returns all that are connected; None when it may not look."""
        self._workers = workers
        self._own = (prefix, database)
        self._now = now
        self._known: frozenset[int] = frozenset()
        self._started_at: int | None = None

    async def just_now(self) -> bool | None:
        """Return whether all workers are new since the last look, or were just now.

        None when nobody can tell.
        """
        try:
            workers = await self._workers()
        except BullMQError:
            return None
        if workers is None:
            return None
        found = frozenset(
            it.client_id for it in workers if (it.prefix, it.database) == self._own
        )
        if not found:
            # They are on their way, or gone.
            return None
        before, self._known = self._known, found
        if not before:
            return None
        if not before & found:
            self._started_at = self._now()
        at = self._started_at
        return at is not None and self._now() - at < STARTS_WITHIN
