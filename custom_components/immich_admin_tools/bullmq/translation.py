"""The one place where errors of redis-py become ours.

A server's own words go no further than this: some repeat the arguments of the
command that they complain about, and AUTH has the password there. What a user
reads is built here, from what kind of error it is. For the same reason the error
of redis-py is never chained to ours: a traceback would show it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import re
import ssl

import redis
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    MasterDownError,
    MaxConnectionsError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

from .errors import (
    AuthenticationError as WrongCredentialsError,
    BullMQError,
    MissingRightsError,
    RedisCannotConnectError,
    RedisCertificateError,
    WritesRefusedError,
)
from .permissions import OPTIONAL_RULES, READ_RULES, SELECT_RULE, WRITE_RULES

KEY_RULE = "~"
CHANNEL_RULE = "&"

# "NOPERM this user has no permissions to run the 'xinfo|stream' command" (Redis),
# "NOPERM User ha has no permissions to run the 'llen' command" (Valkey).
_COMMAND = re.compile(r"permissions to run the '([^']+)' command")
_KEY = re.compile(r"permissions to access (a|one of the) keys?")
# redis-py goes on to EXEC when MULTI was denied, and tells only how that went.
_WITHOUT_MULTI = "EXEC without MULTI"
_CHANNEL = re.compile(r"permissions to access (a|one of the) channels?")

# What else is sent, beside what users are asked to allow.
_OTHER_RULES = (
    SELECT_RULE,
    "+auth",
    "+client|list",
    "+client|setinfo",
    "+client|setname",
    "+hello",
    "+publish",
    "+sentinel|masters",
    "+type",
)
_KNOWN_RULES = frozenset((*READ_RULES, *WRITE_RULES, *OPTIONAL_RULES, *_OTHER_RULES))

# Error codes with which a server says that it can't answer now. redis-py takes some
# of them off the message and makes a type of them.
_UNAVAILABLE_TYPES: tuple[tuple[type[redis.RedisError], str], ...] = (
    (BusyLoadingError, "it is loading its data"),
    (MasterDownError, "it has lost its master"),
    (MaxConnectionsError, "it has too many clients"),
)
_UNAVAILABLE_CODES = {
    "BUSY": "it is busy running a script",
    "LOADING": "it is loading its data",
    "MASTERDOWN": "it has lost its master",
}
_TOO_MANY_CLIENTS = "max number of clients reached"

# Error codes with which a server refuses the first write, and so all of a script.
_REFUSED_TYPES: tuple[tuple[type[redis.RedisError], str], ...] = (
    (ReadOnlyError, "this server is a read-only replica"),
    (OutOfMemoryError, "its memory is full"),
)
_REFUSED_CODES = {
    "MISCONF": "it can't save its data to disk",
    "NOREPLICAS": "too few replicas are connected",
    "OOM": "its memory is full",
    "READONLY": "this server is a read-only replica",
}

# Error codes that say what a user can do about it.
_FAULT_CODES = {
    "UNKILLABLE": "a script that can't be ended is running",
    "WRONGTYPE": "a key has an unexpected type",
    "EXECABORT": "it refused a command",
}
_UNKNOWN_COMMAND = re.compile(r"unknown (sub)?command", re.IGNORECASE)


def denied_rule(error: object) -> str | None:
    """Return the ACL rule that is missing, such as `+lrem`; None for anything else.

    A key outside the user's patterns gives `~`, a channel `&`: the server doesn't
    say which one it was.
    """
    if not isinstance(error, ResponseError):
        return None
    text = str(error)
    if match := _COMMAND.search(text):
        rule = f"+{match[1].lower()}"
        # Anything else is no command of ours, so it may be an argument.
        return rule if rule in _KNOWN_RULES else None
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
        return RedisCannotConnectError("Redis did not answer in time")
    if (tls_error := _find(error, ssl.SSLCertVerificationError)) is not None:
        return RedisCertificateError(
            f"The certificate of Redis is not trusted: {tls_error.verify_message}"
        )
    if (failure := _find(error, ssl.SSLError)) is not None:
        reason = failure.reason or "handshake failed"
        return RedisCannotConnectError(f"Redis does not answer with TLS: {reason}")
    if isinstance(error, MasterNotFoundError):
        return RedisCannotConnectError("No sentinel knows a master that is up")
    if trouble := _reason(error, _UNAVAILABLE_TYPES, _UNAVAILABLE_CODES):
        return RedisCannotConnectError(f"Redis can't answer now: {trouble}")
    if isinstance(error, redis.ConnectionError | OSError):
        return RedisCannotConnectError(
            f"Can't connect to Redis: {_system_reason(error)}"
        )
    if refused := _reason(error, _REFUSED_TYPES, _REFUSED_CODES):
        return WritesRefusedError(f"Redis takes no changes: {refused}")
    if fault := _reason(error, (), _FAULT_CODES):
        return BullMQError(f"Redis reports an error: {fault}")
    if _UNKNOWN_COMMAND.search(str(error)):
        return BullMQError("Redis reports an error: it doesn't know a command")
    return BullMQError("Redis reports an error")


def _reason(
    error: Exception,
    types: tuple[tuple[type[redis.RedisError], str], ...],
    codes: Mapping[str, str],
) -> str | None:
    """Return what the kind or the code of an error means, in words of ours."""
    for kind, reason in types:
        if isinstance(error, kind):
            return reason
    text = str(error)
    if types is _UNAVAILABLE_TYPES and text == _TOO_MANY_CLIENTS:
        return "it has too many clients"
    return codes.get(text.partition(" ")[0])


def _system_reason(error: Exception) -> str:
    """Return what the operating system says, which knows no secrets."""
    cause = _find(error, OSError)
    if cause is not None and cause.strerror:
        return cause.strerror
    return "the connection broke off"


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
        raise translate(error) from None
