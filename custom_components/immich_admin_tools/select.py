"""Selects: what is done about stuck jobs without being asked."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_AUTO_HEAL, DOMAIN
from .data import AdminToolsConfigEntry
from .entity import ServerEntity
from .healing.policy import AutoHealMode
from .settings import auto_heal_of, restart_settings_of

PARALLEL_UPDATES = 1

AUTO_HEAL = SelectEntityDescription(
    key="auto_heal",
    translation_key="auto_heal",
    entity_category=EntityCategory.CONFIG,
    options=[mode.value for mode in AutoHealMode],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the select of the server."""
    async_add_entities([AutoHealSelect(entry)])


class AutoHealSelect(ServerEntity, SelectEntity):
    """What is done about stuck jobs without being asked; kept in the options."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        """Without Redis no job can be cleared, so there is less to choose from."""
        super().__init__(entry, AUTO_HEAL)
        self._entry = entry
        if entry.runtime_data.healing is None:
            self._attr_options = [AutoHealMode.OFF, AutoHealMode.ALERT_ONLY]

    @property
    @override
    def available(self) -> bool:
        """Return True: it is our own setting."""
        return True

    @property
    @override
    def current_option(self) -> str | None:
        """Return what is chosen; without Redis the rest comes down to telling."""
        chosen = auto_heal_of(self._entry)
        return chosen if chosen in self.options else AutoHealMode.ALERT_ONLY

    @override
    async def async_select_option(self, option: str) -> None:
        """Keep the choice in the options, and let it take effect.

        Raises ServiceValidationError for a restart that could not come about.
        """
        if (
            option == AutoHealMode.CLEAR_AND_RESTART
            and not restart_settings_of(self._entry).methods
        ):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="restart_no_way"
            )
        self.hass.config_entries.async_update_entry(
            self._entry, options={**self._entry.options, CONF_AUTO_HEAL: option}
        )
        self.async_write_ha_state()
        await self.coordinator.async_request_refresh()
