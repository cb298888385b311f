"""Buttons: one step, now."""

from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import AdminToolsConfigEntry
from .entity import ServerEntity

PARALLEL_UPDATES = 1

RESTART_WORKERS = ButtonEntityDescription(
    key="restart_workers",
    translation_key="restart_workers",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of the server."""
    async_add_entities([RestartWorkersButton(entry)])


class RestartWorkersButton(ServerEntity, ButtonEntity):
    """Restarts the workers in the way that the options name."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        """Belong to the server."""
        super().__init__(entry, RESTART_WORKERS)
        self._entry = entry

    @property
    @override
    def available(self) -> bool:
        """Stay usable while nothing answers: that may be the reason to press it."""
        return True

    @override
    async def async_press(self) -> None:
        """Restart, and wait until the workers are back."""
        await self._entry.runtime_data.restart.async_restart()
