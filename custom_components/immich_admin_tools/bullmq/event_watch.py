"""Waits for the events of some queues, to see them within milliseconds."""

from collections.abc import Collection, Mapping
from typing import cast

from redis.asyncio import Redis

from .events import Entry
from .keys import QueueKeys
from .models import JobEvent
from .replies import as_text
from .translation import translate_errors

WAIT = 3_000
"""ms that one read waits; below the time-out of a connection."""
CHUNK = 500
NOW = "$"


class EventWatch:
    """Reads what happens from now on, over a connection of its own.

    Events may be missed when a queue is new to it or has its first ones: it is for
    seeing soon, not for counting.
    """

    def __init__(self, client: Redis, prefix: str) -> None:
        """Take a client that nobody else uses: it waits for most of the time."""
        self._client = client
        self._prefix = prefix
        self._positions: dict[str, str] = {}

    def start_anew(self) -> None:
        """Forget up to where was read."""
        self._positions.clear()

    async def next(self, queues: Collection[str]) -> Mapping[str, list[JobEvent]]:
        """Return the next events of the queues; nothing when there were none for a while.

        Raises the errors of `errors.py`.
        """
        keys = {QueueKeys(self._prefix, queue).events: queue for queue in queues}
        self._positions = {
            queue: self._positions.get(queue, NOW) for queue in keys.values()
        }
        with translate_errors():
            reply = await self._client.execute_command(  # type: ignore[no-untyped-call]  # redis-py's
                "XREAD",
                "COUNT",
                CHUNK,
                "BLOCK",
                WAIT,
                "STREAMS",
                *keys,
                *self._positions.values(),
            )
        found: dict[str, list[JobEvent]] = {}
        for name, entries in cast(list[tuple[bytes, list[Entry]]], reply or []):
            queue = keys[name.decode()]
            if entries:
                self._positions[queue] = entries[-1][0].decode()
                found[queue] = [_event(*entry) for entry in entries]
        return found


def _event(entry_id: bytes, fields: Mapping[bytes, bytes] | None) -> JobEvent:
    values = fields or {}
    return JobEvent(
        entry_id=entry_id.decode(),
        event=as_text(values.get(b"event")) or "",
        job_id=as_text(values.get(b"jobId")),
        prev=as_text(values.get(b"prev")),
        name=as_text(values.get(b"name")),
    )
