"""Real servers for the tests, reset before each, and entries that use them."""

from collections.abc import AsyncIterator
import time
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import clock
from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_REDIS_URL,
    CONF_VERIFY_SSL,
    DOMAIN,
    MAX_POLL_INTERVAL,
)
from tests.support.servers import Servers as Servers  # noqa: PLC0414 (for the tests)
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey


@pytest.fixture(autouse=True)
def _real_network(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Let this folder's tests reach 127.0.0.1, and load this integration."""


@pytest.fixture
async def simulator(servers: Servers) -> Simulator:
    """Return the simulator as it is after a fresh start."""
    await servers.simulator.api("normal")
    await servers.simulator.postgres(up=True)
    await servers.simulator.machine_learning("on")
    await servers.simulator.speed(200)
    await servers.simulator.control("reset")
    if (await servers.simulator.truth()).worker_pid is None:
        # A test has ended it for good.
        await servers.simulator.start_worker()
    return servers.simulator


@pytest.fixture
def valkey(servers: Servers) -> Valkey:
    """Return the Valkey of the simulator."""
    return servers.valkey


def entry_for(
    simulator: Simulator,
    redis_url: str | None,
    unique_id: str | None = None,
    **data: object,
) -> MockConfigEntry:
    """Return an entry for a simulator; without an address of Redis, API-only."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Immich",
        unique_id=unique_id or simulator.user_id,
        data={
            CONF_URL: simulator.url,
            CONF_API_KEY: simulator.api_key,
            CONF_VERIFY_SSL: True,
            **({CONF_REDIS_URL: redis_url} if redis_url else {}),
            **data,
        },
        # A test looks when it wants to, not in between.
        options={CONF_POLL_INTERVAL: MAX_POLL_INTERVAL},
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up and wait until all its entities are there."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Look at the queues once more."""
    await entry.runtime_data.queues.async_refresh()
    await hass.async_block_till_done()


@pytest.fixture
async def entry(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry with Redis."""
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def api_only_entry(
    hass: HomeAssistant, simulator: Simulator
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry without Redis."""
    entry = entry_for(simulator, None)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        await hass.config_entries.async_unload(entry.entry_id)


def entity_id(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the id of an entity: `sensor.waiting`, or `sensor.ocr.waiting` of a queue.

    Ids differ between releases of Home Assistant, unique ids do not.
    """
    domain, _, key = name.partition(".")
    unique_id = f"{entry.unique_id}_{key.replace('.', '_', 1)}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
    assert found is not None, unique_id
    return found


def state_of(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the state of an entity, named as for `entity_id`."""
    state = hass.states.get(entity_id(hass, entry, name))
    assert state is not None, name
    return state.state


async def enable_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Switch on the entities that are off by default, and load them."""
    registry = er.async_get(hass)
    # Home Assistant would reload the entry once more half a minute later, in the middle of a long test.
    with patch("homeassistant.config_entries.RELOAD_AFTER_UPDATE_DELAY", 3600):
        for registered in er.async_entries_for_config_entry(registry, entry.entry_id):
            if registered.disabled_by is not None:
                registry.async_update_entity(registered.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


class Clocks:
    """What the one door tells instead of the true time."""

    def __init__(self) -> None:
        """Begin with the truth."""
        self.wall = 0.0
        self.passed = 0.0


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Return hands to set the clocks by: seconds ahead of the truth."""
    found = Clocks()
    true_time, true_monotonic = time.time, time.monotonic
    monkeypatch.setattr(clock, "time", lambda: true_time() + found.wall + found.passed)
    monkeypatch.setattr(clock, "monotonic", lambda: true_monotonic() + found.passed)
    return found
