"""One round trip: many commands, answered as of one moment.

A pipeline of redis-py does the same, but packs each command anew and starts a timer
for each reply, which takes Home Assistant's event loop several times as long. This
way one poll is mostly bytes that were packed before, and one timer.
"""

import asyncio
from collections.abc import Sequence
import math

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    RedisError,
    ResponseError,
    TimeoutError as RedisTimeoutError,
)

from . import connection as transport
from .errors import BullMQError, MissingRightsError
from .translation import denied_rule, translate


class Pipeline:
    """Commands that are sent together."""

    def __init__(self) -> None:
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

    def ask_again(self, other: Pipeline) -> None:
        """Add the commands of another trip, without packing them anew."""
        self._parts.append(other.packed)
        self.commands += other.commands

    async def run(self, client: Redis) -> Replies:
        """Send all and return the replies.

        Raises MissingRightsError, which names all commands that are denied, and what
        redis-py raises when the connection fails.
        """
        framed = Pipeline()
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


async def _exchange(connection: AbstractConnection, trip: Pipeline) -> list[object]:
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


def as_text(value: object) -> str | None:
    """Return a string as text, whatever bytes it holds; None for anything else."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else None


def as_int(value: object) -> int | None:
    """Return a number that Redis gave as one or as a string; None for anything else."""
    if isinstance(value, int):
        return value
    if not isinstance(value, bytes):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def pairs[T](values: Sequence[T] | dict[T, T]) -> dict[T, T]:
    """Return the fields of a reply that has names and values in turns.

    The newer protocol, RESP3, has a type of its own for that.
    """
    if isinstance(values, dict):
        return values
    return dict(zip(values[::2], values[1::2], strict=False))


class Replies:
    """The replies of one pipeline, taken in the order of its commands."""

    def __init__(self, replies: Sequence[object]) -> None:
        """Refuse the whole pipeline when a command was denied, naming all of them.

        Raises MissingRightsError.
        """
        denied = [
            rule
            for reply in replies
            if isinstance(reply, ResponseError) and (rule := denied_rule(reply))
        ]
        if denied:
            raise MissingRightsError(tuple(dict.fromkeys(denied)))
        self._replies = iter(replies)

    def take(self) -> object:
        """Return the next reply. Raises BullMQError if it is an error."""
        reply = next(self._replies)
        if isinstance(reply, RedisError):
            raise translate(reply) from None
        return reply

    def take_each(self, parts: Sequence[str], wrong_types: list[str]) -> list[object]:
        """Return the next replies, each of which is about one key: see `take_typed`."""
        return [self.take_typed(part, wrong_types) for part in parts]

    def take_typed(self, part: str, wrong_types: list[str]) -> object:
        """Return the next reply, which is about one key; None when that has no value.

        A key of an unexpected type is added to `wrong_types` under `part`.
        """
        reply = next(self._replies)
        if not isinstance(reply, RedisError):
            return reply
        if isinstance(reply, ResponseError):
            text = str(reply)
            if text.startswith("WRONGTYPE"):
                if part not in wrong_types:
                    wrong_types.append(part)
                return None
            if text == "no such key":
                return None
        raise translate(reply) from None
