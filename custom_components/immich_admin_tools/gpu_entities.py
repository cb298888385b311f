"""The entities of the GPU hosts. The platforms only add them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .data import AdminToolsConfigEntry
from .errors import translated_errors
from .gpu_host.manager import GpuHost
from .gpu_host.models import GONE, KEEPING_ON, Hold, HostState, Wish
from .gpu_host.policy import goes_off_at

SETTLE = timedelta(seconds=15)

type Value = str | int | datetime | None


class GpuEntity(Entity):
    """An entity of a host's device. It changes when the host does."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, host: GpuHost, description: EntityDescription) -> None:
        """Name the entity by the host and the description's key."""
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
        """Show how the host stands now; Home Assistant leaves out what is the same."""
        self.async_write_ha_state()


@callback
def async_add_gpu_entities(
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[GpuHost], Iterable[Entity]],
) -> None:
    """Add the entities of all hosts, each to its subentry."""
    for host_id, host in entry.runtime_data.gpu_hosts.hosts.items():
        async_add_entities(make(host), config_subentry_id=host_id)


@dataclass(frozen=True, kw_only=True)
class GpuSensorDescription(SensorEntityDescription):
    """How to read a sensor off a host."""

    value_fn: Callable[[GpuHost], Value]
    attributes_fn: Callable[[GpuHost], Mapping[str, Value]] = lambda _: {}
    settles: bool = False
    """Whether changes are held back, so that the recorder is not flooded."""


def _time(at: int | None) -> datetime | None:
    """Return a time in ms since the epoch as Home Assistant has it, in whole seconds."""
    return dt_util.utc_from_timestamp(at // 1000) if at else None


def _state_attributes(host: GpuHost) -> Mapping[str, Value]:
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
        "since": _time(host.shown(power.since)),
        "goes_off_at": _time(host.shown(goes_off)),
        "not_before": _time(host.shown(tries_again)),
        "by_hand": None if power.hold is Hold.NONE else power.hold.value,
        "reason": host.reason,
    }


SENSORS: tuple[GpuSensorDescription, ...] = (
    GpuSensorDescription(
        key="state",
        translation_key="gpu_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in HostState],
        value_fn=lambda host: host.controller.power.state.value,
        attributes_fn=_state_attributes,
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
        value_fn=lambda host: _time(host.controller.record.last_wake),
    ),
)

ONLINE = BinarySensorEntityDescription(
    key="online",
    translation_key="gpu_online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
)
# Meant to be switched like any other device: no entity category.
POWER = SwitchEntityDescription(key="power", translation_key="gpu_power")
AUTOMATIC = SwitchEntityDescription(
    key="automatic",
    translation_key="gpu_automatic",
    entity_category=EntityCategory.CONFIG,
)
WAKE = ButtonEntityDescription(key="wake", translation_key="gpu_wake")


class GpuSensor(GpuEntity, SensorEntity):
    """A value of a host."""

    entity_description: GpuSensorDescription
    _unrecorded_attributes = frozenset({"expected_run"})
    _written_at: datetime | None = None

    @callback
    @override
    def _changed(self) -> None:
        """Write a count at most every 15 s, but at once when it comes from or to zero."""
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


class GpuOnlineSensor(GpuEntity, BinarySensorEntity):
    """Whether the machine learning answers."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return None before it was asked."""
        return self.host.controller.contact.safe


class GpuPowerSwitch(GpuEntity, SwitchEntity):
    """On wakes the host; off lets it finish, then runs the user's off action."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it is on, or on its way."""
        return self.host.controller.power.is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Wake the host."""
        with translated_errors():
            await self.host.async_ask(Wish.ON)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let the host finish, then switch it off."""
        with translated_errors():
            await self.host.async_ask(Wish.OFF)


class GpuAutomaticSwitch(GpuEntity, SwitchEntity):
    """Whether the host is woken and switched off by itself."""

    @property
    @override
    def is_on(self) -> bool:
        """Return what the user chose."""
        return self.host.controller.record.automatic

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let the policy act, if it can."""
        with translated_errors():
            await self.host.controller.set_automatic(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Leave the host to the user."""
        with translated_errors():
            await self.host.controller.set_automatic(False)


class GpuWakeButton(GpuEntity, ButtonEntity):
    """Wakes the host."""

    @override
    async def async_press(self) -> None:
        """Wake it, and keep it on until it has worked."""
        with translated_errors():
            await self.host.async_ask(Wish.ON)
