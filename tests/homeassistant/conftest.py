"""An entry with an Immich and a Redis in memory."""

from collections.abc import AsyncIterator

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import immich_admin_tools
from custom_components.immich_admin_tools import clock
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_URL,
    CONF_VERIFY_SSL,
    DOMAIN,
    MAX_POLL_INTERVAL,
)
from custom_components.immich_admin_tools.pauses import manager as pauses
from tests.analysis.builders import NOW

from .fakes import FakeClock, FakeImmich, FakeRedis

API_KEY = "a-key-that-nobody-may-see"
PASSWORD = "a-password-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load this integration."""


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Return the clock of the integration, which stands still."""
    found = FakeClock(NOW)
    monkeypatch.setattr(clock, "time", found.time)
    monkeypatch.setattr(clock, "monotonic", found.monotonic)
    return found


@pytest.fixture
def immich(monkeypatch: pytest.MonkeyPatch) -> FakeImmich:
    """Return what answers all requests over HTTP."""
    found = FakeImmich()

    def client(*_: object, **__: object) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(found))

    monkeypatch.setattr(
        "homeassistant.helpers.httpx_client.create_async_httpx_client", client
    )
    monkeypatch.setattr(immich_admin_tools, "fresh_http", lambda _: client)
    return found


@pytest.fixture
def redis(
    monkeypatch: pytest.MonkeyPatch, immich: FakeImmich, fake_clock: FakeClock
) -> FakeRedis:
    """Return what answers all polls."""
    found = FakeRedis(immich, fake_clock.at)
    monkeypatch.setattr(QueueReader, "read", lambda _, queues: found.read(queues))

    async def no_connections(_: object) -> tuple[()]:
        return ()

    monkeypatch.setattr(pauses, "connected_workers", no_connections)
    return found


HOST_ID = "01J0000000000000000000HOST"

GPU_HOST = ConfigSubentryDataWithId(
    subentry_id=HOST_ID,
    subentry_type="gpu_host",
    title="Box",
    unique_id=None,
    data={
        "name": "Box",
        "ml_url": "http://box.example:3003",
        "mac": "3c:52:82:1a:2b:3c",
        "off_action": [{"action": "test.box_off"}],
        "automatic": False,
        "pause_offline": False,
    },
)


@pytest.fixture
def subentries() -> tuple[ConfigSubentryDataWithId, ...]:
    """Return the GPU hosts of the entry: none, where a test does not say otherwise."""
    return ()


@pytest.fixture
def config_entry(
    subentries: tuple[ConfigSubentryDataWithId, ...],
) -> MockConfigEntry:
    """Return an entry with Redis that is not set up."""
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id="01J000000000000000000ENTRY",
        title="Immich",
        unique_id="47d042e1-a342-4d96-ac9c-6ce34db8c487",
        data={
            CONF_URL: "http://immich.example:2283",
            CONF_API_KEY: API_KEY,
            CONF_VERIFY_SSL: True,
            CONF_REDIS_URL: "redis://redis.example:6379",
            CONF_REDIS_PASSWORD: PASSWORD,
        },
        # A test polls when it wants to, not in between.
        options={CONF_POLL_INTERVAL: MAX_POLL_INTERVAL},
        subentries_data=subentries,
    )


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    immich: FakeImmich,
    redis: FakeRedis,
    config_entry: MockConfigEntry,
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry."""
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.LOADED
    yield config_entry
    if hass.config_entries.async_get_entry(config_entry.entry_id) is not None:
        await hass.config_entries.async_unload(config_entry.entry_id)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up and wait until all its entities are there."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def poll(
    hass: HomeAssistant, entry: MockConfigEntry, clock: FakeClock, redis: FakeRedis
) -> None:
    """Look at the queues a minute later: until then some values are held back."""
    clock.at += 60_000
    redis.now = clock.at
    await entry.runtime_data.queues.async_refresh()
    await hass.async_block_till_done()
