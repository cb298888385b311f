"""Certificates, and http mixed up with https."""

import asyncio
from pathlib import Path
import ssl

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient

from .certificates import self_signed
from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .socket_server import read_head, socket_server

PING = "/api/server/ping"
PONG = json_answer({"res": "pong"})


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
    """Told that this Immich is not encrypted; the key was never sent to it."""
    server.answer("GET", PING, PONG)
    url = server.url.replace("http://", "https://")
    with pytest.raises(errors.OnlyPlainHttpError, match="unencrypted http://"):
        await ImmichClient(http, url, API_KEY).queues()
    assert all("x-api-key" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"res": "pong"}, 500),
        json_answer({"res": "ping"}),
        json_answer({"message": "Cannot GET /api/server/ping"}, 404),
        json_answer([1]),
        Answer(200, b"pong", "text/html"),
        Answer(302, headers={"location": "https://elsewhere.example"}),
    ],
)
async def test_https_for_something_else(
    answer: Answer, http: httpx.AsyncClient, server: HttpServer
) -> None:
    """Plain http is never named for a server that does not answer as Immich does."""
    server.answer("GET", PING, answer)
    url = server.url.replace("http://", "https://")
    with pytest.raises(errors.ImmichError) as caught:
        await ImmichClient(http, url, API_KEY).queues()
    assert not isinstance(caught.value, errors.WrongSchemeError)
    assert all("x-api-key" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize("is_immich", [True, False])
async def test_https_that_leads_to_http(
    is_immich: bool,
    http: httpx.AsyncClient,
    server: HttpServer,
    tmp_path: Path,
) -> None:
    """A redirect that drops the encryption is never followed, and told as that."""
    context, _ = self_signed(tmp_path)
    async with HttpServer(context) as secure:
        client = ImmichClient(http, secure.url, API_KEY)
        plain = secure.url.replace("https://", "http://")
        to = {"location": f"{plain}/api/queues"}
        secure.answer("GET", "/api/queues", Answer(301, headers=to))

        def ask_plain(*_: object) -> str:
            return server.url

        client._requests._other_scheme = ask_plain  # type: ignore[method-assign]  # two ports
        if is_immich:
            server.answer("GET", PING, PONG)
        with pytest.raises(errors.NotImmichError) as caught:
            await client.queues()
        expected = errors.OnlyPlainHttpError if is_immich else errors.RedirectedError
        assert type(caught.value) is expected
        assert all("x-api-key" not in asked.headers for asked in server.asked)


async def test_lost_reply_by_https(http: httpx.AsyncClient) -> None:
    """Told as that: a proxy that answers http with a complaint is not Immich."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) != b"G":
            return
        await read_head(reader)
        body = b"<h1>400</h1>The plain HTTP request was sent to HTTPS port"
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        await writer.drain()

    async with socket_server(proxy) as port:
        client = ImmichClient(http, f"https://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.ConnectionLostError) as caught:
            await client.queues()
    assert type(caught.value) is errors.ConnectionLostError


async def test_https_for_a_server_that_hangs_up(http: httpx.AsyncClient) -> None:
    """Some close the connection where others answer in plain text."""
    heads = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = await reader.read(1)
        if start != b"G":
            return
        heads.append(start + await read_head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n")
        writer.write(b'{"res":"pong"}')
        await writer.drain()

    async with socket_server(plain) as port:
        client = ImmichClient(http, f"https://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.OnlyPlainHttpError):
            await client.queues()
    assert heads
    assert all(API_KEY.encode() not in head for head in heads)


@pytest.mark.parametrize("verify", [True, False])
async def test_http_for_https(verify: bool, tmp_path: Path) -> None:
    """Found out by asking once more, without the key, with https."""
    context, _ = self_signed(tmp_path)
    async with HttpServer(context) as server, httpx.AsyncClient(verify=verify) as http:
        server.answer("GET", PING, PONG)
        url = server.url.replace("https://", "http://")
        with pytest.raises(errors.WrongSchemeError, match="https://"):
            await ImmichClient(http, url, API_KEY).ping()
        assert all("x-api-key" not in asked.headers for asked in server.asked)
