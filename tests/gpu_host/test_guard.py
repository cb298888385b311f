"""The guard reads on after the last event, whatever becomes of its connection."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.event_listener import (
    EventListener,
    StreamEnds,
)
from custom_components.immich_admin_tools.bullmq.models import JobEvent
from custom_components.immich_admin_tools.clock import monotonic_ms
from custom_components.immich_admin_tools.gpu_host.guard import DrainGuard
from tests.support.processes import until
from tests.support.valkey import Valkey, start_valkey

KEY = "immich_bull:ocr:events"


@dataclass
class Taken:
    """What was handed on."""

    start: str | None = None
    ids: list[str] = field(default_factory=list)
    losses: list[bool] = field(default_factory=list)

    def position(self, queue: str) -> str | None:
        """Return the last entry."""
        return self.ids[-1] if self.ids else self.start

    def observe(self, queue: str, events: Collection[JobEvent]) -> None:
        """Note jobs."""
        self.ids += [event.entry_id for event in events]

    def lost(self, queue: str, *, anew: bool) -> None:
        """Note it."""
        self.losses.append(anew)
        if anew:
            self.start = None
            self.ids.clear()


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return a server of its own."""
    async with start_valkey() as server:
        yield server


@asynccontextmanager
async def guarding(valkey: Valkey, taken: Taken) -> AsyncIterator[DrainGuard]:
    """Let a guard watch."""
    client = create_client(RedisSettings(valkey.url), None)
    guard = DrainGuard(EventListener(client, "immich_bull"), ["ocr"], monotonic_ms)
    task = asyncio.create_task(guard.run(taken))
    await asyncio.sleep(0)
    try:
        await guard.ready(["ocr"])
        yield guard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await client.aclose()


async def add(valkey: Valkey, count: int, entry_id: str = "*") -> list[str]:
    """Write entries; return their ids."""
    ids: list[str] = []
    async with valkey.client() as client:
        for _ in range(count):
            added = await client.xadd(
                KEY, {"event": "active", "jobId": "1"}, id=entry_id
            )
            assert isinstance(added, bytes)
            ids.append(added.decode())
    return ids


async def taken_all(taken: Taken, ids: list[str], timeout: float = 5) -> None:
    """Wait until these and no others were handed on."""

    async def all_there() -> bool:
        return len(taken.ids) >= len(ids)

    await until(all_there, timeout=timeout, what="all events came")
    assert taken.ids == ids


async def test_from_the_moment_it_is_ready(valkey: Valkey) -> None:
    """What was there before is left out, and nothing that comes then."""
    await add(valkey, 3)
    taken = Taken()
    async with guarding(valkey, taken) as guard:
        assert guard.watching
        await taken_all(taken, await add(valkey, 3))


async def test_a_queue_that_was_never_used(valkey: Valkey) -> None:
    """Its first events are seen."""
    taken = Taken()
    async with guarding(valkey, taken):
        await taken_all(taken, await add(valkey, 2))


async def test_it_goes_on_from_what_is_known(valkey: Valkey) -> None:
    """As after a restart of Home Assistant: what came meanwhile is read."""
    ids = await add(valkey, 1200)
    taken = Taken(start=ids[4])
    async with guarding(valkey, taken):
        await taken_all(taken, ids[5:])
    assert taken.losses == []


async def test_trimmed_events_are_told(valkey: Valkey) -> None:
    """It can't know how many."""
    ids = await add(valkey, 50)
    async with valkey.client() as client:
        await client.xtrim(KEY, maxlen=10, approximate=False)
    taken = Taken(start=ids[4])
    async with guarding(valkey, taken):
        await taken_all(taken, ids[-10:])
    assert taken.losses == [False]


async def test_a_killed_connection(valkey: Valkey) -> None:
    """What comes while it is gone is read afterwards."""
    taken = Taken()
    async with guarding(valkey, taken):
        ids = await add(valkey, 2)
        await taken_all(taken, ids)
        async with valkey.client() as client:
            await client.client_kill_filter(_type="normal", skipme=True)
        ids += await add(valkey, 2)
        await taken_all(taken, ids, timeout=2)


async def test_a_silent_connection_is_given_up(valkey: Valkey) -> None:
    """The server neither answers nor refuses; a queue that goes on doesn't wait long."""
    taken = Taken()
    async with guarding(valkey, taken) as guard:
        ids = await add(valkey, 1)
        await taken_all(taken, ids)
        valkey.freeze()
        try:
            await asyncio.sleep(1.8)
            assert not guard.watching
            async with asyncio.timeout(4):
                await guard.ready(["ocr"])
        finally:
            valkey.thaw()
        async with asyncio.timeout(8):
            await guard.ready(["ocr"])
        ids += await add(valkey, 2)
        await taken_all(taken, ids)
        assert guard.watching


async def test_redis_is_started_anew_and_empty(valkey: Valkey) -> None:
    """Even where its clock is behind, its events are read from the first on."""
    taken = Taken()
    async with guarding(valkey, taken) as guard:
        await add(valkey, 1, "99999999999999-0")
        await taken_all(taken, ["99999999999999-0"])
        await valkey.stop()
        await valkey.start()
        ids = await add(valkey, 2)
        async with asyncio.timeout(5):
            await guard.ready(["ocr"])
        await taken_all(taken, ids)
    assert taken.losses == [True]


async def test_a_queue_of_nobody_waits_for_nothing() -> None:
    """Only those of a host are watched."""

    class Silent:
        async def ends(self, queues: Collection[str]) -> Mapping[str, StreamEnds]:
            await asyncio.Event().wait()
            raise AssertionError

        async def next(
            self, positions: Mapping[str, str]
        ) -> Mapping[str, list[JobEvent]]:
            raise AssertionError

    guard = DrainGuard(Silent(), ["ocr"], monotonic_ms)
    # Nobody watches yet.
    async with asyncio.timeout(0.1):
        await guard.ready(["ocr"])
    task = asyncio.create_task(guard.run(Taken()))
    await asyncio.sleep(0)
    async with asyncio.timeout(0.1):
        await guard.ready(["library"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await guard.ready(["ocr"])
    task.cancel()


async def test_all_that_happened_until_now(valkey: Valkey) -> None:
    """It waits for what is still to be read; without a connection nobody knows."""
    taken = Taken()
    async with guarding(valkey, taken) as guard, valkey.client() as client:
        for _ in range(50):
            await client.xadd(KEY, {"event": "paused"})
        assert await guard.seen_all(["ocr"])
        assert len(taken.ids) == 50
    client = create_client(RedisSettings(valkey.url), None)
    idle = DrainGuard(EventListener(client, "immich_bull"), ["ocr"], monotonic_ms)
    assert not await idle.seen_all(["ocr"])
    await client.aclose()
