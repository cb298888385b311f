"""Workers that come back are seen, by whatever there is to see them by."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.event_listener import CHUNK
from custom_components.immich_admin_tools.bullmq.permissions import READ_RULES
from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    ImmichError,
    InvalidApiKeyError,
    NoReplyError,
    ServerError,
)
from custom_components.immich_admin_tools.immich.models import Version
from custom_components.immich_admin_tools.restart.worker_watch import (
    ApiWatch,
    RedisWatch,
    WorkersSeen,
)
from tests.support.valkey import Valkey, start_valkey

OCR = "immich_bull:b2Ny:w:microservices"
FACES = "immich_bull:ZmFjZURldGVjdGlvbg==:w:microservices"
METADATA = "immich_bull:metadataExtraction:events"
OTHER = "other_bull:b2Ny:w:microservices"


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return an empty server."""
    pytest_socket.enable_socket()
    async with start_valkey() as server:
        yield server


def _connect(valkey: Valkey, name: str) -> Redis:
    return Redis(port=valkey.port, client_name=name, single_connection_client=True)


async def _no_beats() -> Mapping[str, int | None]:
    return {"ocr": None}


async def _beats() -> Mapping[str, int | None]:
    return {"ocr": 1_000, "faceDetection": 1_001, "library": None}


async def test_by_connections(valkey: Valkey) -> None:
    """Only those that are new, and of this Immich."""
    async with valkey.client() as client, _connect(valkey, OCR):
        watch = RedisWatch(client, "immich_bull", 0, _no_beats)
        await watch.mark()
        async with _connect(valkey, OTHER):
            # Nor are the old ones seen to go on.
            assert await watch.look(0) == WorkersSeen(restarted=None)
            async with _connect(valkey, FACES):
                seen = await watch.look(0)
                assert seen == WorkersSeen(frozenset({"faceDetection"}), restarted=True)


async def test_heartbeats_of_workers_that_never_stopped_prove_nothing(
    valkey: Valkey,
) -> None:
    """They count once Immich has paused and resumed the metadata, as it does at its start."""
    async with valkey.client() as client:
        await client.xadd(METADATA, {"event": "resumed"})
        watch = RedisWatch(client, "immich_bull", 0, _beats)
        await watch.mark()
        for number in range(CHUNK + 1):
            await client.xadd(METADATA, {"event": "completed", "jobId": str(number)})
        assert await watch.look(1_000) == WorkersSeen(restarted=False)
        await client.xadd(METADATA, {"event": "paused"})
        for _ in range(2):
            seen = await watch.look(1_000)
            assert seen == WorkersSeen(frozenset({"faceDetection"}), restarted=True)
        await watch.mark()
        assert await watch.look(1_000) == WorkersSeen(restarted=False)


async def test_a_user_who_may_not_list_connections(valkey: Valkey) -> None:
    """The events are enough."""
    async with valkey.client() as admin:
        await admin.acl_setuser(
            "ha", enabled=True, passwords=["+pw"], keys=["immich_bull:*"],
            commands=["-@all", *(it for it in READ_RULES if it[0] == "+")],
        )  # fmt: skip
        async with valkey.client(username="ha", password="pw") as client:
            watch = RedisWatch(client, "immich_bull", 0, _beats)
            await watch.mark()
            assert await watch.look(1_000) == WorkersSeen(restarted=False)
            await admin.xadd(METADATA, {"event": "resumed"})
            assert (await watch.look(1_000)).restarted is True


async def test_redis_that_was_away_at_the_beginning(valkey: Valkey) -> None:
    """Then nobody can tell, and heartbeats count; those of before the restart do not."""
    async with valkey.client() as client:
        watch = RedisWatch(client, "immich_bull", 0, _beats)
        await valkey.stop()
        await watch.mark()
        seen = await watch.look(1_000)
        assert seen == WorkersSeen(frozenset({"faceDetection"}), restarted=None)


async def test_redis_that_goes_meanwhile(valkey: Valkey) -> None:
    """What it would have told is not known: no worker is back for that."""
    async with valkey.client() as client:
        watch = RedisWatch(client, "immich_bull", 0, _beats)
        await watch.mark()
        await valkey.stop()
        assert await watch.look(1_000) == WorkersSeen(restarted=False)
        await valkey.start()
        await client.xadd(METADATA, {"event": "paused"})
        assert (await watch.look(1_000)).restarted is True


async def test_by_the_api() -> None:
    """Gone and back; or there for so long that it must have been missed."""
    now = 0
    gone: ImmichError | None = None

    async def version() -> Version:
        if gone:
            raise gone
        return Version(3, 1, 0)

    watch = ApiWatch(version, lambda: ("ocr",), lambda: now)
    back = frozenset({"ocr"})
    for error, is_sign in (
        (CannotConnectError("Nobody answers"), True),
        (ServerError("502"), True),
        (NoReplyError("Too late"), False),
        (InvalidApiKeyError("Odd"), False),
        (None, False),
    ):
        now = 0
        await watch.mark()
        assert await watch.look(0) == WorkersSeen()
        gone = error
        assert await watch.look(0) == WorkersSeen()
        gone = None
        expected = WorkersSeen(back, restarted=True) if is_sign else WorkersSeen()
        assert await watch.look(0) == expected
        now = ApiWatch.UNSEEN + 1
        assert await watch.look(0) == WorkersSeen(back, True if is_sign else None)
