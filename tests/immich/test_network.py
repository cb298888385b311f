"""What a network can do to a request."""

import asyncio
from contextlib import closing
import json
import socket
import struct

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors, requests
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.transport import transport_error

from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .recordings import recording
from .socket_server import read_head, socket_server

QUEUES = json.dumps(recording("3.1.0", "queues-idle").response).encode()


async def test_closed_port(http: httpx.AsyncClient) -> None:
    """Nobody is there."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(errors.CannotConnectError) as caught:
            await ImmichClient(http, url, API_KEY).ping()
    assert type(caught.value) is errors.CannotConnectError


@pytest.mark.usefixtures("name_resolution")
async def test_unknown_host(http: httpx.AsyncClient) -> None:
    """A name of the zone that never exists."""
    client = ImmichClient(http, "http://immich.invalid", API_KEY, timeout=8)
    with pytest.raises(errors.CannotConnectError):
        await client.ping()


@pytest.mark.usefixtures("name_resolution")
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
        with pytest.raises(errors.ConnectionLostError, match="broke off") as caught:
            await client.ping()
    assert caught.value.__cause__ is None, "the cause would hold the request's key"


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


async def kept_for_a_moment(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heads: list[bytes]
) -> None:
    """Answer once, then close in the midst of the next request, as with keep-alive 2 s."""
    for is_first in (True, False):
        head = await read_head(reader)
        heads.append(head)
        if is_first:
            reply = f"HTTP/1.1 200 OK\r\ncontent-length: {len(QUEUES)}\r\n\r\n"
            writer.write(reply.encode() + QUEUES)
            await writer.drain()


@pytest.mark.parametrize("change", ["pause", "resume", "clear_waiting", "clear_failed"])
async def test_change_that_is_lost_is_not_sent_again(
    change: str, http: httpx.AsyncClient
) -> None:
    """Nobody knows whether it was done: told, and left to a look."""
    changes: list[bytes] = []

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await read_head(reader):
            if not head.startswith(b"GET"):
                changes.append(head)
                return
            queue = json.dumps(recording("3.1.0", "queues-idle").response[0])
            queue = queue.replace('"failed": 0', '"failed": 3')
            reply = f"HTTP/1.1 200 OK\r\ncontent-length: {len(queue)}\r\n\r\n{queue}"
            writer.write(reply.encode())
            await writer.drain()

    async with socket_server(lose) as port:
        client = ImmichClient(http, f"http://127.0.0.1:{port}", API_KEY)
        with pytest.raises(errors.ConnectionLostError):
            await getattr(client, change)("ocr")
    assert len(changes) == 1


async def test_change_meets_no_connection_that_is_just_closed(
    http: httpx.AsyncClient,
) -> None:
    """A server with a keep-alive of 2 s loses no pause: each change has its own line."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await kept_for_a_moment(reader, writer, heads)

    async with socket_server(serve) as port:
        client = ImmichClient(
            http, f"http://127.0.0.1:{port}", API_KEY, fresh_http=httpx.AsyncClient
        )
        for _ in range(3):
            await client.queues()
            with pytest.raises(errors.UnexpectedReplyError):
                # Answered, if only with the list of all queues.
                await client.pause("ocr")
    assert sum(head.startswith(b"PUT") for head in heads) == 3


async def test_who_asks_is_told_whether_immich_answers(
    server: HttpServer, client: ImmichClient
) -> None:
    """By any call; a refusal is an answer, and so is a machine learning that fails."""
    told: list[bool] = []
    client.listen(lambda: told.append(client.failure is None))
    failed = json_answer({"message": "Failed to search smart"}, 500)
    server.answer("POST", "/api/search/smart", failed)
    await client.probe_machine_learning()
    refused = json_answer({"message": "Not possible"}, 400)
    broken = json_answer({"message": "Internal server error"}, 500)
    server.answer(
        "GET", "/api/queues", refused, broken, broken, Answer(body=QUEUES), refused
    )
    for _ in range(3):
        with pytest.raises(errors.ImmichError):
            await client.queues()
    assert told == [False]
    assert isinstance(client.failure, errors.ServerError)
    await client.queues()
    with pytest.raises(errors.RequestRefusedError):
        await client.queues()
    assert told == [False, True]
