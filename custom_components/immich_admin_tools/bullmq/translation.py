"""The one place where errors of redis-py become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
import re
import ssl

import redis
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    MasterDownError,
    ResponseError,
)

from .errors import (
    AuthenticationError as WrongCredentialsError,
    BullMQError,
    CannotConnectError,
    CertificateError,
    MissingRightsError,
)

KEY_RULE = "~"
CHANNEL_RULE = "&"

# "NOPERM this user has no permissions to run the 'xinfo|stream' command" (Redis),
# "NOPERM User ha has no permissions to run the 'llen' command" (Valkey).
_COMMAND = re.compile(r"permissions to run the '([^']+)' command")
_KEY = re.compile(r"permissions to access (a|one of the) keys?")
# redis-py goes on to EXEC when MULTI was denied, and tells only how that went.
_WITHOUT_MULTI = "EXEC without MULTI"
_CHANNEL = re.compile(r"permissions to access (a|one of the) channels?")

# A server that is there, but can't answer while a script runs.
_BUSY = "BUSY "


def denied_rule(error: object) -> str | None:
    """Return the ACL rule that is missing, such as `+lrem`; None for anything else.

    A key outside the user's patterns gives `~`, a channel `&`: the server doesn't
    say which one it was.
    """
    if not isinstance(error, ResponseError):
        return None
    text = str(error)
    if match := _COMMAND.search(text):
        return f"+{match[1].lower()}"
    if _KEY.search(text):
        return KEY_RULE
    if _CHANNEL.search(text):
        return CHANNEL_RULE
    return None


def translate(error: Exception) -> BullMQError:
    """Return our error for one of redis-py, of asyncio or of the system."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return WrongCredentialsError("Redis refuses user name or password")
    if (rule := denied_rule(error)) is not None:
        return MissingRightsError((rule,))
    if _WITHOUT_MULTI in str(error):
        return MissingRightsError(("+multi",))
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return CannotConnectError("Redis did not answer in time")
    if (tls_error := _find(error, ssl.SSLCertVerificationError)) is not None:
        return CertificateError(
            f"The certificate of Redis is not trusted: {tls_error.verify_message}"
        )
    if (failure := _find(error, ssl.SSLError)) is not None:
        reason = failure.reason or "handshake failed"
        return CannotConnectError(f"Redis does not answer with TLS: {reason}")
    if isinstance(error, redis.ConnectionError | OSError):
        return CannotConnectError(f"Can't connect to Redis: {error}")
    if isinstance(error, MasterDownError) or str(error).startswith(_BUSY):
        return CannotConnectError(f"Redis can't answer now: {error}")
    return BullMQError(f"Redis reports an error: {error}")


def _find[E: BaseException](error: BaseException, kind: type[E]) -> E | None:
    """Return the error of one kind that led to this one."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kind):
        seen = seen.__cause__ or seen.__context__
    return seen


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what redis-py raises in the block into the types of `errors.py`."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise translate(error) from error
