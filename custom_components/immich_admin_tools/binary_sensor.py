"""Binary sensors: what is stuck, and who answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .analysis.models import JobView, QueueView
from .data import AdminToolsConfigEntry
from .entity import (
    GpuEntity,
    QueueEntity,
    QueueEntityDescription,
    ServerEntity,
    ServerStatusEntity,
    async_add_gpu_entities,
    async_add_queue_entities,
)
from .texts import localized_choice

PARALLEL_UPDATES = 0

ATTR_JOBS = "jobs"


@dataclass(frozen=True, kw_only=True)
class QueueBinarySensorDescription(
    QueueEntityDescription, BinarySensorEntityDescription
):
    """How to read a binary sensor off a queue."""

    is_on_fn: Callable[[QueueView], bool | None]


STUCK_IN_QUEUE = QueueBinarySensorDescription(
    key="stuck",
    translation_key="stuck",
    device_class=BinarySensorDeviceClass.PROBLEM,
    is_on_fn=lambda view: bool(view.stuck),
    on_everywhere=True,
)
QUEUE_BINARY_SENSORS: tuple[QueueBinarySensorDescription, ...] = (
    QueueBinarySensorDescription(
        key="worker",
        translation_key="worker",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda view: view.worker,
        needs_redis=True,
    ),
)

STUCK = BinarySensorEntityDescription(
    key="stuck",
    translation_key="stuck",
    device_class=BinarySensorDeviceClass.PROBLEM,
)
API = BinarySensorEntityDescription(
    key="api",
    translation_key="api",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
REDIS = BinarySensorEntityDescription(
    key="redis",
    translation_key="redis",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors; those that need Redis only where it is set up."""
    has_redis = entry.runtime_data.queues.redis is not None
    async_add_entities([StuckBinarySensor(entry), ApiBinarySensor(entry, API)])
    if has_redis:
        async_add_entities([RedisBinarySensor(entry, REDIS)])
    async_add_queue_entities(
        entry,
        async_add_entities,
        lambda queue: [
            StuckInQueueBinarySensor(entry, STUCK_IN_QUEUE, queue),
            *(
                QueueBinarySensor(entry, description, queue)
                for description in QUEUE_BINARY_SENSORS
                if has_redis or not description.needs_redis
            ),
        ],
    )
    async_add_gpu_entities(
        entry, async_add_entities, lambda host: [GpuOnlineSensor(host, ONLINE)]
    )


class StuckBinarySensor(ServerEntity, BinarySensorEntity):
    """Whether any job of any queue is stuck, and which."""

    _unrecorded_attributes = frozenset({ATTR_JOBS})

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, STUCK)
        self._entry = entry

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the first jobs: what, since when and why."""
        return stuck_attributes(self.hass, self._entry, self.coordinator.data.stuck)

    @property
    @override
    def is_on(self) -> bool:
        """Return whether there is one."""
        return self.coordinator.data.stuck_jobs > 0


class ApiBinarySensor(ServerStatusEntity, BinarySensorEntity):
    """Whether Immich's API answers. Tells so itself when it does not."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow whatever is asked of Immich, by whomever."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.client.listen(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Return True: "does not answer" is an answer."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last question was answered."""
        return self.coordinator.answers


class RedisBinarySensor(ServerEntity, BinarySensorEntity):
    """Whether Redis answers. Tells so itself when it does not."""

    @override
    async def async_added_to_hass(self) -> None:
        """Show a loss at once, while the poll still waits for the API."""
        await super().async_added_to_hass()
        if (redis := self.coordinator.redis) is not None:
            self.async_on_remove(redis.async_listen(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Return True: "does not answer" is an answer."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last poll was answered."""
        redis = self.coordinator.redis
        return redis is not None and redis.connected


class QueueBinarySensor(QueueEntity, BinarySensorEntity):
    """A yes or no of one queue."""

    entity_description: QueueBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the last poll says."""
        return self.entity_description.is_on_fn(self.view)


class StuckInQueueBinarySensor(QueueBinarySensor):
    """Whether a job of one queue is stuck, and which."""

    _unrecorded_attributes = frozenset({ATTR_JOBS})

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the first jobs: what, since when and why."""
        return stuck_attributes(self.hass, self._entry, self.view.stuck)


def stuck_attributes(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, jobs: Sequence[JobView]
) -> dict[str, Any]:
    """Return jobs as an attribute that changes only when they do: no age ticks in it."""
    listed = entry.runtime_data.history.jobs.attributes(jobs)
    for job, shown in zip(jobs, listed, strict=False):
        shown["why"] = localized_choice(hass, "stuck_kind", job.kind)
    return {ATTR_JOBS: listed}


ONLINE = BinarySensorEntityDescription(
    key="online",
    translation_key="gpu_online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
)


class GpuOnlineSensor(GpuEntity, BinarySensorEntity):
    """Whether the machine learning answers."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return None before it was asked."""
        return self.host.controller.contact.safe
