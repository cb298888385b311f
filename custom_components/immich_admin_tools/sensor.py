"""Sensors of the server and of each queue."""

from datetime import timedelta
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .clock import monotonic_ms
from .coordinator import QueueCoordinator
from .data import AdminToolsConfigEntry
from .entity import QueueEntity, ServerEntity, async_add_queue_entities
from .gpu_entities import SENSORS as GPU_SENSORS, GpuSensor, async_add_gpu_entities
from .last_heal import LastHealSensor
from .sensor_descriptions import (
    LATENCY,
    QUEUE_SENSORS,
    SERVER_SENSORS,
    SETTLE,
    SETTLE_SLOW,
    Attributes,
    QueueSensorDescription,
    ServerSensorDescription,
    Value,
)

PARALLEL_UPDATES = 0

_MILLISECOND = timedelta(milliseconds=1)


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


_MOVING_ATTRIBUTES = frozenset({"low", "high", "unknown_because", "estimate"})


class _SettlingSensor(SensorEntity):
    """A sensor that writes no more than is worth a row of the recorder.

    A row is written for each state that is written and differs, be it in an
    unrecorded attribute alone. So those that move with every poll wait for the value,
    or for a minute; the names of stuck photos do not.
    Where `_settles`, so does the value until the last write is `_settle` ago; a change
    to or from zero, unknown or unavailable is written at once: that is when a queue
    starts, ends or breaks.
    """

    coordinator: QueueCoordinator
    _settles: bool
    _settle: timedelta = SETTLE
    _written_at: int | None = None
    """Monotonic ms."""
    _was_available = True
    _found: dict[str, object]
    """The attributes that were written last."""
    _attr_should_poll = False
    _unrecorded_attributes = frozenset({"jobs"}) | _MOVING_ATTRIBUTES

    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        raise NotImplementedError

    @callback
    def _take(self) -> bool:
        """Take over what was read; return whether it is to be written."""
        available = self.available
        value, attributes = self._read() if available else (None, None)
        found = dict(attributes or {})
        now = monotonic_ms()
        wait = self._wait(value, found) if available is self._was_available else None
        if wait is not None and (
            self._written_at is not None
            and now - self._written_at < wait / _MILLISECOND
        ):
            return False
        if (
            available is self._was_available
            and self._written_at is not None
            and (value, found) == (self.native_value, self._found)
        ):
            return False
        self._was_available = available
        self._written_at = now
        self._attr_native_value = value
        self._attr_extra_state_attributes = self._found = found
        return True

    def _wait(self, value: Value, found: dict[str, object]) -> timedelta | None:
        """Return how long after the last write this may be written; None: at once."""
        old = self.native_value
        if bool(old) != bool(value) or (old is None) != (value is None):
            return None
        if old != value:
            return self._settle if self._settles else None
        at_once = (found.keys() | self._found.keys()) - _MOVING_ATTRIBUTES
        if any(found.get(key) != self._found.get(key) for key in at_once):
            return None
        return SETTLE_SLOW

    @override
    async def async_added_to_hass(self) -> None:
        """Take the first value before the first write."""
        await super().async_added_to_hass()
        self._found = {}
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


class RedisLatencySensor(_SettlingSensor, ServerEntity):
    """How long Redis took to answer a poll: another time each, so told once a minute."""

    _settles = True
    _settle = SETTLE_SLOW

    @property
    @override
    def available(self) -> bool:
        """Return whether Redis answered."""
        redis = self.coordinator.redis
        return super().available and redis is not None and redis.connected

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return milliseconds."""
        redis = self.coordinator.redis
        if redis is None or redis.reading is None:
            return None, None
        return redis.reading.latency * 1000, None
