"""Sees that workers, or Immich itself, were started anew, by what there is to see it by."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

from ..bullmq.errors import BullMQError
from ..bullmq.event_listener import EventListener
from ..bullmq.workers import ConnectedWorker, connected_workers
from ..immich.errors import (
    CannotConnectError,
    ImmichError,
    MaintenanceModeError,
    NoReplyError,
    ServerError,
)
from ..immich.models import Version
from ..immich.queues import QueueName

STARTS_WITH = QueueName.METADATA_EXTRACTION
"""Immich's worker process pauses and resumes this queue whenever it starts, whoever had
paused it and whether or not anything waits (its `MetadataService`)."""

GONE = (CannotConnectError, MaintenanceModeError, ServerError)
"""What Immich's address answers while Immich is away."""


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """What one look after a restart tells."""

    back: frozenset[str] = frozenset()
    """Queues whose worker is of after the restart."""
    restarted: bool | None = None
    """Whether there are new workers; False: the old ones go on; None: nobody can tell."""


class WorkerWatch(Protocol):
    """Watches one restart."""

    async def mark(self) -> None:
        """Remember what is there before the restart."""

    async def look(self, since: int) -> WorkersSeen:
        """Look for the workers.

        `since`: ms since the epoch, when the restart was begun.
        """


class RedisWatch:
    """By signs of new workers, then by the heartbeat of each queue.

    A heartbeat alone proves nothing: workers that never stopped have one too. A new
    connection is there at once; a heartbeat is fresh 0 to 33 s after the start, up to
    91 s when a key of the previous worker stands in its way.
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
        self._events = EventListener(client, prefix)
        self._last_client: int | None = None
        self._position: str | None = None
        self._restarted: bool | None = None

    async def mark(self) -> None:
        """Remember the newest connection, and the last event so far."""
        self._last_client = self._position = self._restarted = None
        try:
            ends = await self._events.ends((STARTS_WITH,))
            self._position = ends[STARTS_WITH].last
            workers = await connected_workers(self._client)
        except BullMQError:
            workers = None
        if workers is not None:
            self._last_client = max((worker.client_id for worker in workers), default=0)
        if self._position is not None or self._last_client is not None:
            self._restarted = False

    async def look(self, since: int) -> WorkersSeen:
        """Return the queues with a new connection, or with a fresh heartbeat.

        A heartbeat counts once it is known that there are new workers, or where
        nobody can know.
        """
        beats = await self._heartbeats()
        found = {queue for queue, at in beats.items() if at is not None and at > since}
        try:
            new = {worker.queue for worker in await self._new_connections()}
            if self._restarted is False:
                self._restarted = bool(new) or await self._has_started()
        except BullMQError:
            new = set()
        if self._restarted is False:
            # Without a heartbeat either, the old ones may be gone and none come back.
            return WorkersSeen(restarted=False if found else None)
        return WorkersSeen(frozenset(found | new), self._restarted)

    async def _new_connections(self) -> Collection[ConnectedWorker]:
        """Return the workers that connected after `mark`, as far as they may be seen."""
        if self._last_client is None:
            return ()
        last = self._last_client
        workers = await connected_workers(self._client) or ()
        return [
            worker
            for worker in workers
            if (worker.prefix, worker.database) == self._own and worker.client_id > last
        ]

    async def _has_started(self) -> bool:
        """Return whether a worker process of Immich has started since `mark`."""
        while self._position is not None:
            found = await self._events.next({STARTS_WITH: self._position}, wait=False)
            events = found.get(STARTS_WITH, [])
            if any(event.event in ("paused", "resumed") for event in events):
                return True
            if not events:
                break
            self._position = events[-1].entry_id
        return False


class ApiWatch:
    """Without Redis: by Immich's API, which starts anew together with the workers."""

    UNSEEN = 30_000
    """ms after which a restart that nobody saw is waited for no longer: the API may be
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

    async def look(self, since: int) -> WorkersSeen:
        """Return all queues as soon as Immich answers again."""
        try:
            await self._version()
        except ImmichError as error:
            # A reply that is late or odd is no sign of a restart.
            if isinstance(error, GONE) and not isinstance(error, NoReplyError):
                self._was_gone = True
            return WorkersSeen()
        if self._was_gone:
            return WorkersSeen(frozenset(self._queues()), restarted=True)
        if self._now() - since > self.UNSEEN:
            return WorkersSeen(frozenset(self._queues()))
        return WorkersSeen()


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
            worker.client_id
            for worker in workers
            if (worker.prefix, worker.database) == self._own
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
