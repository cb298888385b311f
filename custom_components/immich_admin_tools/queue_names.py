"""What queues are called in the user's language."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .identifiers import queue_identifier

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry


def queue_names(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queues: Iterable[str]
) -> list[str]:
    """Return the names of the queues' devices; their own where they have none."""
    registry = dr.async_get(hass)
    names: list[str] = []
    for queue in queues:
        device = registry.async_get_child_device_by_identifier(
            queue_identifier(entry, queue), entry.entry_id
        )
        names.append((device and (device.name_by_user or device.name)) or queue)
    return sorted(names)
