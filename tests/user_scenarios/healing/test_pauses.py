"""Pauses of a while, while other things happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import time
from typing import Literal

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.conftest import entity_id, entry_for, poll, set_up
from tests.integration.healing.helpers import call, listen, refused, types
from tests.integration.restart.helpers import paused
from tests.support.processes import free_port, release_port, until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey


@pytest.mark.parametrize("mode", ["500", "garbage", "hang", "down"])
async def test_the_api_is_in_trouble_when_the_while_is_over(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    mode: Literal["500", "garbage", "hang", "down"],
) -> None:
    """The queue goes on as soon as Immich can be told."""
    await call(hass, "pause", queue="library", **{"for": {"seconds": 2}})
    assert await paused(simulator) == {"library"}
    await simulator.api(mode)
    for _ in range(3):
        await asyncio.sleep(1.5)
        await poll(hass, entry)
    switch = hass.states.get(entity_id(hass, entry, "switch.library.processing"))
    assert switch is not None
    # Nobody paused it by hand.
    assert switch.attributes["paused_by"] == "immich_admin_tools"
    assert switch.attributes["paused_until"] is None
    await simulator.api("normal")

    async def goes_on() -> bool:
        await poll(hass, entry)
        return not await paused(simulator)

    await until(goes_on, timeout=30, what="the queue goes on", interval=0.5)
    assert not entry.runtime_data.leases.book.pauses


@pytest.mark.parametrize("mode", ["500", "garbage", "hang"])
async def test_a_pause_that_fails_leaves_nothing_behind(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    mode: Literal["500", "garbage", "hang"],
) -> None:
    """The user is told that it failed: then it is not paused later either."""
    await simulator.api(mode)
    assert await refused(hass, "pause", queue="library", **{"for": {"minutes": 5}})
    await simulator.api("normal")
    for _ in range(4):
        await poll(hass, entry)
        await asyncio.sleep(0.5)
    assert await paused(simulator) == set()
    assert not entry.runtime_data.leases.book.pauses


@asynccontextmanager
async def _immich(
    port: int, redis_url: str, version: Literal["3.1.0", "2.7.5"]
) -> AsyncIterator[Simulator]:
    """Run an Immich of some version, with its release of BullMQ, at an address."""
    async with Simulator(
        redis_url,
        bullmq="6" if version == "3.1.0" else "5.51",
        immich=version,
        assets=20,
        time_scale=0.1,
        options=("--port", str(port)),
    ) as immich:
        yield immich


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Return the port that Immich keeps over an update."""
    found = free_port()
    yield found
    release_port(found)


@pytest.fixture
async def redis_url(valkey: Valkey) -> AsyncIterator[str]:
    """Return the address of an empty database for Immich instances of the test's own."""
    async with valkey.client(db=2) as client:
        await client.flushdb()
        yield valkey.url.removesuffix("/0") + "/2"
        await client.flushdb()


async def _look(hass: HomeAssistant, entry: MockConfigEntry, times: int = 4) -> None:
    """Look at server and queues some times."""
    for _ in range(times):
        await entry.runtime_data.server.async_refresh()
        await poll(hass, entry)
        await asyncio.sleep(0.5)


async def test_immich_is_updated_during_a_pause(
    hass: HomeAssistant, port: int, redis_url: str
) -> None:
    """With a new major release of BullMQ: what waits is kept and done, new queues come."""
    async with _immich(port, redis_url, "2.7.5") as old:
        entry = entry_for(old, redis_url)
        await set_up(hass, entry)
        assert "integrityCheck" not in entry.runtime_data.server.data.queues
        await call(hass, "pause", queue="library", **{"for": {"minutes": 30}})
        await call(hass, "pause", queue="sidecar")
        for queue in ("library", "sidecar"):
            await old.add_jobs(queue, 30)
    await poll(hass, entry)
    async with _immich(port, redis_url, "3.1.0") as new:
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_API_KEY: new.api_key}
        )
        await hass.async_block_till_done()
        await _look(hass, entry)
        views = entry.runtime_data.queues.data.queues
        assert "integrityCheck" in views
        for queue in ("library", "sidecar"):
            view = views[queue]
            assert (view.waiting, view.is_paused, view.writable) == (30, True, True)
        await new.speed(10)
        for queue in ("library", "sidecar"):
            await call(hass, "resume", queue=queue)
            await new.until_truth(queue, finished=30)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_immich_is_rolled_back_for_a_while(
    hass: HomeAssistant, port: int, redis_url: str
) -> None:
    """A queue is away when its pause ends; when it is back, it goes on as promised."""
    queue = "integrityCheck"
    async with _immich(port, redis_url, "3.1.0") as new:
        entry = entry_for(new, redis_url)
        await set_up(hass, entry)
        await call(hass, "pause", queue=queue, **{"for": {"seconds": 10}})
        ends = time.monotonic() + 10
        assert await paused(new) == {queue}
    async with _immich(port, redis_url, "2.7.5") as old:
        await _use_key_of(hass, entry, old)
        await asyncio.sleep(max(0, ends - time.monotonic()))
        await _look(hass, entry)
    async with _immich(port, redis_url, "3.1.0") as new:
        await _use_key_of(hass, entry, new)

        async def goes_on() -> bool:
            await _look(hass, entry, times=1)
            return not await paused(new)

        await until(goes_on, timeout=30, what="the queue goes on", interval=0.5)
        await hass.config_entries.async_unload(entry.entry_id)


async def _use_key_of(
    hass: HomeAssistant, entry: MockConfigEntry, immich: Simulator
) -> None:
    """Go on with the Immich that has taken the address over."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_API_KEY: immich.api_key}
    )
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED, entry.reason


async def test_immich_pauses_the_metadata_while_it_starts(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The user updated Immich and paused nothing: so Activity doesn't say so."""
    told = listen(hass)
    await simulator.control("pause", queue="metadataExtraction")
    await poll(hass, entry)
    assert types(told) == ["queue_paused"]
    assert (told[0]["reason"], told[0].get("by")) == ("not_by_us", None)
    await simulator.control("resume", queue="metadataExtraction")
    await poll(hass, entry)
    await call(hass, "pause", queue="metadataExtraction")
    await poll(hass, entry)
    assert types(told)[1:] == ["queue_resumed", "queue_paused"]
    assert (told[2]["reason"], told[2]["by"]) == ("by_hand", "user")
    await call(hass, "resume", queue="metadataExtraction")
