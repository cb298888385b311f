"""Workers that come back are seen, by whatever there is to see them by."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.healing.worker_watch import (
    ApiWatch,
    RedisWatch,
)
from custom_components.immich_admin_tools.immich.errors import CannotConnectError
from custom_components.immich_admin_tools.immich.models import Version
from tests.support.valkey import Valkey, start_valkey

OCR = "immich_bull:b2Ny:w:microservices"
FACES = "immich_bull:ZmFjZURldGVjdGlvbg==:w:microservices"
OTHER = "other_bull:b2Ny:w:microservices"


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return an empty server."""
    pytest_socket.enable_socket()
    async with start_valkey() as server:
        yield server


def _connect(valkey: Valkey, name: str) -> Redis:
    return Redis(port=valkey.port, client_name=name, single_connection_client=True)


async def test_by_connections(valkey: Valkey) -> None:
    """Only those that are new, and of this Immich."""

    async def no_beats() -> Mapping[str, int | None]:
        return {"ocr": None}

    async with valkey.client() as client, _connect(valkey, OCR):
        watch = RedisWatch(client, "immich_bull", 0, no_beats)
        await watch.mark()
        async with _connect(valkey, OTHER):
            assert await watch.back(0) == set()
            async with _connect(valkey, FACES):
                assert await watch.back(0) == {"faceDetection"}


async def test_by_heartbeats_while_redis_does_not_list_connections(
    valkey: Valkey,
) -> None:
    """Those of before the restart do not count."""

    async def beats() -> Mapping[str, int | None]:
        return {"ocr": 1_000, "faceDetection": 1_001, "library": None}

    async with valkey.client() as client:
        watch = RedisWatch(client, "immich_bull", 0, beats)
        await watch.mark()
        await valkey.stop()
        assert await watch.back(1_000) == {"faceDetection"}
        await watch.mark()
        assert await watch.back(1_000) == {"faceDetection"}


async def test_by_the_api() -> None:
    """Gone and back; or there for so long that it must have been missed."""
    now = 0
    gone = False

    async def version() -> Version:
        if gone:
            raise CannotConnectError("Nobody answers")
        return Version(3, 1, 0)

    watch = ApiWatch(version, lambda: ("ocr",), lambda: now)
    for was_gone in (True, False):
        now = 0
        await watch.mark()
        assert await watch.back(0) == ()
        gone = was_gone
        assert await watch.back(0) == ()
        gone = False
        assert tuple(await watch.back(0)) == (("ocr",) if was_gone else ())
        now = ApiWatch.UNSEEN + 1
        assert await watch.back(0) == ("ocr",)
