"""What queues are called in the user's language."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .identifiers import queue_identifier

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry


def queue_name(hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str) -> str:
    """Return the name of a queue's device; its own where it has none."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        queue_identifier(entry, queue), entry.entry_id
    )
    return (device and (device.name_by_user or device.name)) or queue


def queue_names(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queues: Iterable[str]
) -> list[str]:
    """Return the names of several queues, sorted."""
    return sorted(queue_name(hass, entry, queue) for queue in queues)
