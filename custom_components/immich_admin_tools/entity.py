"""What all entities share: the two kinds of devices, and how queues come and go."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .analysis.models import QueueView, Source
from .const import DOMAIN
from .coordinator import QueueCoordinator, ServerCoordinator
from .data import AdminToolsConfigEntry, RuntimeData
from .identifiers import queue_identifier
from .immich.queues import PIPELINE, QueueName


def server_device_info(entry: AdminToolsConfigEntry) -> DeviceInfo:
    """Point to the server's device, which set-up has registered."""
    return DeviceInfo(identifiers={(DOMAIN, str(entry.unique_id))})


def queue_device_info(entry: AdminToolsConfigEntry, queue: str) -> ChildDeviceInfo:
    """Return the device of a queue, a part of the server's."""
    identifiers = {queue_identifier(entry, queue)}
    parent = entry.runtime_data.server_device_id
    if queue in QueueName:
        return ChildDeviceInfo(
            identifiers=identifiers,
            parent_device_id=parent,
            translation_key=snake_case(queue),
        )
    return ChildDeviceInfo(
        identifiers=identifiers, parent_device_id=parent, name=prettified(queue)
    )


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


def snake_case(queue: str) -> str:
    """Turn `faceDetection` into `face_detection`, as translation keys want it."""
    return slugify(
        "".join(f"_{char.lower()}" if char.isupper() else char for char in queue)
    )


def prettified(queue: str) -> str:
    """Turn the name of a queue that is new to us into words: `Face detection`."""
    return snake_case(queue).replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class QueueEntityDescription(EntityDescription):
    """What an entity of a queue has beside what Home Assistant asks for.

    It starts enabled for the queues of the pipeline, or for all queues.
    """

    on_in_pipeline: bool = False
    on_everywhere: bool = False
    needs_redis: bool = False


class ServerEntity(CoordinatorEntity[QueueCoordinator]):
    """An entity of the server's device that shows something of all queues."""

    _attr_has_entity_name = True

    def __init__(
        self, entry: AdminToolsConfigEntry, description: EntityDescription
    ) -> None:
        """Name the entity by the server and the description's key."""
        super().__init__(entry.runtime_data.queues)
        self.entity_description = description
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = server_device_info(entry)


class ServerStatusEntity(CoordinatorEntity[ServerCoordinator]):
    """An entity of the server's device that shows what Immich says of itself."""

    _attr_has_entity_name = True

    def __init__(
        self, entry: AdminToolsConfigEntry, description: EntityDescription
    ) -> None:
        """Name the entity by the server and the description's key."""
        super().__init__(entry.runtime_data.server)
        self.entity_description = description
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = server_device_info(entry)


class QueueEntity(CoordinatorEntity[QueueCoordinator]):
    """An entity of a queue's device."""

    _attr_has_entity_name = True
    entity_description: QueueEntityDescription

    def __init__(
        self,
        entry: AdminToolsConfigEntry,
        description: QueueEntityDescription,
        queue: str,
    ) -> None:
        """Name the entity by the server, the queue and the description's key."""
        super().__init__(entry.runtime_data.queues)
        self.entity_description = description
        self.queue = queue
        self._entry = entry
        self._attr_unique_id = f"{entry.unique_id}_{queue}_{description.key}"
        self._attr_entity_registry_enabled_default = description.on_everywhere or (
            description.on_in_pipeline and queue in PIPELINE
        )
        self._attr_device_info = queue_device_info(entry, queue)

    @property
    @override
    def available(self) -> bool:
        """Return whether the last poll saw the queue, where it has to be seen."""
        view = self.coordinator.data.queues.get(self.queue)
        return (
            super().available
            and view is not None
            and not (self.entity_description.needs_redis and view.source is Source.API)
        )

    @property
    def view(self) -> QueueView:
        """Return the queue as the last poll saw it."""
        return self.coordinator.data.queues[self.queue]

    @property
    def _runtime(self) -> RuntimeData:
        """Return what the entry runs on."""
        return self._entry.runtime_data


@callback
def async_add_queue_entities[EntityT: Entity](
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[str], Iterable[EntityT]],
) -> None:
    """Add the entities of all queues, and later those of queues that appear."""
    server = entry.runtime_data.server
    known: set[str] = set()

    @callback
    def add_new() -> None:
        """Add what is not there yet; forget what Immich no longer names."""
        known.intersection_update(server.data.queues)
        new = [queue for queue in server.data.queues if queue not in known]
        known.update(new)
        if new:
            async_add_entities([entity for queue in new for entity in make(queue)])

    entry.async_on_unload(server.async_add_listener(add_new))
    add_new()
