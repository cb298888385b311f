"""Sensors of the server, of each queue and of GPU boxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import STATE_UNKNOWN, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .analysis.models import Eta, QueueView, ServerView
from .data import AdminToolsConfigEntry, RuntimeData
from .entity import (
    QUEUE_STATES,
    SETTLE,
    SETTLE_SLOW,
    ActivityEntity,
    Attributes,
    GpuEntity,
    QueueEntity,
    QueueEntityDescription,
    ServerEntity,
    SettlingSensor,
    Value,
    async_add_gpu_entities,
    async_add_queue_entities,
    shown_state,
)
from .gpu_host.manager import GpuHost
from .gpu_host.models import GONE, KEEPING_ON, Hold, HostState
from .gpu_host.policy import goes_off_at
from .healing.manager import blocked_workers
from .serialization import to_json


@dataclass(frozen=True, kw_only=True)
class _ReadOff[View]:
    """How to read a sensor off what a poll has found."""

    value_fn: Callable[[View], Value] = lambda _: None
    runtime_value_fn: Callable[[View, RuntimeData], Value] | None = None
    """For what the view alone doesn't tell."""
    attributes_fn: Callable[[View, RuntimeData], Attributes] | None = None
    settles: bool = False

    def read(self, view: View, runtime: RuntimeData) -> tuple[Value, Attributes]:
        """Return the value and the attributes."""
        read, attributes = self.runtime_value_fn, self.attributes_fn
        return (
            self.value_fn(view) if read is None else read(view, runtime),
            None if attributes is None else attributes(view, runtime),
        )


@dataclass(frozen=True, kw_only=True)
class QueueSensorDescription(
    QueueEntityDescription, _ReadOff[QueueView], SensorEntityDescription
):
    """How to read a sensor off a queue."""

    settle: timedelta = SETTLE


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(_ReadOff[ServerView], SensorEntityDescription):
    """How to read a sensor off the whole server."""

    needs_redis: bool = False


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


def _queue_eta_attributes(view: QueueView, _runtime: RuntimeData) -> Attributes:
    """Say how sure the time is, or why there is none."""
    return {**_range(view.eta), "unknown_because": view.no_eta}


def _rate_attributes(view: QueueView, _runtime: RuntimeData) -> Attributes:
    """Say how sure the rate is."""
    low, high = view.rate_range or (None, None)
    return {"low": low, "high": high, "estimate": view.rate_is_estimate}


def _lost_slots(view: QueueView, runtime: RuntimeData) -> Attributes:
    """Say how many workers are blocked until a restart; None without Redis."""
    healing = runtime.healing
    return {"lost_slots": None if healing is None else healing.lost_slots(view.name)}


def _stuck_attributes(view: QueueView, runtime: RuntimeData) -> Attributes:
    """Name the stuck jobs."""
    return {"jobs": runtime.history.jobs.attributes(view.stuck)}


def _server_stuck_attributes(view: ServerView, runtime: RuntimeData) -> Attributes:
    """Name the stuck jobs, and say how many workers are blocked until a restart."""
    healing = runtime.healing
    return {
        "jobs": runtime.history.jobs.attributes(view.stuck),
        "lost_slots": None if healing is None else healing.lost_slots(),
    }


QUEUE_SENSORS: tuple[QueueSensorDescription, ...] = (
    QueueSensorDescription(
        key="state",
        translation_key="state",
        device_class=SensorDeviceClass.ENUM,
        options=QUEUE_STATES,
        runtime_value_fn=shown_state,
        attributes_fn=_lost_slots,
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
        attributes_fn=_stuck_attributes,
    ),
    QueueSensorDescription(
        key="blocked_workers",
        translation_key="blocked_workers",
        state_class=SensorStateClass.MEASUREMENT,
        runtime_value_fn=lambda view, runtime: blocked_workers(
            runtime.healing, view.name
        ),
        on_in_pipeline=True,
        needs_redis=True,
    ),
    QueueSensorDescription(
        key="rate",
        translation_key="rate",
        state_class=SensorStateClass.MEASUREMENT,
        # Its unit is translated.
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
        settle=SETTLE_SLOW,
    ),
    QueueSensorDescription(
        key="processed",
        translation_key="processed",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda view: view.processed,
        # Statistics need it: its long-term sums are what "processed today" is read from.
        on_in_pipeline=True,
        needs_redis=True,
        settles=True,
        settle=SETTLE_SLOW,
    ),
    QueueSensorDescription(
        key="oldest_active",
        translation_key="oldest_active",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        value_fn=lambda view: view.oldest_active,
        settles=True,
        settle=SETTLE_SLOW,
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
        attributes_fn=_server_stuck_attributes,
    ),
    ServerSensorDescription(
        key="blocked_workers",
        translation_key="blocked_workers",
        state_class=SensorStateClass.MEASUREMENT,
        runtime_value_fn=lambda _, runtime: blocked_workers(runtime.healing),
        needs_redis=True,
    ),
    ServerSensorDescription(
        key="rate",
        translation_key="rate",
        state_class=SensorStateClass.MEASUREMENT,
        # Its unit is translated.
        suggested_display_precision=0,
        value_fn=lambda view: view.rate_per_minute,
        attributes_fn=lambda view, _: {"estimate": view.rate_is_estimate},
        settles=True,
    ),
    ServerSensorDescription(
        key="eta",
        translation_key="eta",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_finish,
        attributes_fn=lambda view, _: {**_range(view.eta), "queue": view.eta_queue},
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


LAST_HEAL = SensorEntityDescription(
    key="last_heal",
    translation_key="last_heal",
    device_class=SensorDeviceClass.TIMESTAMP,
)

SHOWN = (
    "queue",
    "name",
    "asset_id",
    "asset_path",
    "file_name",
    "kind",
    "age",
    "mode",
    "by",
    "reason",
    "outcome",
    "doubt",
)


class LastHealSensor(ActivityEntity, SensorEntity):
    """When a stuck job was last dealt with. Its outcome may still change."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, LAST_HEAL)

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return when it was."""
        last = self._history.history.last_heal
        return None if last is None else dt_util.utc_from_timestamp(last.at // 1000)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what was done, and what was verified of it."""
        last = self._history.history.last_heal
        known = {} if last is None else to_json(last)
        return {key: known.get(key) for key in SHOWN}


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


class ServerSensor(SettlingSensor, ServerEntity):
    """A number of all queues together."""

    entity_description: ServerSensorDescription

    def __init__(
        self, entry: AdminToolsConfigEntry, description: ServerSensorDescription
    ) -> None:
        super().__init__(entry, description)
        self._entry = entry
        self._settles = description.settles

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        return self.entity_description.read(
            self.coordinator.data, self._entry.runtime_data
        )


class QueueSensor(SettlingSensor, QueueEntity):
    """A number or state of one queue."""

    entity_description: QueueSensorDescription

    def __init__(
        self,
        entry: AdminToolsConfigEntry,
        description: QueueSensorDescription,
        queue: str,
    ) -> None:
        super().__init__(entry, description, queue)
        self._settles = description.settles
        self._settle = description.settle

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        return self.entity_description.read(self.view, self._runtime)


class RedisLatencySensor(SettlingSensor, ServerEntity):
    """How long Redis took to answer a poll: another time each, so told once a minute."""

    _settles = True
    _settle = SETTLE_SLOW

    @property
    @override
    def available(self) -> bool:
        """Return whether Redis answered."""
        return super().available and self.coordinator.data.latency is not None

    @override
    def _read(self) -> tuple[Value, Attributes]:
        """Return milliseconds."""
        latency = self.coordinator.data.latency
        return None if latency is None else latency * 1000, None


@dataclass(frozen=True, kw_only=True)
class GpuSensorDescription(SensorEntityDescription):
    """How to read a sensor off a host."""

    value_fn: Callable[[GpuHost], Value]
    attributes_fn: Callable[[GpuHost], Mapping[str, Value]] = lambda _: {}
    settles: bool = False
    """Whether changes are held back, so that the recorder is not flooded."""


def _gpu_time(at: int | None) -> datetime | None:
    """Return a time in ms since the epoch as Home Assistant has it, in whole seconds."""
    return dt_util.utc_from_timestamp(at // 1000) if at else None


def _gpu_state_attributes(host: GpuHost) -> Mapping[str, Value]:
    """Say what comes next, and when."""
    controller = host.controller
    power = controller.power
    goes_off = None
    if controller.record.automatic and power.hold not in KEEPING_ON:
        goes_off = goes_off_at(power, host.settings.power)
    tries_again = None
    if power.state in GONE and (power.deadline or 0) > controller.clocks.now():
        tries_again = power.deadline
    return {
        "since": _gpu_time(host.shown(power.since)),
        "goes_off_at": _gpu_time(host.shown(goes_off)),
        "not_before": _gpu_time(host.shown(tries_again)),
        "by_hand": None if power.hold is Hold.NONE else power.hold.value,
        "reason": host.reason,
    }


GPU_SENSORS: tuple[GpuSensorDescription, ...] = (
    GpuSensorDescription(
        key="state",
        translation_key="gpu_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in HostState],
        value_fn=lambda host: host.controller.power.state.value,
        attributes_fn=_gpu_state_attributes,
    ),
    GpuSensorDescription(
        key="backlog",
        translation_key="gpu_backlog",
        settles=True,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda host: (
            None if (work := host.controller.work) is None else work.backlog
        ),
        attributes_fn=lambda host: {"expected_run": host.expected_run},
    ),
    GpuSensorDescription(
        key="last_wake",
        translation_key="gpu_last_wake",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda host: _gpu_time(host.controller.record.last_wake),
    ),
)


class GpuSensor(GpuEntity, SensorEntity):
    """A value of a host."""

    entity_description: GpuSensorDescription
    _unrecorded_attributes = frozenset({"expected_run"})
    _written_at: datetime | None = None

    @callback
    @override
    def _changed(self) -> None:
        """Write a count at most every 15 s, but at once when it comes from or to zero."""
        if self._shows() == self._shown:
            return
        now, value = dt_util.utcnow(), self.native_value
        if self.entity_description.settles and self._written_at is not None:
            old = self.hass.states.get(self.entity_id)
            was_zero = old is None or old.state in ("0", STATE_UNKNOWN)
            if was_zero is not bool(value) and now - self._written_at < SETTLE:
                return
        self._written_at = now
        self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> Value:
        """Return what is known now."""
        return self.entity_description.value_fn(self.host)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Value]:
        """Return what belongs to it."""
        return self.entity_description.attributes_fn(self.host)
