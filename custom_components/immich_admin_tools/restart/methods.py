"""The methods to restart the workers of Immich, each alike for who uses them."""

from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import Protocol

from redis.asyncio import Redis

from ..bullmq.workers import others_on_redis, publish_restart
from ..healing.errors import NobodyListensError, OthersOnRedisError
from .maintenance import MaintenanceGuard


class MethodKind(StrEnum):
    """How the workers are restarted, by the names that the options use."""

    ACTIONS = "actions"
    """The user's own actions in Home Assistant."""
    REDIS = "redis"
    """Immich's own message to its processes, through Redis."""
    MAINTENANCE = "maintenance"
    """Into Immich's maintenance mode and out again."""


MESSAGE_TAKES = 3_000
"""ms: Immich's processes end within 2 s of the message."""
ACTIONS_TAKE = 10_000
"""ms: containers get 10 s to end."""


class RestartMethod(Protocol):
    """One way. Raises what says why it did not work; nothing is done then."""

    @property
    def kind(self) -> MethodKind:
        """Return which way it is."""

    async def run(self) -> int:
        """Do it, and return from when on no sign can be of an old worker any more.

        ms since the epoch. The new workers come back later.
        """


class RedisMethod:
    """One message, heard by all processes of Immich."""

    kind = MethodKind.REDIS

    def __init__(
        self,
        client: Redis,
        prefix: str,
        database: int,
        queues: Collection[str],
        now: Callable[[], int],
        *,
        others_too: bool,
    ) -> None:
        """`queues`: names of Immich's; `others_too`: the user agreed to reach all."""
        self._client = client
        self._prefix = prefix
        self._database = database
        self._queues = queues
        self._now = now
        self._others_too = others_too

    async def run(self) -> int:
        """Publish it. Raises BullMQError, OthersOnRedisError, NobodyListensError."""
        if not self._others_too:
            others = await others_on_redis(
                self._client, self._prefix, self._database, self._queues
            )
            if others:
                raise OthersOnRedisError(others)
        if not await publish_restart(self._client):
            raise NobodyListensError("No process of Immich listens on this Redis")
        return self._now() + MESSAGE_TAKES


class MaintenanceMethod:
    """Maintenance mode, which starts API and workers anew on both sides."""

    kind = MethodKind.MAINTENANCE

    def __init__(self, guard: MaintenanceGuard) -> None:
        self._guard = guard

    async def run(self) -> int:
        """Go in and out. Raises as the guard does."""
        return await self._guard.restart()


class ActionsMethod:
    """What the user chose."""

    kind = MethodKind.ACTIONS

    def __init__(
        self, run: Callable[[], Awaitable[None]], now: Callable[[], int]
    ) -> None:
        """`run` raises OwnActionsError when they fail."""
        self._run = run
        self._now = now

    async def run(self) -> int:
        """Run them."""
        begun = self._now()
        await self._run()
        return begun + ACTIONS_TAKE
