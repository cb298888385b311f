"""The sensor of the last heal: when, what, and what was verified of it."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.util import dt as dt_util

from .data import AdminToolsConfigEntry
from .entity import ServerEntity
from .history.events import Event

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


class LastHealSensor(ServerEntity, SensorEntity):
    """When a stuck job was last dealt with. Its outcome may still change."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        """Belong to the server."""
        super().__init__(entry, LAST_HEAL)
        self._activity = entry.runtime_data.activity

    @property
    @override
    def available(self) -> bool:
        """Return True: it is kept here."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the history too, which may change between two polls."""
        await super().async_added_to_hass()
        self.async_on_remove(self._activity.async_listen(self._happened))

    def _happened(self, _event: Event) -> None:
        """Show it at once."""
        self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return when it was."""
        last = self._activity.history.last_heal
        return None if last is None else dt_util.utc_from_timestamp(last.at // 1000)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what was done, and what was verified of it."""
        last = self._activity.history.last_heal
        known = {} if last is None else last.to_dict()
        return {key: known.get(key) for key in SHOWN}
