"""What all entities share: their devices, when they write, how queues come and go."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)
from homeassistant.util import slugify

from .analysis.models import (
    WORKER_BLOCKED,
    QueueState,
    QueueView,
    Source,
    shown_state as state_as_shown,
)
from .clock import monotonic_ms
from .const import DOMAIN
from .coordinator import QueueCoordinator, ServerCoordinator
from .data import AdminToolsConfigEntry, RuntimeData
from .devices import queue_identifier
from .gpu_host.manager import GpuHost
from .healing.manager import blocked_workers
from .history.events import Event
from .immich.queues import PIPELINE, QueueName

QUEUE_STATES = [*(state.value for state in QueueState), WORKER_BLOCKED]


def shown_state(view: QueueView, runtime: RuntimeData) -> str:
    """Return the state of a queue as a user sees it."""
    return state_as_shown(
        view,
        blocked_workers(runtime.healing, view.name) or 0,
        runtime.server.data.concurrency_of(view.name),
    )


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


class ChangesOnly(Entity):
    """An entity that writes its state only when it shows something new.

    Home Assistant would leave out what is the same, but only after it has put the whole
    state together, which for all entities costs more than a whole poll.
    """

    _shown: tuple[object, ...] | None = None
    """What it showed when its state was written last."""

    def _shows(self) -> tuple[object, ...]:
        """Return what it shows now: all that a poll can change of its state."""
        if not self.available:
            return (False,)
        return (True, self.state, self.extra_state_attributes)

    @callback
    def _async_show(self) -> None:
        """Write what is new."""
        if self._shows() != self._shown:
            self.async_write_ha_state()

    @callback
    @override
    def _async_write_ha_state(self) -> None:
        """Remember what is written, whoever asks for it."""
        self._shown = self._shows()
        super()._async_write_ha_state()


SETTLE = timedelta(seconds=15)
"""Counts and rates of a busy queue are written at most this often."""

SETTLE_SLOW = timedelta(seconds=60)
"""A count that only grows, and an age, which does so by itself: once a minute."""

type Value = str | int | float | datetime | None
type Attributes = Mapping[str, object] | None

type _Shown = tuple[bool, Value, Mapping[str, object]]
"""Whether it is available, its value and its attributes."""

_MOVING_ATTRIBUTES = frozenset({"low", "high", "unknown_because", "estimate"})

_MILLISECOND = timedelta(milliseconds=1)


class SettlingSensor(ChangesOnly, SensorEntity):
    """A sensor that writes no more than is worth a row of the recorder.

    A row is written for each state that is written and differs, be it in an
    unrecorded attribute alone. So those that move with every poll wait for the value,
    or for a minute; the names of stuck photos do not.
    Where `_settles`, so does the value until the last write is `_settle` ago; a change
    to or from zero, unknown or unavailable is written at once: that is when a queue
    starts, ends or breaks.
    """

    _settles: bool
    _settle: timedelta = SETTLE
    _written_at: int = 0
    """Monotonic ms."""
    _taken: _Shown | None = None
    """What was taken over last, to be written."""
    _unrecorded_attributes = frozenset({"jobs"}) | _MOVING_ATTRIBUTES

    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        raise NotImplementedError

    @override
    def _shows(self) -> tuple[object, ...]:
        """Return what was taken over: what is new since then has to wait."""
        return self._taken or ()

    @callback
    def _take(self) -> bool:
        """Take over what was read; return whether it is to be written."""
        available = self.available
        value, attributes = self._read() if available else (None, None)
        found = attributes or {}
        shown = (available, value, found)
        if shown == self._taken:
            return False
        now = monotonic_ms()
        if self._taken is not None:
            wait = self._wait(self._taken, shown)
            if wait is not None and now - self._written_at < wait / _MILLISECOND:
                return False
        self._taken = shown
        self._written_at = now
        self._attr_native_value = value
        self._attr_extra_state_attributes = dict(found)
        return True

    def _wait(self, before: _Shown, after: _Shown) -> timedelta | None:
        """Return how long after the last write this may be written; None: at once."""
        was_available, old, had = before
        available, new, found = after
        if (
            available is not was_available
            or bool(old) != bool(new)
            or (old is None) != (new is None)
        ):
            return None
        if old != new:
            return self._settle if self._settles else None
        at_once = (found.keys() | had.keys()) - _MOVING_ATTRIBUTES
        if any(found.get(key) != had.get(key) for key in at_once):
            return None
        return SETTLE_SLOW

    @override
    async def async_added_to_hass(self) -> None:
        """Take the first value before the first write."""
        await super().async_added_to_hass()
        self._take()

    @callback
    @override
    def _async_show(self) -> None:
        """Write what the poll brought, unless it is too soon."""
        if self._take():
            self.async_write_ha_state()


class _PolledEntity[Coordinator: DataUpdateCoordinator[Any]](
    ChangesOnly, CoordinatorEntity[Coordinator]
):
    """An entity that shows what a coordinator found."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new in this poll."""
        self._async_show()


class ServerEntity(_PolledEntity[QueueCoordinator]):
    """An entity of the server's device that shows something of all queues."""

    _attr_has_entity_name = True

    def __init__(
        self, entry: AdminToolsConfigEntry, description: EntityDescription
    ) -> None:
        super().__init__(entry.runtime_data.queues)
        self.entity_description = description
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = server_device_info(entry)


class ActivityEntity(ServerEntity):
    """An entity of the server's device that shows what happened."""

    def __init__(
        self, entry: AdminToolsConfigEntry, description: EntityDescription
    ) -> None:
        """Look at the history."""
        super().__init__(entry, description)
        self._history = entry.runtime_data.history

    @property
    @override
    def available(self) -> bool:
        """Return True: what happened stays true while nobody answers."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Be told of everything that is told on the bus, also between two polls."""
        await super().async_added_to_hass()
        self.async_on_remove(self._history.async_listen(self._happened))

    @callback
    def _happened(self, event: Event) -> None:
        """Show at once what is new because of it."""
        self._async_show()


class ServerStatusEntity(_PolledEntity[ServerCoordinator]):
    """An entity of the server's device that shows what Immich says of itself."""

    _attr_has_entity_name = True

    def __init__(
        self, entry: AdminToolsConfigEntry, description: EntityDescription
    ) -> None:
        super().__init__(entry.runtime_data.server)
        self.entity_description = description
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = server_device_info(entry)


class QueueEntity(_PolledEntity[QueueCoordinator]):
    """An entity of a queue's device."""

    _attr_has_entity_name = True
    entity_description: QueueEntityDescription

    def __init__(
        self,
        entry: AdminToolsConfigEntry,
        description: QueueEntityDescription,
        queue: str,
    ) -> None:
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
        coordinator = self.coordinator
        view = coordinator.data.queues.get(self.queue)
        return (
            coordinator.last_update_success
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


class GpuEntity(ChangesOnly):
    """An entity of a host's device. It changes when the host does."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, host: GpuHost, description: EntityDescription) -> None:
        host_id = host.settings.host_id
        self.entity_description = description
        self.host = host
        self._attr_unique_id = f"{host_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, host_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Be told when the host changes."""
        self.host.listeners.append(self._changed)
        self.async_on_remove(lambda: self.host.listeners.remove(self._changed))

    @callback
    def _changed(self) -> None:
        """Show how the host stands now."""
        self._async_show()


@callback
def async_add_gpu_entities(
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[GpuHost], Iterable[Entity]],
) -> None:
    """Add the entities of all hosts, each to its subentry."""
    for host_id, host in entry.runtime_data.gpu_hosts.hosts.items():
        async_add_entities(make(host), config_subentry_id=host_id)
