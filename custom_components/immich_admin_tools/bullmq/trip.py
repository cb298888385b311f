"""One round trip: many commands, answered as of one moment.

A pipeline of redis-py does the same, but packs each command anew and starts a timer
for each reply, which takes Home Assistant's event loop several times as long. This
way one poll is mostly bytes that were packed before, and one timer.
"""

import asyncio
import math

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    RedisError,
    ResponseError,
    TimeoutError as RedisTimeoutError,
)

from . import transport
from .errors import BullMQError, MissingRightsError
from .replies import Replies
from .translation import denied_rule, translate


class Trip:
    """Commands that are sent together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._parts: list[bytes] = []
        self.commands = 0

    @property
    def packed(self) -> bytes:
        """Return the commands as they are sent."""
        self._parts = [b"".join(self._parts)]
        return self._parts[0]

    def ask(self, *command: bytes | str | int) -> None:
        """Add one command."""
        parts = [
            part if isinstance(part, bytes) else str(part).encode() for part in command
        ]
        self._parts.append(b"*%d\r\n" % len(parts))
        self._parts.extend(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        self.commands += 1

    def ask_again(self, other: Trip) -> None:
        """Add the commands of another trip, without packing them anew."""
        self._parts.append(other.packed)
        self.commands += other.commands

    async def run(self, client: Redis) -> Replies:
        """Send all and return the replies.

        Raises MissingRightsError, which names all commands that are denied, and what
        redis-py raises when the connection fails.
        """
        framed = Trip()
        framed.ask("MULTI")
        framed.ask_again(self)
        framed.ask("EXEC")
        pool = client.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py's
        try:
            replies = await _exchange(connection, framed)
        finally:
            await pool.release(connection)
        return Replies(_results(replies))


async def _exchange(connection: AbstractConnection, trip: Trip) -> list[object]:
    """Send commands and return one reply, or error, for each."""
    replies: list[object] = []
    try:
        await connection.send_packed_command(trip.packed)
        async with asyncio.timeout(transport.SOCKET_TIMEOUT):
            for _ in range(trip.commands):
                try:
                    # The timer above is enough: none for each reply.
                    reply = await connection.read_response(timeout=math.inf)
                except ResponseError as error:
                    reply = error
                replies.append(reply)
    except BaseException:
        # What is still to come would be taken for replies to the next commands.
        await connection.disconnect(nowait=True)
        raise
    if replies[-1] is None:
        # So redis-py tells of a connection that timed out in the system.
        await connection.disconnect(nowait=True)
        raise RedisTimeoutError("The connection timed out")
    return replies


def _results(replies: list[object]) -> list[object]:
    """Return what EXEC answered. Raises for a command that was not even accepted."""
    *accepted, results = replies
    # Without MULTI the rest was run one by one: that it's missing says it all.
    refused = [reply for reply in accepted if isinstance(reply, RedisError)]
    denied = [rule for error in refused if (rule := denied_rule(error))]
    if denied:
        raise MissingRightsError(tuple(dict.fromkeys(denied)))
    for error in refused:
        raise translate(error) from None
    if isinstance(results, RedisError):
        raise translate(results) from results
    if not isinstance(results, list) or len(results) != len(accepted) - 1:
        raise BullMQError("Redis answers something else than it was asked")
    return results
