"""Who answers is told as soon as it is known, and polling never ends for good."""

import asyncio
from collections import Counter
import logging

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_API_KEY, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import coordinator
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.errors import (
    ImmichError,
    InvalidApiKeyError,
    NoReplyError,
)
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, poll, set_up, state_of
from .test_outages import own_servers

__all__ = ["own_servers"]


@pytest.fixture(autouse=True)
def _confirmed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refused key be tried again at once."""
    monkeypatch.setattr(coordinator, "REFUSAL_CONFIRMED_AFTER", 0.05)


def _reauth_flows(hass: HomeAssistant, entry: MockConfigEntry) -> int:
    return len(list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))


async def _until_state(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, state: str
) -> None:
    """Wait for what happens beside a poll."""

    async def seen() -> bool:
        return state_of(hass, entry, name) == state

    await until(seen, timeout=20, what=f"{name} is {state}")


def _set_key(entry: MockConfigEntry, key: str) -> None:
    """Let Immich be asked with this key from now on."""
    entry.runtime_data.client._requests._api_key = key


async def test_revoked_key_is_noticed_by_the_next_poll(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Though Redis still answers it; when the key works again, all goes on."""
    _set_key(entry, "revoked")
    await poll(hass, entry)

    async def asked() -> bool:
        return _reauth_flows(hass, entry) == 1

    await until(asked, timeout=20, what="a new key is asked for")
    assert state_of(hass, entry, "binary_sensor.api") == STATE_OFF
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
    server = entry.runtime_data.server
    assert server._unsub_refresh is not None, "polling goes on"

    _set_key(entry, simulator.api_key)
    await server.async_refresh()
    await hass.async_block_till_done()
    assert state_of(hass, entry, "binary_sensor.api") == STATE_ON
    assert _reauth_flows(hass, entry) == 0, "nothing is asked for any more"


async def test_one_refusal_of_the_key_ends_nothing(
    hass: HomeAssistant,
    api_only_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that was just starting: both looks go on, nobody is asked for a key."""
    runtime = api_only_entry.runtime_data
    real = runtime.client.queues
    refusals = [InvalidApiKeyError("x"), InvalidApiKeyError("x")]

    async def queues(timeout: float | None = None) -> object:
        if refusals:
            raise refusals.pop()
        return await real(timeout)

    monkeypatch.setattr(runtime.client, "queues", queues)
    await poll(hass, api_only_entry)
    assert state_of(hass, api_only_entry, "sensor.ocr.waiting") == STATE_UNAVAILABLE
    await runtime.server.async_refresh()
    for look in (runtime.queues, runtime.server):
        assert look._unsub_refresh is not None, "polling goes on"
    assert _reauth_flows(hass, api_only_entry) == 0
    await poll(hass, api_only_entry)
    assert state_of(hass, api_only_entry, "sensor.ocr.waiting") == "0"


async def test_same_key_entered_again(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It may have been made valid again meanwhile: everything is tried anew."""
    before = entry.runtime_data
    result = await entry.start_reauth_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_API_KEY: simulator.api_key}
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"


async def test_wrong_key_at_the_start(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """Refused twice: the user is asked."""
    entry = entry_for(simulator, valkey.url, **{CONF_API_KEY: "wrong"})
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert _reauth_flows(hass, entry) == 1


async def test_silent_api_is_noticed_by_the_next_poll(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its state follows at once, while the slow look still waits for its answer."""
    monkeypatch.setattr(coordinator, "PULSE_TIMEOUT", 0.3)
    await simulator.api("hang")
    await poll(hass, entry)
    await _until_state(hass, entry, "binary_sensor.api", STATE_OFF)
    assert entry.runtime_data.server.last_update_success, "not even asked yet"
    await simulator.api("normal")
    monkeypatch.setattr(coordinator, "PULSE_TIMEOUT", 5)

    async def answers() -> bool:
        # A poll asks for no sign of life while the one before is still waited for.
        await poll(hass, entry)
        return state_of(hass, entry, "binary_sensor.api") == STATE_ON

    await until(answers, timeout=20, what="the API is on", interval=0.2)


async def test_api_follows_any_call_that_fails(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Not only those of a poll."""
    await simulator.api("500")
    with pytest.raises(ImmichError):
        await entry.runtime_data.client.pause("ocr")
    assert state_of(hass, entry, "binary_sensor.api") == STATE_OFF
    await simulator.api("normal")
    await entry.runtime_data.client.queues()
    assert state_of(hass, entry, "binary_sensor.api") == STATE_ON


async def test_lost_redis_is_told_before_the_api_is_waited_for(
    hass: HomeAssistant,
    own_servers: tuple[Simulator, Valkey],  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Immich has lost it too, and never answers."""
    simulator, valkey = own_servers
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    waiting = asyncio.Event()
    timeouts: list[float | None] = []

    async def never(timeout: float | None = None) -> None:
        timeouts.append(timeout)
        await waiting.wait()
        raise NoReplyError("not in time")

    monkeypatch.setattr(entry.runtime_data.client, "queues", never)
    await valkey.stop()
    polling = hass.async_create_task(entry.runtime_data.queues.async_refresh())
    await _until_state(hass, entry, "binary_sensor.redis", STATE_OFF)
    assert not polling.done()
    assert timeouts == [coordinator.FALLBACK_TIMEOUT]
    waiting.set()
    await polling
    assert state_of(hass, entry, "sensor.ocr.waiting") == STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)
    await valkey.start()


async def test_an_outage_is_logged_at_its_begin_and_its_end(
    hass: HomeAssistant,
    own_servers: tuple[Simulator, Valkey],  # the fixture
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often it is asked in vain in between."""
    simulator, valkey = own_servers
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    caplog.clear()
    await simulator.api("down")
    await valkey.stop()
    runtime = entry.runtime_data
    for _ in range(6):
        runtime.queues.redis._next_try = 0.0
        await poll(hass, entry)
        await runtime.server.async_refresh()
    logged = Counter(
        (record.name, record.getMessage())
        for record in caplog.records
        if record.levelno >= logging.WARNING
    )
    assert logged
    assert set(logged.values()) == {1}, logged
    assert len(logged) <= 4, logged
    await hass.config_entries.async_unload(entry.entry_id)
    await valkey.start()
    await simulator.api("normal")


async def test_redis_that_was_emptied_under_immich(
    hass: HomeAssistant,
    own_servers: tuple[Simulator, Valkey],  # the fixture
) -> None:
    """The advice is one restart of Immich, not an update; it ends by itself."""
    simulator, valkey = own_servers
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    registry = ir.async_get(hass)
    missing = f"version_missing_{entry.entry_id}"
    unknown = f"unknown_layout_{entry.entry_id}"
    async with valkey.client() as client:
        await client.flushdb()
        await poll(hass, entry)
        issue = registry.async_get_issue(DOMAIN, missing)
        assert issue is not None
        named = (issue.translation_placeholders or {})["queues"]
        assert "Text recognition (OCR)" in named
        assert "faceDetection" not in named
        assert registry.async_get_issue(DOMAIN, unknown) is None

        # A lost Redis says nothing about it.
        redis = entry.runtime_data.queues.redis
        await valkey.stop()
        await poll(hass, entry)
        assert registry.async_get_issue(DOMAIN, missing) is not None
        await valkey.start()

        # What Immich writes when it starts.
        for queue in entry.runtime_data.server.data.queues:
            key = f"immich_bull:{queue}:meta"
            await client.hset(key, "version", "bullmq:5.80.5")
        redis._next_try = 0.0
        await poll(hass, entry)
        assert redis.connected
        assert registry.async_get_issue(DOMAIN, missing) is None
    await hass.config_entries.async_unload(entry.entry_id)
