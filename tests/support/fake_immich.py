"""An Immich in memory: queues that are paused or not, and that may not answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.healing.errors import NotStoredError
from custom_components.immich_admin_tools.healing.safety import Stored
from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    UnknownQueueError,
)
from custom_components.immich_admin_tools.immich.models import QueueCounts


class CrashError(BaseException):
    """Home Assistant is killed at this point."""


@dataclass(slots=True)
class FakeImmich:
    """Queues by name, and whether they are paused."""

    queues: dict[str, bool]
    down: bool = False
    calls: list[str] = field(default_factory=list)
    crash_in: int | None = None
    """Steps (calls and writes) until the crash; the step itself is still done."""

    def step(self) -> None:
        """Count a step down to the crash."""
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise CrashError

    async def queue(self, name: str) -> QueueCounts:
        """Return one queue."""
        return self._counts(name)

    async def pause(self, name: str) -> QueueCounts:
        """Pause a queue."""
        return self._set(name, True)

    async def resume(self, name: str) -> QueueCounts:
        """Let a queue go on."""
        return self._set(name, False)

    def _set(self, name: str, is_paused: bool) -> QueueCounts:
        self._counts(name)
        self.calls.append(f"{'pause' if is_paused else 'resume'} {name}")
        self.queues[name] = is_paused
        self.step()
        return self._counts(name)

    def _counts(self, name: str) -> QueueCounts:
        if self.down:
            raise CannotConnectError("Nobody answers")
        if name not in self.queues:
            raise UnknownQueueError(name)
        return QueueCounts(name, self.queues[name], 0, 0, 0, 0, 0)


@dataclass(slots=True)
class FakeSection:
    """A part of the store, in memory."""

    data: Stored = field(default_factory=dict)
    full: bool = False
    tries: int = 0
    immich: FakeImmich | None = None
    """Whose crash also happens after a write."""

    async def save(self, data: Mapping[str, JsonValue]) -> None:
        """Store it."""
        self.tries += 1
        if self.full:
            raise NotStoredError("No space left")
        self.data = data
        if self.immich:
            self.immich.step()

    async def keep(self, data: Mapping[str, JsonValue]) -> None:
        """Store what is true already."""
        await self.save(data)
