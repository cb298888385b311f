"""Connections of every kind, and what is said when they fail."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from time import perf_counter

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
    translate_errors,
)
from custom_components.immich_admin_tools.bullmq.errors import (
    AuthenticationError,
    BullMQError,
    MissingRightsError,
    RedisCannotConnectError,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.processes import free_port
from tests.support.valkey import Valkey, start_valkey

PASSWORD = "p@ss/w:rd #1"


async def ping(client: Redis) -> None:
    """Connect, with our errors."""
    with translate_errors():
        await client.ping()


@contextlib.asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[int]:
    """Give the port of a server that answers everything alike, and hangs up."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(65_536)
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_client_connects_when_it_is_used() -> None:
    """Making one needs nobody to answer."""
    client = create_client(RedisSettings("redis://127.0.0.1:1"), None)
    await client.aclose()


async def test_unix_socket() -> None:
    """On the same machine, with a database of its own."""
    async with (
        start_valkey(unix_socket=True) as valkey,
        create_client(RedisSettings(f"{valkey.url}?db=2"), None) as client,
        valkey.client(db=2) as other,
    ):
        await client.set("key", "1")
        assert await other.get("key") == b"1"


async def test_database_other_than_0(valkey: Valkey) -> None:
    """Queues of one database are not those of another."""
    settings = RedisSettings(f"redis://127.0.0.1:{valkey.port}/3")
    async with create_client(settings, None) as client, valkey.client(db=3) as other:
        await other.lpush("immich_bull:ocr:wait", "1")
        reading = await QueueReader(client).read(["ocr"])
        assert reading.queues["ocr"].wait == 1
    async with valkey.client() as default:
        assert await default.dbsize() == 0


async def test_password_from_the_settings_or_the_address() -> None:
    """The settings win."""
    async with start_valkey(password=PASSWORD) as valkey:
        plain = f"redis://127.0.0.1:{valkey.port}"
        for settings in (
            RedisSettings(plain, password=PASSWORD),
            RedisSettings(plain, username="default", password=PASSWORD),
            RedisSettings(valkey.url),
            RedisSettings(valkey.url.replace("p%40ss", "other"), password=PASSWORD),
        ):
            async with create_client(settings, None) as client:
                await ping(client)


@pytest.mark.parametrize(
    ("username", "password"),
    [(None, None), (None, "wrong"), ("nobody", PASSWORD), ("default", None)],
)
async def test_wrong_credentials(username: str | None, password: str | None) -> None:
    """Told as such, and not tried again and again."""
    async with start_valkey(password=PASSWORD) as valkey:
        settings = RedisSettings(
            f"redis://127.0.0.1:{valkey.port}", username=username, password=password
        )
        async with create_client(settings, None) as client:
            with pytest.raises(AuthenticationError):
                await QueueReader(client).read(["ocr"])
        async with valkey.client() as other:
            failures = (await other.info("stats"))["acl_access_denied_auth"]
            assert failures <= 1


async def test_password_for_a_server_without_one(valkey: Valkey) -> None:
    """It refuses what it didn't ask for."""
    settings = RedisSettings(f"redis://127.0.0.1:{valkey.port}", password=PASSWORD)
    async with create_client(settings, None) as client:
        with pytest.raises(AuthenticationError):
            await ping(client)


async def test_database_without_the_right_to_select() -> None:
    """The rule is named."""
    acl = ["user ha on >secret ~immich_bull:* -@all +ping"]
    async with start_valkey(acl=acl) as valkey:
        url = f"redis://ha:secret@127.0.0.1:{valkey.port}/1"
        async with create_client(RedisSettings(url), None) as client:
            with pytest.raises(MissingRightsError) as caught:
                await ping(client)
    assert caught.value.commands == ("+select",)


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:{port}",
        "redis://[::1]:{port}",
        "redis://no-such-host.invalid",
        "redis://.",
        f"redis://{'a' * 70}.invalid",
        "unix:///no/such",
        "unix:///dev",
        "redis+sentinel://no-such-host.invalid/x",
    ],
)
async def test_nobody_is_there(url: str) -> None:
    """Refused, unknown, no socket: after a few tries, not after many seconds."""
    settings = RedisSettings(url.format(port=free_port()), password=PASSWORD)
    start = perf_counter()
    async with create_client(settings, None) as client:
        with pytest.raises(RedisCannotConnectError) as caught:
            await ping(client)
    assert perf_counter() - start < 8
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\x00", b"$-5\r\n", b"+OK\r\n"],
    ids=["nothing", "HTTP", "binary", "broken", "always OK"],
)
async def test_something_else_answers(reply: bytes) -> None:
    """Whatever it says, it is one of our errors."""
    async with answering(reply) as port:
        settings = RedisSettings(f"redis://127.0.0.1:{port}")
        async with create_client(settings, None) as client:
            with pytest.raises(BullMQError):
                await QueueReader(client).read(["ocr"])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "loading"),
        (b"-BUSY Redis is busy running a script.\r\n", "busy"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "lost its master"),
        (b"-ERR max number of clients reached\r\n", "too many clients"),
    ],
)
async def test_server_that_cannot_answer_now(reply: bytes, message: str) -> None:
    """It is there, but of no use: tried again with the next poll."""
    async with answering(reply * 9) as port:
        settings = RedisSettings(f"redis://127.0.0.1:{port}")
        async with create_client(settings, None) as client:
            with pytest.raises(RedisCannotConnectError, match=message):
                await QueueReader(client).read(["ocr"])


async def test_server_with_too_many_clients() -> None:
    """A real one."""
    async with (
        start_valkey(settings={"maxclients": "1"}) as valkey,
        valkey.client() as only,
    ):
        await only.ping()
        async with create_client(RedisSettings(valkey.url), None) as client:
            with pytest.raises(RedisCannotConnectError):
                await ping(client)


async def set_rule(admin: Redis, rule: str) -> None:
    """Change one right of the user."""
    await admin.execute_command("ACL SETUSER", "ha", rule)  # type: ignore[no-untyped-call]  # redis-py's


async def test_right_that_is_taken_away_while_we_read() -> None:
    """Named, and nothing is left behind in the connection."""
    acl = ["user ha on >secret ~immich_bull:* -@all +@read +info +time +multi +exec"]
    async with start_valkey(acl=acl) as valkey, valkey.client() as admin:
        url = f"redis://ha:secret@127.0.0.1:{valkey.port}"
        async with create_client(RedisSettings(url), None) as client:
            reader = QueueReader(client)
            await reader.read(["ocr"])
            for rule in ("llen", "exec", "multi", "xinfo"):
                await set_rule(admin, f"-{rule}")
                with pytest.raises(MissingRightsError) as caught:
                    await reader.read(["ocr"])
                assert caught.value.commands[0].startswith(f"+{rule}")
                await set_rule(admin, f"+{rule}")
                await reader.read(["ocr"])


def test_settings_never_show_the_password() -> None:
    """Neither do addresses nor clients."""
    settings = RedisSettings("redis://:first@nas", password="second")
    client = create_client(settings, None)
    for text in (repr(RedisSettings("redis://nas", password="second")), repr(client)):
        assert "first" not in text
        assert "second" not in text
