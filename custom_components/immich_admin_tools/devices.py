"""The devices: by what they are known, the server's up to date, those of lost queues gone."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .settings import external_url_of

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry


def queue_identifier(entry: AdminToolsConfigEntry, queue: str) -> tuple[str, str]:
    """Return the identifier of a queue's device."""
    return (DOMAIN, f"{entry.unique_id}_{queue}")


def queue_of_device(
    entry: AdminToolsConfigEntry, device: dr.AnyDeviceEntry
) -> str | None:
    """Return the queue that a device stands for; None for the server's."""
    prefix = f"{entry.unique_id}_"
    return next(
        (
            identifier.removeprefix(prefix)
            for domain, identifier in device.identifiers
            if domain == DOMAIN and identifier.startswith(prefix)
        ),
        None,
    )


@callback
def async_register_server(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> str:
    """Register the server's device, or update it; return its registry id."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, str(entry.unique_id))},
        name=entry.title,
        manufacturer="Immich",
        sw_version=str(entry.runtime_data.server.data.version),
        configuration_url=external_url_of(entry),
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    return device.id


@callback
def async_keep_devices(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Follow the server's queues and version for as long as the entry is loaded."""
    registry = dr.async_get(hass)
    server = entry.runtime_data.server

    @callback
    def update() -> None:
        """Remove the devices of lost queues, note a new version of Immich."""
        for device in dr.async_entries_for_parent_device(
            registry, entry.runtime_data.server_device_id
        ):
            queue = queue_of_device(entry, device)
            if queue is not None and queue not in server.data.queues:
                registry.async_remove_device(device.id)
        async_register_server(hass, entry)

    entry.async_on_unload(server.async_add_listener(update))
