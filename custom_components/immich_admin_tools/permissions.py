"""Who may look at an Immich: whoever may read all of its entities."""

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er


@callback
def async_may_read(hass: HomeAssistant, user: User, entry: ConfigEntry) -> bool:
    """Return whether a user may see what an entry shows.

    The dashboard tells what its entities tell, so it takes all of them that are enabled.
    """
    if user.is_admin or user.permissions.access_all_entities(POLICY_READ):
        return True
    enabled = [
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if not entity.disabled
    ]
    return bool(enabled) and all(
        user.permissions.check_entity(entity_id, POLICY_READ) for entity_id in enabled
    )
