"""A server that goes away: what is lost is said, the rest goes on, and it comes back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_REDIS_PASSWORD,
    CONF_REDIS_USERNAME,
    DOMAIN,
    POLLS_BEFORE_REMOVAL,
)
from tests.support.processes import until
from tests.support.simulator import ApiMode, Simulator
from tests.support.valkey import Valkey, start_valkey

from .conftest import Servers, enable_all, entry_for, poll, set_up, state_of


async def _until_redis(
    hass: HomeAssistant, entry: MockConfigEntry, connected: bool
) -> None:
    """Poll until Redis is seen as it is."""

    async def seen() -> bool:
        # The source waits between two tries; a test does not.
        entry.runtime_data.queues.redis._next_try = 0.0
        await poll(hass, entry)
        return bool(entry.runtime_data.queues.redis.connected is connected)

    await until(seen, timeout=30, what=f"connected is {connected}", interval=0.2)


@pytest.fixture
async def own_servers(
    servers: Servers,
) -> AsyncIterator[tuple[Simulator, Valkey]]:
    """Return servers that this test may break."""
    stack = AsyncExitStack()

    async def start() -> tuple[Simulator, Valkey]:
        valkey = await stack.enter_async_context(start_valkey())
        simulator = Simulator(valkey.url, assets=50, time_scale=0.1)
        await stack.enter_async_context(simulator)
        return simulator, valkey

    proxy = servers.elsewhere.proxy
    simulator, valkey = servers.elsewhere.run(start())
    yield proxy(simulator), proxy(valkey)
    servers.elsewhere.run(stack.aclose())


async def test_redis_out_of_reach_and_back(
    hass: HomeAssistant,
    simulator: Simulator,
    servers: Servers,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only Home Assistant has lost it: the API goes on, what needs Redis waits."""
    front_stack = AsyncExitStack()
    front = servers.elsewhere.run(front_stack.enter_async_context(start_valkey()))
    # A second server with the same keys stands for Immich's own.
    async with servers.valkey.client() as source, front.client() as target:
        for key in await source.keys("immich_bull:*"):
            await target.restore(key, 0, await source.dump(key) or b"")
    entry = entry_for(simulator, front.url)
    await set_up(hass, entry)
    await enable_all(hass, entry)
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_ON

    front_proxy = servers.elsewhere.proxy(front)
    await front_proxy.stop()
    caplog.clear()
    await _until_redis(hass, entry, connected=False)
    await poll(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_OFF
    assert state_of(hass, entry, "sensor.redis_latency") == STATE_UNAVAILABLE
    assert state_of(hass, entry, "binary_sensor.ocr.worker") == STATE_UNAVAILABLE
    assert state_of(hass, entry, "sensor.ocr.average_duration") == STATE_UNAVAILABLE
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
    assert state_of(hass, entry, "switch.ocr.processing") == STATE_ON
    assert caplog.text.count("Connection to Redis lost") == 1

    await front_proxy.start()
    async with servers.valkey.client() as source, front.client() as target:
        for key in await source.keys("immich_bull:*"):
            await target.restore(key, 0, await source.dump(key) or b"")
    await _until_redis(hass, entry, connected=True)
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_ON
    assert state_of(hass, entry, "sensor.redis_latency") != STATE_UNAVAILABLE
    assert caplog.text.count("Connection to Redis restored") == 1
    await hass.config_entries.async_unload(entry.entry_id)
    servers.elsewhere.run(front_stack.aclose())


async def test_immich_has_lost_its_redis(
    hass: HomeAssistant, own_servers: tuple[Simulator, Valkey]
) -> None:
    """Immich then answers nothing about its queues; nothing hangs for ever."""
    simulator, valkey = own_servers
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    entry.runtime_data.client._requests._timeout = 1
    await valkey.stop()
    await poll(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, entry, "sensor.ocr.waiting") == STATE_UNAVAILABLE
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_OFF
    await valkey.start()
    await _until_redis(hass, entry, connected=True)
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("mode", ["500", "garbage", "down"])
async def test_immich_down_while_redis_answers(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, mode: ApiMode
) -> None:
    """The queues are still seen, and it is said that Immich does not answer."""
    await simulator.api(mode)
    await entry.runtime_data.server.async_refresh()
    await poll(hass, entry)
    assert state_of(hass, entry, "binary_sensor.api") == STATE_OFF
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
    await simulator.api("normal")
    await entry.runtime_data.server.async_refresh()
    await hass.async_block_till_done()
    assert state_of(hass, entry, "binary_sensor.api") == STATE_ON


@pytest.mark.parametrize("mode", ["500", "garbage", "down"])
async def test_immich_down_without_redis(
    hass: HomeAssistant,
    simulator: Simulator,
    api_only_entry: MockConfigEntry,
    mode: ApiMode,
) -> None:
    """Nothing is known then: unavailable, not zero."""
    await simulator.api(mode)
    await poll(hass, api_only_entry)
    assert state_of(hass, api_only_entry, "sensor.ocr.waiting") == STATE_UNAVAILABLE
    await simulator.api("normal")
    await poll(hass, api_only_entry)
    assert state_of(hass, api_only_entry, "sensor.ocr.waiting") == "0"


@pytest.mark.parametrize("mode", ["500", "garbage", "down"])
async def test_immich_down_at_the_start(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, mode: ApiMode
) -> None:
    """Home Assistant tries again by itself, and says why."""
    await simulator.api(mode)
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key in (
        "immich_server_error",
        "immich_unexpected_reply",
        "immich_cannot_connect",
    )


async def test_redis_down_at_the_start(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """The entry loads with the API, and takes Redis when it is there."""
    entry = entry_for(simulator, "redis://127.0.0.1:1")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, entry, "binary_sensor.redis") == STATE_OFF
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_login_to_redis_is_refused(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """An issue says so; the API goes on."""
    entry = entry_for(
        simulator,
        valkey.url,
        **{CONF_REDIS_USERNAME: "nobody", CONF_REDIS_PASSWORD: "secret"},
    )
    hass.config.language = "de"
    await set_up(hass, entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"redis_login_{entry.entry_id}")
    assert issue is not None
    assert "secret" not in str(issue)
    why = (issue.translation_placeholders or {})["error"]
    assert why == "Redis akzeptiert diesen Benutzernamen und dieses Passwort nicht."
    assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
    await hass.config_entries.async_remove(entry.entry_id)
    assert not ir.async_get(hass).async_get_issue(
        DOMAIN, f"redis_login_{entry.entry_id}"
    )


async def test_key_deleted_while_running(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The user is asked for a new one; Redis still shows the queues."""
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    entry.runtime_data.client._requests._api_key = "deleted"
    await entry.runtime_data.server.async_refresh()
    await hass.async_block_till_done()
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == [
        "reauth_confirm"
    ]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_queue_appears_and_goes(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A new queue gets its device at once; a lost one keeps it for a while."""
    server = entry.runtime_data.server
    registry = dr.async_get(hass)
    device_id = entry.runtime_data.server_device_id
    real = await server.client.queues()

    def devices() -> set[str]:
        return {
            str(device.name)
            for device in dr.async_entries_for_parent_device(registry, device_id)
        }

    async def look(*names: str) -> None:
        counts = [queue for queue in real if queue.queue in names]
        counts += [
            replace(real[0], queue=name)
            for name in names
            if name not in {queue.queue for queue in real}
        ]
        with patch.object(server.client, "queues", return_value=tuple(counts)):
            await server.async_refresh()
        await poll(hass, entry)

    names = [queue.queue for queue in real]
    await look(*names, "faceClustering2")
    assert "Face clustering2" in devices()
    assert state_of(hass, entry, "sensor.faceClustering2.waiting") == "0"
    for _ in range(POLLS_BEFORE_REMOVAL - 1):
        await look(*names)
    assert "Face clustering2" in devices()
    await look(*names)
    assert "Face clustering2" not in devices()
    assert len(devices()) == len(names)
    await look(*names, "faceClustering2")
    assert state_of(hass, entry, "sensor.faceClustering2.waiting") == "0"
