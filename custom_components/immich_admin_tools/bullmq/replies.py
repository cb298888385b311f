"""Reading the replies of a pipeline, in which any one may be an error."""

from collections.abc import Sequence

from redis.exceptions import RedisError, ResponseError

from .errors import MissingRightsError
from .translation import denied_rule, translate


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
        denied = [rule for reply in replies if (rule := denied_rule(reply))]
        if denied:
            raise MissingRightsError(tuple(dict.fromkeys(denied)))
        self._replies = iter(replies)

    def take(self) -> object:
        """Return the next reply. Raises BullMQError if it is an error."""
        reply = next(self._replies)
        if isinstance(reply, RedisError):
            raise translate(reply) from None
        return reply

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
