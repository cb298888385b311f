"""Run one of our scripts inside Redis, on one queue."""

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .errors import (
    BullMQError,
    MissingRightsError,
    UnknownLayoutError,
    VersionMissingError,
)
from .keys import QueueKeys
from .replies import as_text
from .translation import denied_rule, translate_errors


async def run_script(
    client: Redis, keys: QueueKeys, source: str, *arguments: str | int
) -> list[object]:
    """Return the reply of a script that stands on the library.

    Raises UnknownLayoutError or MissingRightsError when the script refuses, in
    which case it has written nothing.
    """
    with translate_errors():
        try:
            reply = await client.register_script(source)(
                keys=[keys.base], args=arguments
            )
        except ResponseError as error:
            # A command that is denied inside a script is no NOPERM error.
            if (rule := denied_rule(error)) is None:
                raise
            raise MissingRightsError((rule,)) from None
    match reply:
        case [b"unknown_layout", b""]:
            raise VersionMissingError(keys.queue)
        case [b"unknown_layout", version]:
            raise UnknownLayoutError(keys.queue, as_text(version))
        case [b"wrong_type", part]:
            problem = f"{as_text(part)} has an unexpected type"
            raise UnknownLayoutError(keys.queue, problem)
        case [b"missing_rights", *rules]:
            raise MissingRightsError(tuple(f"+{as_text(rule)}" for rule in rules))
        case [*values]:
            return values
    raise BullMQError("Redis answers something else than it was asked")
