"""Switches: whether a queue runs; power and automatic control of a GPU box."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import AdminToolsConfigEntry
from .entity import (
    GpuEntity,
    QueueEntity,
    QueueEntityDescription,
    async_add_gpu_entities,
    async_add_queue_entities,
)
from .errors import translated_errors
from .gpu_host.models import PowerRequest
from .pauses.attributes import pause_attributes

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class QueueSwitchDescription(QueueEntityDescription, SwitchEntityDescription):
    """A switch of a queue."""


PROCESSING = QueueSwitchDescription(
    key="processing",
    translation_key="processing",
    on_everywhere=True,
    # Off is a pause: "turn off everything" by area, device or voice must not.
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a switch per queue."""
    async_add_queue_entities(
        entry,
        async_add_entities,
        lambda queue: [ProcessingSwitch(entry, PROCESSING, queue)],
    )
    async_add_gpu_entities(
        entry,
        async_add_entities,
        lambda host: [GpuPowerSwitch(host, POWER), GpuAutomaticSwitch(host, AUTOMATIC)],
    )


class ProcessingSwitch(QueueEntity, SwitchEntity):
    """On while the queue works, off while it is paused."""

    entity_description: QueueSwitchDescription

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the queue is not paused."""
        return not self.view.is_paused

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Say who keeps the queue paused, since when and until when."""
        return pause_attributes(self.view, self._runtime.leases)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Resume the queue."""
        with translated_errors():
            await self._runtime.leases.user_resumes(self.queue)
        await self.coordinator.async_request_refresh()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause the queue; what is being worked on is finished."""
        with translated_errors():
            await self._runtime.leases.user_pauses(self.queue)
        await self.coordinator.async_request_refresh()


# Meant to be switched like any other device: no entity category.
POWER = SwitchEntityDescription(key="power", translation_key="gpu_power")

AUTOMATIC = SwitchEntityDescription(
    key="automatic",
    translation_key="gpu_automatic",
    entity_category=EntityCategory.CONFIG,
)


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
            await self.host.async_ask(PowerRequest.ON)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let the host finish, then switch it off."""
        with translated_errors():
            await self.host.async_ask(PowerRequest.OFF)


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
