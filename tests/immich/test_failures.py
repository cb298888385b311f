"""One error type per case, from recorded and from made-up replies."""

import json

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.failures import (
    error_of,
    message_of,
    redirect_error,
)

from .recordings import recording


@pytest.mark.parametrize(
    ("release", "name", "expected", "words"),
    [
        (
            "2.7.5",
            "queue-jobs-status_foo",
            errors.RequestRefusedError,
            "each value in status must be one of",
        ),
        ("2.7.5", "queue-pause-bg", errors.RequestRefusedError, "cannot be paused"),
        ("2.7.5", "queue-put-bad", errors.RequestRefusedError, "isPaused must be"),
        ("2.7.5", "queue-unknown", errors.UnknownQueueError, "name must be one of"),
        ("3.1.0", "asset-thumb-unknown", errors.UnknownAssetError, "asset.view"),
        ("3.1.0", "err403-thumb", errors.MissingPermissionError, "asset.view"),
        ("3.1.0", "jobs-bad-command", errors.RequestRefusedError, "; command: "),
        ("3.1.0", "jobs-start-notstartable", errors.NotStartableError, "Invalid job"),
        ("3.1.0", "qread-deljobs", errors.MissingPermissionError, "queueJob.delete"),
        ("3.1.0", "qread-jobs-put", errors.MissingPermissionError, "job.create"),
        ("3.1.0", "queue-delete-nobody", errors.RequestRefusedError, "expected object"),
        ("3.1.0", "queue-jobs-badstatus", errors.RequestRefusedError, "; status: "),
        (
            "3.1.0",
            "queue-pause-backgroundTask",
            errors.RequestRefusedError,
            "cannot be paused",
        ),
        ("3.1.0", "queue-put-bad", errors.RequestRefusedError, "; isPaused: "),
        (
            "3.1.0",
            "system-config-put-partial",
            errors.RequestRefusedError,
            "; backup: Invalid input: expected object",
        ),
    ],
)
def test_recorded_refusal(
    release: str, name: str, expected: type[errors.ImmichError], words: str
) -> None:
    """A refusal keeps Immich's own words."""
    record = recording(release, name)
    error = error_of(record.status, json.dumps(record.response).encode())
    assert type(error) is expected
    assert words in str(error)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (400, "Job is already running", errors.JobAlreadyRunningError),
        (
            400,
            "Cannot update configuration while IMMICH_CONFIG_FILE is in use",
            errors.ConfigFileError,
        ),
        (400, "Smart search is not enabled", errors.RequestRefusedError),
        (401, "Invalid API key", errors.InvalidApiKeyError),
        (401, "Missing JWT Token", errors.MaintenanceTokenError),
        (401, "Invalid JWT Token", errors.MaintenanceTokenError),
        (403, "Forbidden", errors.NotAdminError),
        (403, "Something new is forbidden", errors.RequestRefusedError),
        (404, "Asset media not found", errors.UnknownAssetError),
        (404, "User not found", errors.RequestRefusedError),
        (413, "request entity too large", errors.RequestRefusedError),
        (500, "Internal server error", errors.ServerError),
        (503, "Service Unavailable", errors.ServerError),
    ],
)
def test_immichs_words(
    status: int, message: str, expected: type[errors.ImmichError]
) -> None:
    """Status and message together decide."""
    error = error_of(status, json.dumps({"message": message}).encode())
    assert type(error) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b"<html>Bad Request</html>", errors.NotImmichError),
        (
            400,
            b"<center>The plain HTTP request was sent to HTTPS port</center>",
            errors.WrongSchemeError,
        ),
        (
            400,
            b"Client sent an HTTP request to an HTTPS server.\n",
            errors.WrongSchemeError,
        ),
        (401, b"<h1>401 Authorization Required</h1>", errors.NotImmichError),
        (403, b"Blocked by the firewall", errors.NotImmichError),
        (404, b"404: Not Found", errors.NotImmichError),
        (404, b'["not", "ours"]', errors.NotImmichError),
        (404, b'{"error": "not ours"}', errors.NotImmichError),
        (429, b"", errors.NotImmichError),
        (500, b"oops", errors.ServerError),
        (502, b"<h1>Bad Gateway</h1>", errors.CannotConnectError),
        (503, b"", errors.CannotConnectError),
        (504, b"<h1>Gateway Time-out</h1>", errors.NoReplyError),
    ],
)
def test_words_of_others(
    status: int, body: bytes, expected: type[errors.ImmichError]
) -> None:
    """A proxy, or something else than Immich, is told from Immich."""
    error = error_of(status, body)
    assert type(error) is expected
    assert "oops" not in str(error)


def test_missing_permissions_are_named() -> None:
    """By Immich's own names, also when it names several."""
    error = error_of(
        403, b'{"message": "Missing required permission: queue.read, job.read"}'
    )
    assert isinstance(error, errors.MissingPermissionError)
    assert error.permissions == ("queue.read", "job.read")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b"null", None),
        (b'{"message": 5}', None),
        (b'{"message": ["a", 5, "b"]}', "a; b"),
        (b'{"message": "a", "errors": "b"}', "a"),
        (b'{"message": "a", "errors": [1, {"path": 2, "message": "b"}]}', "a; : b"),
        (
            b'{"message": "a", "errors": [{"path": ["b", 0], "message": "c"}]}',
            "a; b.0: c",
        ),
    ],
)
def test_message(body: bytes, expected: str | None) -> None:
    """Whatever stands in the body."""
    assert message_of(body) == expected


def test_long_message_is_cut() -> None:
    """It ends up in front of a user."""
    message = message_of(json.dumps({"message": "x" * 10_000}).encode())
    assert message == "x" * 300


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://photos.example.com/api/queues", "The server wants https://"),
        ("https://photos.example.com:443/api/queues?x=1", "The server wants https://"),
        ("https://login.example.com/?secret=1", "https://login.example.com/"),
        ("//user:secret@else.example.com/x", "http://else.example.com/x"),
        ("/login?secret=1#secret", "http://photos.example.com/login"),
        ("", "http://photos.example.com/api/queues"),
        ("http://[broken", "an invalid address"),
    ],
)
def test_redirect(location: str, expected: str) -> None:
    """The user is told where to, without what may be secret in it."""
    error = redirect_error("http://photos.example.com/api/queues", location)
    assert expected in str(error)
    assert "secret" not in str(error)
    if isinstance(error, errors.RedirectedError):
        assert error.location == expected
    else:
        assert type(error) is errors.WrongSchemeError
