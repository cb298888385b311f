"""No request waits for ever."""

import asyncio
from collections.abc import Awaitable, Callable
import time

import httpx
import pytest

from custom_components.immich_admin_tools.immich import (
    client as client_module,
    errors,
    requests,
)
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import MachineLearning

from .conftest import API_KEY
from .socket_server import read_head, socket_server

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"


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
    methods -= {"failure", "listen"}
    with_no_client = calls(ImmichClient(httpx.AsyncClient(), "http://x", "x"))
    assert set(with_no_client) == methods


async def test_hanging_server(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No method waits for ever, as Immich makes it when its Redis is gone."""
    monkeypatch.setattr(client_module, "_THUMBNAIL_TIMEOUT", 0.3)

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
