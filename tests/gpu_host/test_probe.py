"""Who answers the ping, and who does not."""

import asyncio
from collections.abc import AsyncIterator
import socket

import httpx
import pytest

from custom_components.immich_admin_tools.gpu_host.probe import PingProbe, Probe
from custom_components.immich_admin_tools.immich.errors import (
    ImmichError,
    MaintenanceModeError,
    RequestRefusedError,
)
from custom_components.immich_admin_tools.immich.models import MachineLearning
from tests.immich.http_server import Answer, HttpServer
from tests.immich.socket_server import socket_server


class FakeImmich:
    """Answers whether its machine learning does."""

    answer: MachineLearning | ImmichError = MachineLearning.ANSWERS
    asked = 0

    async def __call__(self) -> MachineLearning:
        """Say it."""
        self.asked += 1
        if isinstance(self.answer, ImmichError):
            raise self.answer
        return self.answer


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client like the one that Home Assistant shares."""
    async with httpx.AsyncClient(follow_redirects=True) as client:
        yield client


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    """Return a server that answers nothing right yet."""
    async with HttpServer() as server:
        yield server


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(body=b"pong", content_type="text/plain"), Probe.ANSWERS),
        (Answer(body=b'"pong"\n'), Probe.ANSWERS),
        (Answer(body=b"<html>Welcome to nginx!</html>"), Probe.OTHER),
        (Answer(body=b"pong" * 1000), Probe.OTHER),
        (Answer(body=b""), Probe.OTHER),
        (Answer(204), Probe.OTHER),
        (Answer(404, b"pong"), Probe.OTHER),
        (Answer(500, b"pong"), Probe.OTHER),
        (Answer(302, headers={"location": "/elsewhere"}), Probe.OTHER),
        (Answer(502), Probe.GONE),
        (Answer(503), Probe.GONE),
        (Answer(504), Probe.GONE),
    ],
)
async def test_answers(
    http: httpx.AsyncClient, server: HttpServer, answer: Answer, expected: Probe
) -> None:
    """Only a pong is the machine learning; a proxy may say that nobody is there."""
    server.answer("GET", "/ping", answer)
    server.answer("GET", "/elsewhere", Answer(body=b"pong"))
    probe = PingProbe(http, f"{server.url}/", FakeImmich())
    assert await probe() is expected
    assert not probe.costly


async def test_refused(http: httpx.AsyncClient) -> None:
    """A closed port is told at once."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        immich = FakeImmich()
        assert await PingProbe(http, url, immich)() is Probe.GONE
        assert immich.asked == 0


async def test_no_answer(http: httpx.AsyncClient) -> None:
    """A box that takes the question and says nothing may only be busy."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with socket_server(silent) as port:
        probe = PingProbe(http, f"http://127.0.0.1:{port}", FakeImmich())
        async with asyncio.timeout(5):
            assert await probe() is Probe.SLOW


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(b"", Probe.GONE), (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Probe.OTHER)],
)
async def test_no_http(http: httpx.AsyncClient, reply: bytes, expected: Probe) -> None:
    """A connection that breaks off is a box going down; another service is another."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)

    async with socket_server(serve) as port:
        probe = PingProbe(http, f"http://127.0.0.1:{port}", FakeImmich())
        assert await probe() is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (MachineLearning.ANSWERS, Probe.ANSWERS),
        (MachineLearning.FAILS, Probe.GONE),
        (MachineLearning.HANGS, Probe.SLOW),
        (MaintenanceModeError("no"), Probe.UNKNOWN),
    ],
)
async def test_through_immich(
    http: httpx.AsyncClient,
    name_resolution: None,
    answer: MachineLearning | ImmichError,
    expected: Probe,
) -> None:
    """A name that only Immich knows is asked through Immich, and less often."""
    immich = FakeImmich()
    immich.answer = answer
    probe = PingProbe(http, "http://immich-machine-learning.invalid:3003", immich)
    assert await probe() is expected
    assert (probe.costly, immich.asked) == (True, 1)


async def test_in_doubt(http: httpx.AsyncClient, server: HttpServer) -> None:
    """What answers a ping and fails at its work is not well, until it is."""
    server.answer("GET", "/ping", Answer(body=b"pong"))
    immich = FakeImmich()
    probe = PingProbe(http, server.url, immich)
    assert await probe.thoroughly() is Probe.ANSWERS
    immich.answer = MachineLearning.FAILS
    assert await probe() is Probe.ANSWERS
    assert await probe.thoroughly() is Probe.FAILS
    assert await probe() is Probe.FAILS
    assert probe.costly
    immich.answer = MachineLearning.ANSWERS
    assert await probe() is Probe.ANSWERS
    asked = immich.asked
    assert await probe() is Probe.ANSWERS
    assert immich.asked == asked


async def test_in_doubt_without_smart_search(
    http: httpx.AsyncClient, server: HttpServer
) -> None:
    """Where Immich can't tell, the ping counts."""
    server.answer("GET", "/ping", Answer(body=b"pong"))
    immich = FakeImmich()
    immich.answer = RequestRefusedError("Smart search is not enabled")
    assert await PingProbe(http, server.url, immich).thoroughly() is Probe.ANSWERS


async def test_malformed(http: httpx.AsyncClient) -> None:
    """An address that can't be asked is no reason to fall over."""
    assert await PingProbe(http, "http://[::1", FakeImmich())() is Probe.OTHER


async def test_a_kept_connection_at_its_end_is_no_box_that_is_gone(
    http: httpx.AsyncClient,
) -> None:
    """The machine learning closes kept connections after 2 s, as a ping is under way."""
    kept = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal kept
        asked = await reader.readuntil(b"\r\n\r\n")
        close = b"connection: close" in asked.lower()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong")
        if not close:
            # The next question meets the close.
            kept += 1
            await reader.read(1)

    async with socket_server(serve) as port:
        url = f"http://127.0.0.1:{port}"
        probe = PingProbe(http, url, FakeImmich())
        assert [await probe() for _ in range(10)] == [Probe.ANSWERS] * 10
        assert kept == 0
        # Somebody else may have kept a connection to the same address.
        await http.get(url)
        assert await probe() is Probe.ANSWERS


async def test_pinged_as_often_as_connections_are_closed(
    http: httpx.AsyncClient,
) -> None:
    """A real server with a keep-alive of 2 s, asked every 2 s, is never gone."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(2):
                    asked = await reader.readuntil(b"\r\n\r\n")
            except TimeoutError, asyncio.IncompleteReadError:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong")
            if b"connection: close" in asked.lower():
                return

    async with socket_server(serve) as port:

        async def asked(number: int) -> set[Probe]:
            probe = PingProbe(http, f"http://127.0.0.1:{port}", FakeImmich())
            found = set()
            for _ in range(4):
                found.add(await probe())
                await asyncio.sleep(1.99 + number / 1000)
            return found

        found = await asyncio.gather(*(asked(number) for number in range(20)))
    assert set().union(*found) == {Probe.ANSWERS}


async def test_a_ping_that_fails_is_asked_often(
    http: httpx.AsyncClient, server: HttpServer
) -> None:
    """In doubt Immich is asked, which costs it a search; a ping that fails needs none."""
    server.answer("GET", "/ping", Answer(body=b"pong"))
    immich = FakeImmich()
    immich.answer = MachineLearning.FAILS
    probe = PingProbe(http, server.url, immich)
    assert await probe.thoroughly() is Probe.FAILS
    assert probe.costly
    server.answer("GET", "/ping", Answer(502))
    assert await probe() is Probe.GONE
    assert not probe.costly
