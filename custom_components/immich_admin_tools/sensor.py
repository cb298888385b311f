"""Sensors of the server and of each queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .analysis.models import Eta, QueueState, QueueView, ServerView, Source
from .coordinator import AdminToolsConfigEntry, QueueCoordinator
from .entity import (
    QueueEntity,
    ServerEntity,
    async_add_queue_entities,
    enabled_by_default,
)
from .job_summary import job_summaries

PARALLEL_UPDATES = 0

SETTLE = timedelta(seconds=15)
"""Counts and rates of a busy queue are written at most this often."""

JOBS_PER_MINUTE = "jobs/min"

type Value = str | int | float | datetime | None
type Attributes = Mapping[str, object] | None


def _no_attributes(_view: object) -> Attributes:
    """Most sensors have none."""
    return None


@dataclass(frozen=True, kw_only=True)
class QueueSensorDescription(SensorEntityDescription):
    """How to read a sensor off a queue."""

    value_fn: Callable[[QueueView], Value]
    attributes_fn: Callable[[QueueView], Attributes] = _no_attributes
    on_in_pipeline: bool = False
    on_everywhere: bool = False
    needs_redis: bool = False
    settles: bool = False


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(SensorEntityDescription):
    """How to read a sensor off the whole server."""

    value_fn: Callable[[ServerView], Value]
    attributes_fn: Callable[[ServerView], Attributes] = _no_attributes
    settles: bool = False


def _finish(view: QueueView | ServerView) -> datetime | None:
    """Return when the work will be done."""
    return dt_util.utc_from_timestamp(view.eta.finish / 1000) if view.eta else None


def _range(eta: Eta | None) -> dict[str, object]:
    """Return between which times the work will be done."""
    if eta is None:
        return {}
    return {
        "low": dt_util.utc_from_timestamp(eta.low / 1000).isoformat(),
        "high": dt_util.utc_from_timestamp(eta.high / 1000).isoformat(),
    }


def _queue_eta_attributes(view: QueueView) -> Attributes:
    """Say how sure the time is, or why there is none."""
    return {**_range(view.eta), "unknown_because": view.no_eta}


def _rate_attributes(view: QueueView) -> Attributes:
    """Say how sure the rate is."""
    low, high = view.rate_range or (None, None)
    return {"low": low, "high": high, "estimate": view.rate_is_estimate}


QUEUE_SENSORS: tuple[QueueSensorDescription, ...] = (
    QueueSensorDescription(
        key="state",
        translation_key="state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in QueueState],
        value_fn=lambda view: view.state,
        on_everywhere=True,
    ),
    QueueSensorDescription(
        key="waiting",
        translation_key="waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.waiting,
        on_everywhere=True,
        settles=True,
    ),
    QueueSensorDescription(
        key="active",
        translation_key="active",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.active,
        on_in_pipeline=True,
        settles=True,
    ),
    QueueSensorDescription(
        key="delayed",
        translation_key="delayed",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.delayed,
        settles=True,
    ),
    QueueSensorDescription(
        key="failed",
        translation_key="failed",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.failed,
        on_in_pipeline=True,
    ),
    QueueSensorDescription(
        key="stuck_jobs",
        translation_key="stuck_jobs",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: len(view.stuck),
        attributes_fn=lambda view: {"jobs": job_summaries(view.stuck)},
    ),
    QueueSensorDescription(
        key="rate",
        translation_key="rate",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=JOBS_PER_MINUTE,
        suggested_display_precision=0,
        value_fn=lambda view: view.rate_per_minute,
        attributes_fn=_rate_attributes,
        on_in_pipeline=True,
        settles=True,
    ),
    QueueSensorDescription(
        key="eta",
        translation_key="eta",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_finish,
        attributes_fn=_queue_eta_attributes,
        on_in_pipeline=True,
    ),
    QueueSensorDescription(
        key="time_remaining",
        translation_key="time_remaining",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        value_fn=lambda view: view.eta.remaining if view.eta else None,
        settles=True,
    ),
    QueueSensorDescription(
        key="average_duration",
        translation_key="average_duration",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        value_fn=lambda view: view.average_duration,
        needs_redis=True,
        settles=True,
    ),
    QueueSensorDescription(
        key="oldest_active",
        translation_key="oldest_active",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        value_fn=lambda view: view.oldest_active,
        settles=True,
    ),
)

SERVER_SENSORS: tuple[ServerSensorDescription, ...] = (
    ServerSensorDescription(
        key="waiting",
        translation_key="waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.waiting,
        settles=True,
    ),
    ServerSensorDescription(
        key="active",
        translation_key="active",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.active,
        settles=True,
    ),
    ServerSensorDescription(
        key="failed",
        translation_key="failed",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.failed,
    ),
    ServerSensorDescription(
        key="stuck_jobs",
        translation_key="stuck_jobs",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda view: view.stuck_jobs,
        attributes_fn=lambda view: {"jobs": job_summaries(view.stuck)},
    ),
    ServerSensorDescription(
        key="rate",
        translation_key="rate",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=JOBS_PER_MINUTE,
        suggested_display_precision=0,
        value_fn=lambda view: view.rate_per_minute,
        attributes_fn=lambda view: {"estimate": view.rate_is_estimate},
        settles=True,
    ),
    ServerSensorDescription(
        key="eta",
        translation_key="eta",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_finish,
        attributes_fn=lambda view: {**_range(view.eta), "queue": view.eta_queue},
    ),
)

LATENCY = SensorEntityDescription(
    key="redis_latency",
    translation_key="redis_latency",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfTime.MILLISECONDS,
    suggested_display_precision=1,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors; those that need Redis only where Redis is set up."""
    has_redis = entry.runtime_data.queues.redis is not None
    async_add_entities(
        ServerSensor(entry, description) for description in SERVER_SENSORS
    )
    if has_redis:
        async_add_entities([RedisLatencySensor(entry, LATENCY)])
    async_add_queue_entities(
        entry,
        async_add_entities,
        lambda queue: [
            QueueSensor(entry, description, queue)
            for description in QUEUE_SENSORS
            if has_redis or not description.needs_redis
        ],
    )


class _SettlingSensor(SensorEntity):
    """A sensor that may hold back changes, so that the recorder is not flooded.

    A change to or from zero or unknown is written at once: that is when a queue
    starts, ends or breaks. The rest waits until the last write is SETTLE ago.
    """

    coordinator: QueueCoordinator
    _settles: bool
    _written_at: datetime | None = None
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
        value, attributes = self._read() if self.available else (None, None)
        now = dt_util.utcnow()
        old = self.native_value
        if (
            self._settles
            and self._written_at is not None
            and bool(old) == bool(value)
            and now - self._written_at < SETTLE
        ):
            return False
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
        self._settles = description.settles

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        view = self.coordinator.data
        return (
            self.entity_description.value_fn(view),
            self.entity_description.attributes_fn(view),
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
        self._attr_entity_registry_enabled_default = enabled_by_default(
            queue, description.on_in_pipeline, description.on_everywhere
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the last poll can tell."""
        return super().available and (
            not self.entity_description.needs_redis or self.view.source is Source.REDIS
        )

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        return (
            self.entity_description.value_fn(self.view),
            self.entity_description.attributes_fn(self.view),
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
