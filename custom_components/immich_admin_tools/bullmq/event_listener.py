"""Waits for the events of some queues, to see them within milliseconds."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from .events import START, Entry, job_event
from .keys import QueueKeys
from .models import JobEvent
from .pipeline import Pipeline, Replies, as_int, as_text, pairs
from .translation import translate_errors

WAIT = 1_000
"""ms that one read waits."""
GRACE = 1.0
"""Seconds beyond that until a silent connection is given up."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class StreamEnds:
    """Where a stream begins and ends."""

    first: str
    """Id of its first entry; that of its last one when it is empty."""
    last: str
    """The last id that was given out, even if that entry is gone."""


class EventListener:
    """Reads what happens after known entries, over connections of its own.

    Whoever calls keeps up to where was read, so nothing is missed when a connection is
    lost: it goes on where it stopped.
    """

    def __init__(self, client: Redis, prefix: str) -> None:
        """Read through a client; a read holds one of its connections while it waits."""
        self._client = client
        self._prefix = prefix

    async def ends(self, queues: Collection[str]) -> Mapping[str, StreamEnds]:
        """Return where the stream of each queue begins and ends.

        Raises the errors of `errors.py`.
        """
        trip = Pipeline()
        for queue in queues:
            trip.ask("XINFO", "STREAM", QueueKeys(self._prefix, queue).events)
        with translate_errors():
            async with asyncio.timeout(WAIT / 1000 + GRACE):
                replies = await trip.run(self._client)
        return {queue: _ends(replies) for queue in queues}

    async def next(
        self, positions: Mapping[str, str], *, wait: bool = True
    ) -> Mapping[str, list[JobEvent]]:
        """Return the next events after these entries; nothing when there were none.

        `wait`: for up to a second when there are none yet. Raises the errors of
        `errors.py`.
        """
        keys = {QueueKeys(self._prefix, queue).events: queue for queue in positions}
        block = ("BLOCK", WAIT) if wait else ()
        with translate_errors():
            async with asyncio.timeout(WAIT / 1000 + GRACE):
                reply = await self._client.execute_command(  # type: ignore[no-untyped-call]  # redis-py's
                    "XREAD",
                    "COUNT",
                    CHUNK,
                    *block,
                    "STREAMS",
                    *keys,
                    *positions.values(),
                )
        return {
            keys[name.decode()]: [job_event(*entry) for entry in entries]
            for name, entries in cast(list[tuple[bytes, list[Entry]]], reply or [])
            if entries
        }


def _ends(replies: Replies) -> StreamEnds:
    """Return what XINFO says; a stream that is not there yet begins at its start."""
    reply = replies.take_typed("events", [])
    if not isinstance(reply, list | dict):
        return StreamEnds(START, START)
    fields = pairs(reply)
    last = as_text(fields.get(b"last-generated-id")) or START
    first = fields.get(b"first-entry")
    if not as_int(fields.get(b"length")) or not isinstance(first, list | tuple):
        return StreamEnds(last, last)
    return StreamEnds(as_text(first[0]) or last, last)
