"""Which queues of which Immich an action means."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    service,
)
import voluptuous as vol

from ..const import DOMAIN
from ..data import AdminToolsConfigEntry
from ..devices import queue_of_device

ATTR_CONFIG_ENTRY_ID = "config_entry_id"
ATTR_QUEUE = "queue"
ALL_QUEUES = "all"

TARGET_FIELDS = {
    vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Optional(ATTR_QUEUE): vol.All(cv.ensure_list, [cv.string]),
}


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """Queues of one Immich, in the order they were named."""

    entry: AdminToolsConfigEntry
    queues: tuple[str, ...]


@callback
def async_queue_targets(
    hass: HomeAssistant, data: Mapping[str, Any], *, all_by_default: bool = False
) -> list[QueueTarget]:
    """Resolve `device_id`, or `config_entry_id` and `queue`.

    Raises ServiceValidationError when both or neither are given, and for a
    queue or device that is not there: an action never guesses. With
    `all_by_default` neither means all queues.
    """
    devices: list[str] = data.get(ATTR_DEVICE_ID, [])
    queues: list[str] = data.get(ATTR_QUEUE, [])
    if devices and (queues or ATTR_CONFIG_ENTRY_ID in data):
        raise _invalid("target_both")
    if devices:
        return _targets_of_devices(hass, devices)
    if not queues and not all_by_default:
        raise _invalid("target_missing")
    entry: AdminToolsConfigEntry = service.async_get_config_entry(
        hass, DOMAIN, data.get(ATTR_CONFIG_ENTRY_ID)
    )
    known = entry.runtime_data.server.data.queues
    if not queues or ALL_QUEUES in queues:
        return [QueueTarget(entry, known)]
    named: dict[str, None] = {}
    for queue in queues:
        if (found := _spelled(queue, known)) is None:
            raise _invalid("unknown_queue", queue=queue, known=", ".join(known))
        named[found] = None
    return [QueueTarget(entry, tuple(named))]


def _spelled(queue: str, known: Sequence[str]) -> str | None:
    """Return a queue as Immich spells it; None if none, or more than one, is meant."""
    if queue in known:
        return queue
    alike = [name for name in known if _folded(name) == _folded(queue)]
    return alike[0] if len(alike) == 1 else None


def _folded(queue: str) -> str:
    """Return a queue's name without case: `face_detection` means `faceDetection`."""
    return queue.strip().casefold().replace("_", "")


@callback
def async_one_target(hass: HomeAssistant, data: Mapping[str, Any]) -> QueueTarget:
    """Resolve the queues of an action that answers about one Immich; none: all.

    Raises ServiceValidationError also when the devices are those of two Immich instances.
    """
    target, *others = async_queue_targets(hass, data, all_by_default=True)
    if others:
        raise _invalid("one_immich_only")
    return target


@callback
def _targets_of_devices(hass: HomeAssistant, devices: list[str]) -> list[QueueTarget]:
    """Group queue devices by their entry."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    entries: dict[str, AdminToolsConfigEntry] = {}
    for device_id in dict.fromkeys(devices):
        device, entry = _device_and_entry(hass, device_id)
        queue = queue_of_device(entry, device)
        if queue is None or queue not in entry.runtime_data.server.data.queues:
            raise _invalid(
                "not_a_queue_device",
                device=device.name_by_user or device.name or device_id,
            )
        entries[entry.entry_id] = entry
        found[entry.entry_id].append(queue)
    return [
        QueueTarget(entries[entry_id], tuple(names))
        for entry_id, names in found.items()
    ]


@callback
def _device_and_entry(
    hass: HomeAssistant, device_id: str
) -> tuple[dr.AnyDeviceEntry, AdminToolsConfigEntry]:
    """Return a device and its loaded entry. Raises ServiceValidationError."""
    child = dr.async_get(hass).async_get(
        device_id, include_main_devices=False, include_composite_devices=False
    )
    if child is not None:
        owner = hass.config_entries.async_get_entry(child.config_entry_id)
        if owner is not None and owner.domain == DOMAIN:
            # Home Assistant 2026.9 finds no child devices by the function below.
            return child, service.async_get_config_entry(hass, DOMAIN, owner.entry_id)
    return service.async_get_device_and_config_entry(hass, DOMAIN, device_id)


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about the target."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
