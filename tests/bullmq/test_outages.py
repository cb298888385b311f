"""A server or a line that fails while it is used."""

import asyncio
from time import perf_counter

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq import connection
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
    translate_errors,
)
from custom_components.immich_admin_tools.bullmq.errors import RedisCannotConnectError
from custom_components.immich_admin_tools.bullmq.pipeline import Pipeline, Replies
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.valkey import Valkey, start_valkey


@pytest.mark.usefixtures("short_timeouts")
async def test_server_that_hangs(valkey: Valkey) -> None:
    """A poll ends in time, and the next one works when the server goes on."""
    async with create_client(RedisSettings(valkey.url), None) as client:
        reader = QueueReader(client)
        await reader.read(["ocr"])
        valkey.freeze()
        start = perf_counter()
        with pytest.raises(RedisCannotConnectError, match="in time"):
            await reader.read(["ocr"])
        assert perf_counter() - start < 1.5
        valkey.thaw()
        await reader.read(["ocr"])


@pytest.mark.usefixtures("short_timeouts")
async def test_poll_as_a_whole_ends_in_time(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that answers each command just in time is too slow as well."""
    reader = QueueReader(client)
    real_run = Pipeline.run

    async def slow_run(trip: Pipeline, through: Redis) -> Replies:
        await asyncio.sleep(0.8)
        return await real_run(trip, through)

    monkeypatch.setattr(Pipeline, "run", slow_run)
    await client.lpush("immich_bull:ocr:active", "1")
    with pytest.raises(RedisCannotConnectError, match="in time"):
        await reader.read(["ocr"])


async def test_server_is_killed_and_comes_back(valkey: Valkey) -> None:
    """The same client goes on; the run id tells that it is another run."""
    async with create_client(RedisSettings(valkey.url), None) as client:
        reader = QueueReader(client)
        first = await reader.read(["ocr"])
        await valkey.stop()
        for _ in range(2):
            with pytest.raises(RedisCannotConnectError):
                await reader.read(["ocr"])
        await valkey.start()
        second = await reader.read(["ocr"])
        assert first.run_id != second.run_id


async def test_server_restarts_between_two_polls(valkey: Valkey) -> None:
    """Nothing is noticed but the run id: the dead connection is replaced."""
    async with create_client(RedisSettings(valkey.url), None) as client:
        reader = QueueReader(client)
        await reader.read(["ocr"])
        await valkey.stop()
        await valkey.start()
        await reader.read(["ocr"])


async def test_connection_that_died_silently_is_replaced(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while without traffic a router may have forgotten it."""
    monkeypatch.setattr(connection, "HEALTH_CHECK_INTERVAL", 0.01)
    monkeypatch.setattr(connection, "SOCKET_TIMEOUT", 0.3)
    lines: list[asyncio.Task[None]] = []

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await asyncio.open_connection("127.0.0.1", valkey.port)
        lines.append(asyncio.create_task(pump(reader, far[1])))
        lines.append(asyncio.create_task(pump(far[0], writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = RedisSettings(f"redis://127.0.0.1:{port}")
    async with create_client(settings, None) as client:
        reader = QueueReader(client)
        await reader.read(["ocr"])
        dead = list(lines)
        for line in dead:
            line.cancel()
        await asyncio.sleep(0.05)
        await reader.read(["ocr"])
        assert len(lines) == 2 * len(dead)
    server.close()
    for line in lines:
        line.cancel()
    await asyncio.gather(*lines, return_exceptions=True)


async def test_idle_connection_of_a_user_without_ping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refusal is an answer: the connection is alive."""
    monkeypatch.setattr(connection, "HEALTH_CHECK_INTERVAL", 0.01)
    acl = ["user ha on >secret ~immich_bull:* -@all +@read +info +time +multi +exec"]
    async with start_valkey(acl=acl) as valkey, valkey.client() as admin:
        url = f"redis://ha:secret@127.0.0.1:{valkey.port}"
        async with create_client(RedisSettings(url), None) as client:
            reader = QueueReader(client)
            await reader.read(["ocr"])
            before = [entry["id"] for entry in await admin.client_list()]
            await asyncio.sleep(0.05)
            await reader.read(["ocr"])
            assert [entry["id"] for entry in await admin.client_list()] == before


async def test_command_is_never_sent_twice(valkey: Valkey) -> None:
    """When the reply gets lost nobody knows whether it was run."""
    sent = 0

    async def swallow(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal sent
        while data := await reader.read(65_536):
            if b"LPUSH" in data:
                sent += 1
                break
            writer.write(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n+OK\r\n")
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = RedisSettings(f"redis://127.0.0.1:{port}")
    async with server, create_client(settings, None) as client:
        with pytest.raises(RedisCannotConnectError), translate_errors():
            await client.lpush("key", "1")
    assert sent == 1


async def test_cancelled_poll_leaves_a_clean_connection(valkey: Valkey) -> None:
    """Replies that nobody waited for are not taken for those of the next poll."""
    async with create_client(RedisSettings(valkey.url), None) as client:
        reader = QueueReader(client)
        await client.lpush("immich_bull:ocr:wait", "1")
        for delay in range(20):
            task = asyncio.create_task(reader.read(["ocr"]))
            for _ in range(delay):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await reader.read(["ocr"])).queues["ocr"].wait == 1
