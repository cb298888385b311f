"""Sensors of the server and of each queue."""

from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import AdminToolsConfigEntry, QueueCoordinator
from .entity import QueueEntity, ServerEntity, async_add_queue_entities
from .gpu_entities import SENSORS as GPU_SENSORS, GpuSensor, async_add_gpu_entities
from .last_heal import LastHealSensor
from .sensor_descriptions import (
    LATENCY,
    QUEUE_SENSORS,
    SERVER_SENSORS,
    SETTLE,
    Attributes,
    QueueSensorDescription,
    ServerSensorDescription,
    Value,
)

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors; those that need Redis only where Redis is set up."""
    has_redis = entry.runtime_data.queues.redis is not None
    async_add_entities(
        ServerSensor(entry, description)
        for description in SERVER_SENSORS
        if has_redis or not description.needs_redis
    )
    if has_redis:
        async_add_entities([RedisLatencySensor(entry, LATENCY), LastHealSensor(entry)])
    async_add_queue_entities(
        entry,
        async_add_entities,
        lambda queue: [
            QueueSensor(entry, description, queue)
            for description in QUEUE_SENSORS
            if has_redis or not description.needs_redis
        ],
    )
    async_add_gpu_entities(
        entry,
        async_add_entities,
        lambda host: [GpuSensor(host, description) for description in GPU_SENSORS],
    )


class _SettlingSensor(SensorEntity):
    """A sensor that may hold back changes, so that the recorder is not flooded.

    A change to or from zero, unknown or unavailable is written at once: that is
    when a queue starts, ends or breaks. The rest waits until the last write is
    `_settle` ago.
    """

    coordinator: QueueCoordinator
    _settles: bool
    _settle: timedelta = SETTLE
    _written_at: datetime | None = None
    _was_available = True
    _attr_should_poll = False
    _unrecorded_attributes = frozenset(
        {"jobs", "low", "high", "unknown_because", "estimate"}
    )

    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        raise NotImplementedError

    @callback
    def _take(self) -> bool:
        """Take over what was read; return whether it is to be written."""
        available = self.available
        value, attributes = self._read() if available else (None, None)
        now = dt_util.utcnow()
        old = self.native_value
        if (
            self._settles
            and self._written_at is not None
            and available is self._was_available
            and bool(old) == bool(value)
            and now - self._written_at < self._settle
        ):
            return False
        self._was_available = available
        if old != value:
            self._written_at = now
        self._attr_native_value = value
        self._attr_extra_state_attributes = dict(attributes or {})
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Take the first value before the first write."""
        await super().async_added_to_hass()
        self._take()

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write what the poll brought, unless it is too soon."""
        if self._take():
            self.async_write_ha_state()


class ServerSensor(_SettlingSensor, ServerEntity):
    """A number of all queues together."""

    entity_description: ServerSensorDescription

    def __init__(
        self, entry: AdminToolsConfigEntry, description: ServerSensorDescription
    ) -> None:
        """Take the description."""
        super().__init__(entry, description)
        self._entry = entry
        self._settles = description.settles

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        view, description = self.coordinator.data, self.entity_description
        read = description.runtime_value_fn
        return (
            description.value_fn(view)
            if read is None
            else read(view, self._entry.runtime_data),
            description.attributes_fn(view, self._entry.runtime_data),
        )


class QueueSensor(_SettlingSensor, QueueEntity):
    """A number or state of one queue."""

    entity_description: QueueSensorDescription

    def __init__(
        self,
        entry: AdminToolsConfigEntry,
        description: QueueSensorDescription,
        queue: str,
    ) -> None:
        """Take the description."""
        super().__init__(entry, description, queue)
        self._settles = description.settles
        self._settle = description.settle

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        view, description = self.view, self.entity_description
        read = description.runtime_value_fn
        return (
            description.value_fn(view) if read is None else read(view, self._runtime),
            description.attributes_fn(view, self._runtime),
        )


class RedisLatencySensor(ServerEntity, SensorEntity):
    """How long Redis took to answer the last poll."""

    @property
    @override
    def available(self) -> bool:
        """Return whether Redis answered."""
        redis = self.coordinator.redis
        return super().available and redis is not None and redis.connected

    @property
    @override
    def native_value(self) -> float | None:
        """Return milliseconds."""
        redis = self.coordinator.redis
        if redis is None or redis.reading is None:
            return None
        return redis.reading.latency * 1000
