"""The devices: by what they are known, the server's up to date, those of lost queues gone."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import ServerCoordinator
from .settings import external_url_of


def queue_identifier(entry: ConfigEntry, queue: str) -> tuple[str, str]:
    """Return the identifier of a queue's device."""
    return (DOMAIN, f"{entry.unique_id}_{queue}")


def queue_of_device(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
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


def queue_name(hass: HomeAssistant, entry: ConfigEntry, queue: str) -> str:
    """Return the name of a queue's device; its own where it has none."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        queue_identifier(entry, queue), entry.entry_id
    )
    return (device and (device.name_by_user or device.name)) or queue


def queue_names(
    hass: HomeAssistant, entry: ConfigEntry, queues: Iterable[str]
) -> list[str]:
    """Return the names of several queues, sorted."""
    return sorted(queue_name(hass, entry, queue) for queue in queues)


@callback
def async_register_server(
    hass: HomeAssistant, entry: ConfigEntry, server: ServerCoordinator
) -> str:
    """Register the server's device, or update it; return its registry id."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, str(entry.unique_id))},
        name=entry.title,
        manufacturer="Immich",
        sw_version=str(server.data.version),
        configuration_url=external_url_of(entry),
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    return device.id


@callback
def async_keep_devices(
    hass: HomeAssistant,
    entry: ConfigEntry,
    server: ServerCoordinator,
    server_device_id: str,
) -> None:
    """Follow the server's queues and version for as long as the entry is loaded."""
    registry = dr.async_get(hass)

    @callback
    def update() -> None:
        """Remove the devices of lost queues, note a new version of Immich."""
        for device in dr.async_entries_for_parent_device(registry, server_device_id):
            queue = queue_of_device(entry, device)
            if queue is not None and queue not in server.data.queues:
                registry.async_remove_device(device.id)
        async_register_server(hass, entry, server)

    entry.async_on_unload(server.async_add_listener(update))
