"""An entry from its set-up to its end, and what it does when a server is away."""

import json
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.immich_admin_tools.bullmq.errors import RedisCannotConnectError
from custom_components.immich_admin_tools.const import CONF_REDIS_URL, DOMAIN
from custom_components.immich_admin_tools.restart.maintenance import MaintenanceGuard
from tests.analysis.builders import queue
from tests.immich.recordings import recording

from .conftest import API_KEY, GPU_HOST, PASSWORD, poll, set_up
from .fakes import VERSION, FakeClock, FakeImmich, FakeRedis


def state(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the state of an entity, such as `sensor ocr_state`."""
    domain, key = name.split()
    found = er.async_get(hass).async_get_entity_id(
        domain, DOMAIN, f"{entry.unique_id}_{key}"
    )
    assert found is not None, name
    shown = hass.states.get(found)
    assert shown is not None, found
    return shown.state


async def test_set_up_and_unloaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Its entities say that nobody looks any more."""
    assert state(hass, entry, "sensor ocr_state") == "idle"
    await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert state(hass, entry, "sensor ocr_state") == STATE_UNAVAILABLE


@pytest.mark.usefixtures("redis")
async def test_immich_is_away_at_the_start(
    hass: HomeAssistant, immich: FakeImmich, config_entry: MockConfigEntry
) -> None:
    """It is tried again."""
    immich.down = True
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.SETUP_RETRY
    assert config_entry.reason == (
        "Cannot connect to Immich. Check the URL and the port, and make sure that "
        "Home Assistant can reach Immich"
    )
    immich.down = False
    await hass.config_entries.async_reload(config_entry.entry_id)
    assert state(hass, config_entry, "sensor ocr_state") == "idle"
    await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.usefixtures("redis")
async def test_maintenance_ends_whatever_else_is_wrong(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """A box that can't be read keeps the entry from being set up, but not Immich locked."""
    config_entry.add_to_hass(hass)
    data = {**GPU_HOST["data"], "rerun_missing": "later"}
    sub = ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type="gpu_host",
        title="Box",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(config_entry, sub)
    with patch.object(MaintenanceGuard, "look_after") as look_after:
        await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.SETUP_ERROR
    look_after.assert_awaited_once()


@pytest.mark.usefixtures("redis")
async def test_the_key_is_refused(
    hass: HomeAssistant,
    immich: FakeImmich,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice, and the user is asked for another one."""
    monkeypatch.setattr(
        "custom_components.immich_admin_tools.coordinator.REFUSAL_CONFIRMED_AFTER", 0
    )
    refused = recording(VERSION, "err-badkey")
    for path in ("/api/users/me", "/api/api-keys/me", "/api/queues"):
        immich.replies["GET", path] = httpx.Response(
            refused.status, json=refused.response
        )
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_redis_is_lost(
    hass: HomeAssistant,
    redis: FakeRedis,
    immich: FakeImmich,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """The API stands in for it, and what only Redis tells is not made up."""
    redis.set(queue("ocr", wait=5))
    await poll(hass, entry, fake_clock, redis)
    assert state(hass, entry, "sensor ocr_waiting") == "5"
    immich.waiting["ocr"] = 4
    redis.error = RedisCannotConnectError("Gone")
    await poll(hass, entry, fake_clock, redis)
    assert state(hass, entry, "sensor ocr_waiting") == "4"
    assert state(hass, entry, "binary_sensor redis") == STATE_OFF
    assert state(hass, entry, "sensor ocr_processed") == STATE_UNAVAILABLE
    redis.error = None
    await poll(hass, entry, fake_clock, redis)
    assert state(hass, entry, "sensor ocr_waiting") == "5"
    assert state(hass, entry, "binary_sensor redis") == STATE_ON


async def test_both_are_lost(
    hass: HomeAssistant,
    redis: FakeRedis,
    immich: FakeImmich,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Nothing is known, which is not zero."""
    redis.error = RedisCannotConnectError("Gone")
    immich.down = True
    await poll(hass, entry, fake_clock, redis)
    for name in ("sensor ocr_waiting", "sensor waiting", "switch ocr_processing"):
        assert state(hass, entry, name) == STATE_UNAVAILABLE


@pytest.mark.usefixtures("redis")
async def test_without_redis(
    hass: HomeAssistant, immich: FakeImmich, config_entry: MockConfigEntry
) -> None:
    """What needs it is not there."""
    immich.waiting["ocr"] = 3
    without = MockConfigEntry(
        domain=DOMAIN,
        title="Immich",
        unique_id=config_entry.unique_id,
        data={k: v for k, v in config_entry.data.items() if k != CONF_REDIS_URL},
        options=config_entry.options,
    )
    await set_up(hass, without)
    assert state(hass, without, "sensor ocr_waiting") == "3"
    assert not er.async_get(hass).async_get_entity_id(
        "binary_sensor", DOMAIN, f"{without.unique_id}_redis"
    )
    await hass.config_entries.async_unload(without.entry_id)


async def test_diagnostics(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> None:
    """How all stands, and no secret."""
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["immich"]["version"] == VERSION
    assert found["redis"]["answers"] is True
    assert found["queues"]["ocr"]["state"] == "idle"
    text = json.dumps(found)
    for secret in (API_KEY, PASSWORD, "immich.example", "redis.example"):
        assert secret not in text
