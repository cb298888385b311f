"""From an HTTP status and Immich's own words to one error type per case."""

import json
from urllib.parse import urljoin, urlsplit, urlunsplit

from .errors import (
    CannotConnectError,
    ConfigFileError,
    ImmichError,
    InvalidApiKeyError,
    JobAlreadyRunningError,
    MaintenanceTokenError,
    MissingPermissionError,
    NoReplyError,
    NotAdminError,
    NotImmichError,
    NotStartableError,
    RedirectedError,
    RequestRefusedError,
    ServerError,
    UnknownAssetError,
    UnknownQueueError,
    WrongSchemeError,
)

_MISSING_PERMISSION = "Missing required permission:"
_MESSAGE_LENGTH = 300


def message_of(content: bytes) -> str | None:
    """Return Immich's own message; None when the body is not Immich's.

    Immich 2 has a list of messages for a request that it can't read; Immich 3
    has one message and `errors` with a path each.
    """
    try:
        body = json.loads(content)
    except ValueError, RecursionError:
        return None
    if not isinstance(body, dict):
        return None
    message = body.get("message")
    if isinstance(message, list):
        message = "; ".join(item for item in message if isinstance(item, str))
    if not isinstance(message, str):
        return None
    for item in _dicts(body.get("errors")):
        path = item.get("path")
        parts = path if isinstance(path, list) else ()
        message += f"; {'.'.join(map(str, parts))}: {item.get('message')}"
    return message[:_MESSAGE_LENGTH]


def error_of(status: int, content: bytes) -> ImmichError:
    """Return the error for a status from 400 on."""
    message = message_of(content)
    if status in (502, 503) and message is None:
        return CannotConnectError(f"Immich's proxy can't reach it (status {status})")
    if status == 504 and message is None:
        return NoReplyError("Immich's proxy got no answer from it (status 504)")
    if status >= 500:
        return ServerError(message or f"Status {status}")
    if message is None:
        return _foreign_error(status, content)
    if status == 401:
        if message.endswith("JWT Token"):
            return MaintenanceTokenError(message)
        return InvalidApiKeyError(message)
    if status == 403:
        return _forbidden(message)
    return _refused(message)


def redirect_error(url: str, location: str) -> ImmichError:
    """Return the error for a redirect from `url`.

    The usual redirect, to the same address with https, says that the scheme is
    wrong. Queries and user info of the location may be secret: they are dropped.
    """
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
        host = there.netloc.rpartition("@")[2]
        target = urlunsplit((there.scheme, host, there.path, "", ""))
    except ValueError:
        return RedirectedError("an invalid address")
    same_place = (here.hostname, here.path) == (there.hostname, there.path)
    if same_place and (here.scheme, there.scheme) == ("http", "https"):
        return WrongSchemeError("The server wants https://")
    return RedirectedError(target)


def _foreign_error(status: int, content: bytes) -> ImmichError:
    """Return the error for a reply that Immich did not write."""
    if status == 400 and b"https" in content[:2000].lower():
        # What nginx, Apache and Go's server answer to http on an https port.
        return WrongSchemeError("The server wants https://")
    return NotImmichError(f"Status {status}, but not from Immich")


def _forbidden(message: str) -> ImmichError:
    """Return the error for a 403."""
    if message.startswith(_MISSING_PERMISSION):
        names = message.removeprefix(_MISSING_PERMISSION).split(",")
        return MissingPermissionError(tuple(name.strip() for name in names))
    if message == "Forbidden":
        return NotAdminError("The API key belongs to a user who is no administrator")
    return RequestRefusedError(message)


def _refused(message: str) -> ImmichError:
    """Return the error for a request that Immich refuses."""
    if message == "Job is already running":
        return JobAlreadyRunningError(message)
    if message.startswith("Invalid job name:"):
        return NotStartableError(message)
    if message.startswith("Not found or no asset.") or message == (
        "Asset media not found"
    ):
        return UnknownAssetError(message)
    if "IMMICH_CONFIG_FILE" in message:
        return ConfigFileError(message)
    if message.startswith(("name must be one of", "Validation failed; name: ")):
        return UnknownQueueError(message)
    return RequestRefusedError(message)


def _dicts(value: object) -> list[dict[str, object]]:
    """Return the objects of a list, nothing for other values."""
    return (
        [item for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )
