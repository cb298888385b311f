"""Numbers: how many jobs at once, and when a job counts as stuck."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_THRESHOLDS
from .data import AdminToolsConfigEntry
from .entity import QueueEntity, QueueEntityDescription, async_add_queue_entities
from .errors import translated_errors
from .immich.permissions import Permission
from .settings import stuck_threshold_of

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class QueueNumberDescription(QueueEntityDescription, NumberEntityDescription):
    """A number of a queue."""


CONCURRENCY = QueueNumberDescription(
    key="concurrency",
    translation_key="concurrency",
    on_in_pipeline=True,
    entity_category=EntityCategory.CONFIG,
    native_min_value=1,
    native_max_value=100,
    native_step=1,
    mode=NumberMode.BOX,
)
STUCK_THRESHOLD = QueueNumberDescription(
    key="stuck_threshold",
    translation_key="stuck_threshold",
    on_in_pipeline=True,
    device_class=NumberDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    entity_category=EntityCategory.CONFIG,
    native_min_value=0,
    native_max_value=7 * 24 * 3600,
    native_step=1,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers; concurrency only where Immich has one."""
    server = entry.runtime_data.server

    def numbers(queue: str) -> list[QueueEntity]:
        """Return the numbers of a queue."""
        threshold = StuckThresholdNumber(entry, STUCK_THRESHOLD, queue)
        if queue not in (server.data.concurrency or {}):
            return [threshold]
        return [threshold, ConcurrencyNumber(entry, CONCURRENCY, queue)]

    async_add_queue_entities(entry, async_add_entities, numbers)


class ConcurrencyNumber(QueueEntity, NumberEntity):
    """How many jobs of a queue run at the same time, from Immich's settings."""

    entity_description: QueueNumberDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the slow look at the server, which reads the settings."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._runtime.server.async_add_listener(self._handle_coordinator_update)
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the number is known and may be changed.

        Without systemConfig.update a repair issue says what is missing.
        """
        server = self._runtime.server
        return (
            server.last_update_success
            and self.queue in (server.data.concurrency or {})
            and server.data.may(Permission.SYSTEM_CONFIG_UPDATE)
        )

    @property
    @override
    def native_value(self) -> int | None:
        """Return the number in Immich's settings."""
        return (self._runtime.server.data.concurrency or {}).get(self.queue)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change Immich's settings; running jobs finish first."""
        with translated_errors():
            await self._runtime.client.set_concurrency(self.queue, int(value))
        await self._runtime.server.async_refresh()


class StuckThresholdNumber(QueueEntity, NumberEntity):
    """After how many seconds a job of a queue counts as stuck; 0 = never."""

    entity_description: QueueNumberDescription

    @property
    @override
    def available(self) -> bool:
        """Return True: it is our own setting."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """Return the seconds."""
        return stuck_threshold_of(self._entry, self.queue)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, int | None]:
        """Offer what was learned from the jobs so far; the options take it over."""
        view = self.coordinator.data.queues.get(self.queue)
        return {"learned": None if view is None else view.suggested_threshold}

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Keep the seconds in the options and look at the jobs anew."""
        options = self._entry.options
        thresholds = {**options.get(CONF_THRESHOLDS, {}), self.queue: int(value)}
        self.hass.config_entries.async_update_entry(
            self._entry, options={**options, CONF_THRESHOLDS: thresholds}
        )
        self.async_write_ha_state()
        await self.coordinator.async_request_refresh()
