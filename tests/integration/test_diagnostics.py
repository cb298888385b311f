"""What a user sends when asking for help: enough to help, and nothing that is secret."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.immich_admin_tools.const import DOMAIN
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import poll


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    valkey: Valkey,
    entry: MockConfigEntry,
) -> None:
    """Queues, versions and rights; no key, no address, no photo, no lock."""
    await simulator.hang("ocr")
    await simulator.add_jobs("ocr")
    await simulator.until_truth("ocr", hung_now=1)
    hass.config_entries.async_update_entry(
        entry,
        options={
            **entry.options,
            "restart_action": {"ways": ["actions"], "actions": [{"event": "hush"}]},
        },
    )
    await hass.services.async_call(
        DOMAIN, "pause", {"queue": "ocr", "for": 60}, blocking=True
    )
    await poll(hass, entry)
    (job,) = entry.runtime_data.queues.data.queues["ocr"].jobs
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(found)
    for secret in (
        simulator.api_key,
        simulator.url,
        valkey.url,
        str(valkey.port),
        str(job.lock_token),
        job.asset_ids[0],
        "hush",
    ):
        assert secret not in text
    assert found["immich"]["version"] == "3.1.0"
    assert found["immich"]["answers"] is True
    assert found["redis"]["answers"] is True
    assert found["pauses"]["pauses"]["ocr"]["leases"][0]["kind"] == "user"
    assert found["restarts"] == []
    assert found["source"] == "redis"
    assert found["queues"]["ocr"]["active"] == 1
    assert found["queues"]["ocr"]["jobs"][0]["name"] == "Ocr"


async def test_diagnostics_without_redis(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    api_only_entry: MockConfigEntry,
) -> None:
    """It says that Redis is not set up."""
    found: Any = await get_diagnostics_for_config_entry(
        hass, hass_client, api_only_entry
    )
    assert found["redis"] is None
    assert found["source"] == "api"


async def test_system_health(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A line per server."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    assert await get_system_health_info(hass, DOMAIN) == {
        "immich": "3.1.0",
        "immich_answers": True,
        "redis_answers": True,
        "queues": 19,
    }


async def test_system_health_without_an_entry(hass: HomeAssistant) -> None:
    """Nothing is loaded, and nothing breaks."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    assert await get_system_health_info(hass, DOMAIN) == {"immich": "not loaded"}
