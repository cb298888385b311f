"""The part of the options dialog that is about restarts."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.bullmq.permissions import HEAL_RULES
from tests.integration.conftest import entry_for, set_up
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import key_without_maintenance, redis_user


@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        ({"ways": ["actions"]}, "restart_actions_missing"),
        ({"ways": ["actions"], "actions": [{"what": 1}]}, "restart_actions_wrong"),
        ({"ways": ["redis"]}, "restart_needs_redis"),
        ({"ways": ["maintenance"]}, "restart_needs_permission"),
    ],
)
async def test_the_dialog_refuses_what_cannot_work(
    hass: HomeAssistant, simulator: Simulator, chosen: dict[str, Any], error: str
) -> None:
    """And keeps what was entered."""
    key = await key_without_maintenance(simulator)
    entry = entry_for(simulator, None, api_key=key)
    await set_up(hass, entry)
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    section = {"cool_down": {"hours": 1}, "per_day": 5, **chosen}
    result = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"poll_interval": 5, "healing": {}, "restart": section}
    )
    assert result["errors"] == {"base": error}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_dialog(
    hass: HomeAssistant, entry: MockConfigEntry, valkey: Valkey
) -> None:
    """The ways keep their order; limits of others in the same place stay."""
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "heal_limits": {"strikes": 7}}
    )
    actions = [{"action": "homeassistant.restart"}]
    section = {
        "ways": ["maintenance", "actions", "redis"],
        "actions": actions,
        "others_too": True,
        "cool_down": {"hours": 1, "minutes": 1, "seconds": 1},
        "per_day": 5,
    }
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        flow["flow_id"], {"poll_interval": 5, "healing": {}, "restart": section}
    )
    assert entry.options["restart_action"] == {
        "ways": ["maintenance", "actions", "redis"],
        "actions": actions,
        "others_too": True,
    }
    assert entry.options["heal_limits"] == {
        "strikes": 7,
        "restart_cool_down": 3661,
        "restarts_per_day": 5,
    }
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    shown = flow["data_schema"]
    assert shown
    (again,) = [
        key.description["suggested_value"]
        for key in shown.schema["restart"].schema.schema
        if key == "cool_down"
    ]
    assert again == {"hours": 1, "minutes": 1, "seconds": 1}


async def test_the_dialog_asks_redis(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """A missing right is named before it is needed."""
    login = await redis_user(valkey, "heals", HEAL_RULES)
    entry = entry_for(simulator, valkey.url, **login)
    await set_up(hass, entry)
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    section = {"ways": ["redis"], "cool_down": {"hours": 1}, "per_day": 5}
    result = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"poll_interval": 5, "healing": {}, "restart": section}
    )
    assert result["errors"] == {"base": "restart_redis_rights"}
    assert result["description_placeholders"]
    assert "+publish" in result["description_placeholders"]["missing"]
    await hass.config_entries.async_unload(entry.entry_id)
