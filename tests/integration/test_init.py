"""Set-up, unload and what happens when a server is not there."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry


async def test_loads_and_unloads(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An entry loads with a device per queue and goes without a trace."""
    registry = dr.async_get(hass)
    (server,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert server.sw_version == "3.1.0"
    assert len(dr.async_entries_for_parent_device(registry, server.id)) == 19
    assert er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
