"""What is sent, and what a server may answer."""

import asyncio
from collections.abc import Awaitable, Callable
import json

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors, requests
from custom_components.immich_admin_tools.immich.client import ImmichClient

from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .recordings import recording

QUEUES = json.dumps(recording("3.1.0", "queues-idle").response).encode()


async def test_what_is_sent(server: HttpServer, client: ImmichClient) -> None:
    """The key is in the header that Immich reads, and the path below /api."""
    server.answer("GET", "/api/queues", Answer(body=QUEUES))
    assert len(await client.queues()) == 19
    [asked] = server.asked
    assert asked.headers["x-api-key"] == API_KEY
    assert "cookie" not in asked.headers
    assert asked.body == b""


async def test_path_of_a_proxy(http: httpx.AsyncClient, server: HttpServer) -> None:
    """A server below a path is asked there."""
    client = ImmichClient(http, f"{server.url}/photos/api/", f" {API_KEY}\n")
    assert client.url == f"{server.url}/photos"
    server.answer("GET", "/photos/api/queues", Answer(body=QUEUES))
    assert len(await client.queues()) == 19


def test_wrong_address_or_key(http: httpx.AsyncClient) -> None:
    """Both are refused before anything is sent."""
    with pytest.raises(errors.InvalidAddressError):
        ImmichClient(http, "immich.local", API_KEY)
    with pytest.raises(errors.InvalidApiKeyError):
        ImmichClient(http, "http://immich.local", "two words")


@pytest.mark.parametrize("name", ["maint-queues", "maint-about", "maint-keysme"])
async def test_maintenance_mode(
    name: str, server: HttpServer, client: ImmichClient
) -> None:
    """Its 404 is not taken for an old version."""
    for known in (name, "maint-config", "maint-version"):
        record = recording("3.1.0", known)
        server.answer(record.method, record.target, record.answer())
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "maint-queues": client.queues,
        "maint-about": client.about,
        "maint-keysme": client.permissions,
    }
    with pytest.raises(errors.MaintenanceModeError):
        await calls[name]()


@pytest.mark.parametrize(("major", "minor"), [(2, 3), (1, 142), (9, 0)])
async def test_version_without_the_path(
    major: int, minor: int, server: HttpServer, client: ImmichClient
) -> None:
    """Too old, or so new that the path is gone: the version is named."""
    server.answer("GET", "/api/server/config", json_answer({"isInitialized": True}))
    version = {"major": major, "minor": minor, "patch": 1}
    server.answer("GET", "/api/server/version", json_answer(version))
    with pytest.raises(errors.UnsupportedVersionError) as caught:
        await client.queues()
    assert caught.value.version == f"{major}.{minor}.1"


async def test_path_that_nobody_knows(server: HttpServer, client: ImmichClient) -> None:
    """A server that answers like Immich but knows none of its paths is not Immich."""
    record = recording("3.1.0", "queues-ping-bad")
    server.answer("GET", "/api/queues", record.answer())
    with pytest.raises(errors.NotImmichError):
        await client.queues()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_not_followed(
    status: int, server: HttpServer, client: ImmichClient
) -> None:
    """The key would go to somebody else."""
    location = f"{server.url}/elsewhere?token=x"
    server.answer("GET", "/api/queues", Answer(status, headers={"location": location}))
    server.answer("GET", "/elsewhere?token=x", Answer(body=QUEUES))
    with pytest.raises(errors.RedirectedError) as caught:
        await client.queues()
    assert caught.value.location == f"{server.url}/elsewhere"
    assert len(server.asked) == 1


async def test_redirect_to_https(server: HttpServer, client: ImmichClient) -> None:
    """The usual redirect of a proxy says which scheme it wants."""
    location = f"{server.url}/api/queues".replace("http", "https")
    server.answer("GET", "/api/queues", Answer(301, headers={"location": location}))
    with pytest.raises(errors.WrongSchemeError, match="https://"):
        await client.queues()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(body=b"<html>"), errors.UnexpectedReplyError),
        (Answer(body=b"<html>", content_type="text/html"), errors.NotImmichError),
        (Answer(body=b"\x00\xff" * 1000), errors.UnexpectedReplyError),
        (Answer(body=b""), errors.UnexpectedReplyError),
        (json_answer({"queues": []}), errors.UnexpectedReplyError),
        (
            Answer(body=b"no gzip", headers={"content-encoding": "gzip"}),
            errors.UnexpectedReplyError,
        ),
        (json_answer({"message": "Internal server error"}, 500), errors.ServerError),
        (Answer(502, b"<h1>Bad Gateway</h1>"), errors.CannotConnectError),
    ],
)
async def test_useless_replies(
    answer: Answer,
    expected: type[errors.ImmichError],
    server: HttpServer,
    client: ImmichClient,
) -> None:
    """Garbage and failures of the server."""
    server.answer("GET", "/api/queues", answer)
    with pytest.raises(expected) as caught:
        await client.queues()
    assert type(caught.value) is expected


async def test_large_reply(server: HttpServer, client: ImmichClient) -> None:
    """A megabyte of jobs with unknown fields is read."""
    jobs = [
        {"id": str(number), "name": "Ocr", "timestamp": 1, "data": {"x": "y" * 1000}}
        for number in range(1001)
    ]
    answer = json_answer(jobs)
    assert len(answer.body) > 1_000_000
    server.answer("GET", "/api/queues/ocr/jobs", answer)
    assert len(await client.jobs("ocr")) == 1001


async def test_endless_reply(
    server: HttpServer, client: ImmichClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not fill the memory."""
    monkeypatch.setattr(requests, "_MAX_SIZE", 10_000)
    server.answer("GET", "/api/queues", Answer(body=b" " * 10_001))
    with pytest.raises(errors.UnexpectedReplyError, match="too large"):
        await client.queues()


async def test_cancelled_request(http: httpx.AsyncClient, server: HttpServer) -> None:
    """A cancelled request stays cancelled, and the next one works."""
    client = ImmichClient(http, server.url, API_KEY)
    server.answer(
        "GET", "/api/queues", Answer(body=QUEUES, delay=30), Answer(body=QUEUES)
    )
    task = asyncio.create_task(client.queues())
    while not server.asked:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await client.queues()) == 19
