"""Which sensors there are, and how each is read off a view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.util import dt as dt_util

from .analysis.models import Eta, QueueView, ServerView
from .data import RuntimeData
from .entity import QueueEntityDescription
from .worker_blocked import QUEUE_STATES, blocked_workers, shown_state

SETTLE = timedelta(seconds=15)
"""Counts and rates of a busy queue are written at most this often."""

SETTLE_SLOW = timedelta(seconds=60)
"""A count that only grows, and an age, which does so by itself: once a minute."""

type Value = str | int | float | datetime | None
type Attributes = Mapping[str, object] | None


def _no_attributes(_view: object, _runtime: RuntimeData) -> Attributes:
    """Most sensors have none."""
    return None


@dataclass(frozen=True, kw_only=True)
class QueueSensorDescription(QueueEntityDescription, SensorEntityDescription):
    """How to read a sensor off a queue."""

    value_fn: Callable[[QueueView], Value] = lambda _: None
    runtime_value_fn: Callable[[QueueView, RuntimeData], Value] | None = None
    """For what the view alone doesn't tell."""
    attributes_fn: Callable[[QueueView, RuntimeData], Attributes] = _no_attributes
    settles: bool = False
    settle: timedelta = SETTLE


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(SensorEntityDescription):
    """How to read a sensor off the whole server."""

    value_fn: Callable[[ServerView], Value] = lambda _: None
    runtime_value_fn: Callable[[ServerView, RuntimeData], Value] | None = None
    """For what the view alone doesn't tell."""
    needs_redis: bool = False
    attributes_fn: Callable[[ServerView, RuntimeData], Attributes] = _no_attributes
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
    return {"jobs": runtime.activity.jobs.attributes(view.stuck)}


def _server_stuck_attributes(view: ServerView, runtime: RuntimeData) -> Attributes:
    """Name the stuck jobs, and say how many workers are blocked until a restart."""
    healing = runtime.healing
    return {
        "jobs": runtime.activity.jobs.attributes(view.stuck),
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
