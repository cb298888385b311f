"""Sees workers come back after a restart, with what there is to see them by."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

from redis.asyncio import Redis

from ..bullmq.connected_workers import connected_workers
from ..bullmq.errors import BullMQError
from ..immich.errors import ImmichError
from ..immich.models import Version


class WorkerWatch(Protocol):
    """Watches one restart."""

    async def mark(self) -> None:
        """Remember what is there before the restart."""

    async def back(self, since: int) -> Collection[str]:
        """Return the queues whose worker is of after the restart.

        `since`: ms since the epoch, when the restart was begun.
        """


class RedisWatch:
    """By the workers' connections where they may be seen, else by their heartbeats.

    A connection is there at once; a heartbeat is fresh 0 to 33 s after the start, up
    to 91 s when a key of before stands in its way.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str,
        database: int,
        heartbeats: Callable[[], Awaitable[Mapping[str, int | None]]],
    ) -> None:
        """`heartbeats` returns the last one per queue: ms since the epoch."""
        self._client = client
        self._own = (prefix, database)
        self._heartbeats = heartbeats
        self._last_client: int | None = None

    async def mark(self) -> None:
        """Remember the newest connection."""
        self._last_client = None
        try:
            workers = await connected_workers(self._client)
        except BullMQError:
            return
        if workers is not None:
            self._last_client = max((it.client_id for it in workers), default=0)

    async def back(self, since: int) -> Collection[str]:
        """Return the queues with a new connection, or with a fresh heartbeat."""
        beats = await self._heartbeats()
        found = {queue for queue, at in beats.items() if at is not None and at > since}
        if self._last_client is None:
            return found
        try:
            workers = await connected_workers(self._client)
        except BullMQError:
            return found
        return found | {
            it.queue
            for it in workers or ()
            if (it.prefix, it.database) == self._own
            and it.client_id > self._last_client
        }


class ApiWatch:
    """Without Redis: by Immich's API, which starts anew together with the workers."""

    UNSEEN = 30_000
    """ms after which a restart that nobody saw is taken for done: the API may be
    back between two looks, and where it runs apart it never goes."""

    def __init__(
        self,
        version: Callable[[], Awaitable[Version]],
        queues: Callable[[], Collection[str]],
        now: Callable[[], int],
    ) -> None:
        """`version` asks Immich; `queues` names those there are."""
        self._version = version
        self._queues = queues
        self._now = now
        self._was_gone = False

    async def mark(self) -> None:
        """Begin anew."""
        self._was_gone = False

    async def back(self, since: int) -> Collection[str]:
        """Return all queues as soon as Immich answers again."""
        try:
            await self._version()
        except ImmichError:
            self._was_gone = True
            return ()
        if self._was_gone or self._now() - since > self.UNSEEN:
            return self._queues()
        return ()
