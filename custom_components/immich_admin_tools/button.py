"""Buttons: clear, retry, restart, wake and sleep, once per press."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import AdminToolsConfigEntry, reachable_healing
from .entity import (
    GpuEntity,
    QueueEntity,
    QueueEntityDescription,
    ServerEntity,
    async_add_gpu_entities,
    async_add_queue_entities,
)
from .errors import translated_errors
from .gpu_host.models import PowerRequest
from .healing.policy import Order
from .settings import restart_settings_of

# Verifying takes half a minute: no other button has to wait for it.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class QueueButtonDescription(QueueEntityDescription, ButtonEntityDescription):
    """A button of a queue."""


RESTART_WORKERS = ButtonEntityDescription(
    key="restart_workers",
    translation_key="restart_workers",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
)
CLEAR_STUCK = ButtonEntityDescription(
    key="clear_stuck",
    translation_key="clear_stuck",
    entity_category=EntityCategory.CONFIG,
)
CLEAR_STUCK_IN_QUEUE = QueueButtonDescription(
    key="clear_stuck",
    translation_key="clear_stuck",
    entity_category=EntityCategory.CONFIG,
    on_in_pipeline=True,
    needs_redis=True,
)
RETRY_FAILED = QueueButtonDescription(
    key="retry_failed",
    translation_key="retry_failed",
    entity_category=EntityCategory.CONFIG,
    needs_redis=True,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons; those that touch single jobs only where Redis is set up."""
    async_enable_restart_button(hass, entry)
    async_add_entities([RestartWorkersButton(entry)])
    async_add_gpu_entities(
        entry, async_add_entities, lambda host: [GpuWakeButton(host, WAKE)]
    )
    if entry.runtime_data.healing is None:
        return
    async_add_entities([ClearStuckButton(entry)])
    async_add_queue_entities(
        entry,
        async_add_entities,
        lambda queue: [
            ClearStuckInQueueButton(entry, CLEAR_STUCK_IN_QUEUE, queue),
            RetryFailedButton(entry, RETRY_FAILED, queue),
        ],
    )


@callback
def async_enable_restart_button(
    hass: HomeAssistant, entry: AdminToolsConfigEntry
) -> None:
    """Switch the button on where version 0.1.0 had it switched off by itself.

    There it could only be found by somebody who looked for it.
    """
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        Platform.BUTTON, DOMAIN, f"{entry.unique_id}_{RESTART_WORKERS.key}"
    )
    if entity_id is None:
        return
    if registry.entities[entity_id].disabled_by is er.RegistryEntryDisabler.INTEGRATION:
        registry.async_update_entity(entity_id, disabled_by=None)


class RestartWorkersButton(ServerEntity, ButtonEntity):
    """Restarts the workers in the way that the options name."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, RESTART_WORKERS)
        self._entry = entry

    @property
    @override
    def available(self) -> bool:
        """Return whether a way was chosen.

        It stays usable while nothing answers: that may be the reason to press it.
        """
        return bool(restart_settings_of(self._entry).methods)

    @override
    async def async_press(self) -> None:
        """Restart, and wait until the workers are back."""
        await self._entry.runtime_data.restart.async_restart()


class ClearStuckButton(ServerEntity, ButtonEntity):
    """Takes all stuck jobs out of all queues, and checks what that achieved."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, CLEAR_STUCK)
        self._entry = entry

    @property
    @override
    def available(self) -> bool:
        """Return whether Redis answers."""
        healing = self._entry.runtime_data.healing
        return super().available and healing is not None and healing.reachable

    @override
    async def async_press(self) -> None:
        """Clear them; takes up to half a minute."""
        with translated_errors():
            await reachable_healing(self._entry).heal(
                tuple(self.coordinator.data.queues), Order()
            )
        await self.coordinator.async_request_refresh()


class ClearStuckInQueueButton(QueueEntity, ButtonEntity):
    """Takes all stuck jobs out of a queue, and checks what that achieved."""

    entity_description: QueueButtonDescription

    @override
    async def async_press(self) -> None:
        """Clear them; takes up to half a minute."""
        with translated_errors():
            await reachable_healing(self._entry).heal((self.queue,), Order())
        await self.coordinator.async_request_refresh()


class RetryFailedButton(QueueEntity, ButtonEntity):
    """Puts the jobs that were given up back into the queue."""

    entity_description: QueueButtonDescription

    @override
    async def async_press(self) -> None:
        """Put them behind all that wait."""
        with translated_errors():
            await reachable_healing(self._entry).retry_failed(self.queue)
        await self.coordinator.async_request_refresh()


WAKE = ButtonEntityDescription(key="wake", translation_key="gpu_wake")


class GpuWakeButton(GpuEntity, ButtonEntity):
    """Wakes the host."""

    @override
    async def async_press(self) -> None:
        """Wake it, and keep it on until it has worked."""
        with translated_errors():
            await self.host.async_ask(PowerRequest.ON)
