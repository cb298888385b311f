"""Requests over real sockets: what a server and a network can do to them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
import json
from pathlib import Path
import socket
import ssl
import struct
import time

import httpx
import pytest

from custom_components.immich_admin_tools.immich import asset_api, errors, requests
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import MachineLearning
from custom_components.immich_admin_tools.immich.transport import transport_error

from .certificates import self_signed
from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .recordings import recording
from .socket_server import read_head, socket_server

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"
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


async def test_closed_port(http: httpx.AsyncClient) -> None:
    """Nobody is there."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(errors.CannotConnectError) as caught:
            await ImmichClient(http, url, API_KEY).ping()
    assert type(caught.value) is errors.CannotConnectError


async def test_unknown_host(http: httpx.AsyncClient) -> None:
    """A name of the zone that never exists."""
    client = ImmichClient(http, "http://immich.invalid", API_KEY, timeout=8)
    with pytest.raises(errors.CannotConnectError):
        await client.ping()


async def test_name_that_is_no_host(http: httpx.AsyncClient) -> None:
    """What only the resolver finds out about."""
    client = ImmichClient(http, f"http://{'a' * 64}.example", API_KEY)
    with pytest.raises((errors.InvalidAddressError, errors.CannotConnectError)):
        await client.ping()


async def test_silent_network(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packets are dropped: the queue of a listening socket is full."""
    monkeypatch.setattr(requests, "_CONNECT_TIMEOUT", 0.2)
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        filling = [socket.socket() for _ in range(8)]
        for client in filling:
            client.setblocking(False)
            client.connect_ex(address)
        try:
            with pytest.raises(errors.CannotConnectError) as caught:
                await ImmichClient(
                    http, f"http://127.0.0.1:{address[1]}", API_KEY
                ).ping()
        finally:
            for client in filling:
                client.close()
    assert type(caught.value) is errors.CannotConnectError


def calls(client: ImmichClient) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return a call of each method that asks the server."""
    return {
        "ping": client.ping,
        "version": client.version,
        "check_version": client.check_version,
        "about": client.about,
        "server_config": client.server_config,
        "me": client.me,
        "permissions": client.permissions,
        "missing_permissions": lambda: client.missing_permissions(["queue.read"]),
        "queues": client.queues,
        "queue": lambda: client.queue("ocr"),
        "jobs": lambda: client.jobs("ocr"),
        "pause": lambda: client.pause("ocr"),
        "resume": lambda: client.resume("backgroundTask"),
        "clear_waiting": lambda: client.clear_waiting("ocr"),
        "clear_failed": lambda: client.clear_failed("ocr"),
        "start": lambda: client.start("ocr", force=False),
        "asset": lambda: client.asset(ASSET),
        "thumbnail": lambda: client.thumbnail(ASSET),
        "system_config": client.system_config,
        "concurrency": client.concurrency,
        "machine_learning_urls": client.machine_learning_urls,
        "set_concurrency": lambda: client.set_concurrency("ocr", 2),
        "in_maintenance": client.in_maintenance,
        "maintenance_status": client.maintenance_status,
    }


def test_each_method_is_in_the_list() -> None:
    """A new method is tested with the others, or named here with its own tests."""
    methods = {name for name in dir(ImmichClient) if not name.startswith("_")}
    methods -= {"url", "probe_machine_learning", "start_maintenance", "end_maintenance"}
    with_no_client = calls(ImmichClient(httpx.AsyncClient(), "http://x", "x"))
    assert set(with_no_client) == methods


async def test_hanging_server(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No method waits for ever, as Immich makes it when its Redis is gone."""
    monkeypatch.setattr(asset_api, "_THUMBNAIL_TIMEOUT", 0.3)

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass

    async with socket_server(hang) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY, timeout=0.3)
        results = await asyncio.gather(
            *(call() for call in calls(client).values()), return_exceptions=True
        )
        found = dict(zip(calls(client), map(type, results), strict=True))
        assert found == dict.fromkeys(found, errors.NoReplyError)
        probe = await client.probe_machine_learning(timeout=0.3)
        assert probe is MachineLearning.HANGS


async def test_dripping_server(http: httpx.AsyncClient) -> None:
    """A byte now and then does not keep a request alive."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with socket_server(drip) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY, timeout=0.5)
        start = time.monotonic()
        with pytest.raises(errors.NoReplyError):
            await client.queues()
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (b"220 mail.example.com ESMTP\r\n\r\n", errors.NotImmichError),
        # Nothing that looks like the end of a reply: as if it had been lost.
        (b"SSH-2.0-OpenSSH_10.0\r\n", errors.ConnectionLostError),
    ],
)
async def test_no_http(
    greeting: bytes, expected: type[errors.ImmichError], http: httpx.AsyncClient
) -> None:
    """Another service listens there."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        await reader.read(1000)

    async with socket_server(greet) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        with pytest.raises(expected) as caught:
            await client.ping()
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    "half", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"]
)
async def test_connection_that_breaks_off(half: bytes, http: httpx.AsyncClient) -> None:
    """It is tried once more, and then an error."""
    heads = []

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if head := await read_head(reader):
            heads.append(head)
            writer.write(half)
            await writer.drain()

    async with socket_server(close) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.ConnectionLostError):
            await client.ping()
        assert len(heads) == 2
        with pytest.raises(errors.ConnectionLostError):
            await client.start("ocr", force=True)
        assert len(heads) == 3, "a start is never sent twice"


async def test_connection_that_is_reset(http: httpx.AsyncClient) -> None:
    """The other end is gone in the midst of it."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        end = writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with socket_server(reset) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.ConnectionLostError, match="broke off"):
            await client.ping()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.PoolTimeout("x"), errors.NoReplyError),
        (httpx.ReadTimeout("x"), errors.NoReplyError),
        (httpx.WriteError("x"), errors.ConnectionLostError),
        (httpx.ProxyError("x"), errors.CannotConnectError),
        (httpx.LocalProtocolError(f"bad header {API_KEY}"), errors.CannotConnectError),
        (httpx.UnsupportedProtocol("x"), errors.InvalidAddressError),
        (httpx.ConnectError(""), errors.CannotConnectError),
    ],
)
def test_what_no_server_here_can_cause(
    error: httpx.HTTPError, expected: type[errors.ImmichError]
) -> None:
    """Proxies, and libraries that complain about what they were given."""
    found = transport_error(error)
    assert type(found) is expected
    assert str(found)
    assert API_KEY not in str(found)


async def test_address_that_only_the_library_refuses(http: httpx.AsyncClient) -> None:
    """It has its own limits."""
    client = ImmichClient(http, f"http://immich.invalid/{'a' * 70_000}", API_KEY)
    with pytest.raises(errors.InvalidAddressError):
        await client.ping()


async def test_idle_connection_that_the_server_closes(http: httpx.AsyncClient) -> None:
    """Immich closes after 5 s what Home Assistant keeps for 15: no poll is lost."""
    served = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        served.append(1)
        reply = f"HTTP/1.1 200 OK\r\ncontent-length: {len(QUEUES)}\r\n\r\n"
        writer.write(reply.encode() + QUEUES)
        await writer.drain()
        # The next request on this connection gets no answer.
        await read_head(reader)

    async with socket_server(once) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        for _ in range(3):
            assert len(await client.queues()) == 19
    assert len(served) == 3


async def test_self_signed_certificate(tmp_path: Path) -> None:
    """It is refused unless checking is off or the certificate is known."""
    context, certificate = self_signed(tmp_path)
    async with HttpServer(context) as server:
        server.answer("GET", "/api/server/ping", json_answer({"res": "pong"}))
        async with httpx.AsyncClient(verify=ssl.create_default_context()) as http:
            with pytest.raises(errors.CertificateError, match="self-signed"):
                await ImmichClient(http, server.url, API_KEY).ping()
        assert not server.asked
        known = ssl.create_default_context(cafile=str(certificate))
        async with httpx.AsyncClient(verify=known) as http:
            await ImmichClient(http, server.url, API_KEY).ping()


async def test_certificate_of_another_host(tmp_path: Path) -> None:
    """A known certificate for the wrong host is no proof."""
    context, certificate = self_signed(tmp_path, "127.0.0.2")
    known = ssl.create_default_context(cafile=str(certificate))
    async with HttpServer(context) as server, httpx.AsyncClient(verify=known) as http:
        with pytest.raises(errors.CertificateError, match=r"127\.0\.0\.1"):
            await ImmichClient(http, server.url, API_KEY).ping()


async def test_tls_that_cannot_agree(http: httpx.AsyncClient) -> None:
    """A handshake that the server refuses is neither of the above."""
    handshake_failure = b"\x15\x03\x03\x00\x02\x02\x28"

    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(1000)
        writer.write(handshake_failure)
        await writer.drain()

    async with socket_server(refuse) as port:
        client = ImmichClient(http, f"https://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.CannotConnectError, match="TLS failed") as caught:
            await client.ping()
    assert type(caught.value) is errors.CannotConnectError


async def test_https_for_http(http: httpx.AsyncClient, server: HttpServer) -> None:
    """The user is told which one the server wants."""
    url = server.url.replace("http://", "https://")
    with pytest.raises(errors.WrongSchemeError, match="http://"):
        await ImmichClient(http, url, API_KEY).ping()


async def test_https_for_a_server_that_hangs_up(http: httpx.AsyncClient) -> None:
    """Some close the connection where others answer in plain text."""
    heads = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = await reader.read(1)
        if start != b"G":
            return
        heads.append(start + await read_head(reader))
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    async with socket_server(plain) as port:
        client = ImmichClient(http, f"https://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.WrongSchemeError, match="http://"):
            await client.queues()
    assert heads
    assert all(API_KEY.encode() not in head for head in heads)


@pytest.mark.parametrize("verify", [True, False])
async def test_http_for_https(verify: bool, tmp_path: Path) -> None:
    """Found out by asking once more, without the key, with https."""
    context, _ = self_signed(tmp_path)
    async with HttpServer(context) as server, httpx.AsyncClient(verify=verify) as http:
        url = server.url.replace("https://", "http://")
        with pytest.raises(errors.WrongSchemeError, match="https://"):
            await ImmichClient(http, url, API_KEY).ping()
        assert all("x-api-key" not in asked.headers for asked in server.asked)


async def test_other_scheme_that_hangs(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking whether the scheme is wrong has its own, short, end."""
    monkeypatch.setattr(requests, "_PROBE_TIMEOUT", 0.2)

    async def close_or_hang(
        reader: asyncio.StreamReader, _: asyncio.StreamWriter
    ) -> None:
        if await reader.read(1) != b"G":
            await asyncio.sleep(30)

    async with socket_server(close_or_hang) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        start = time.monotonic()
        with pytest.raises(errors.ConnectionLostError):
            await client.ping()
        assert time.monotonic() - start < 5


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
