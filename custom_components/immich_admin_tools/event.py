"""Events: the activity of one Immich, as the bus tells it."""

from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import AdminToolsConfigEntry
from .entity import ServerEntity
from .history.events import Event, EventType

PARALLEL_UPDATES = 0

ACTIVITY = EventEntityDescription(
    key="activity",
    translation_key="activity",
    event_types=[kind.value for kind in EventType],
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event of the server."""
    async_add_entities([ActivityEvent(entry)])


class ActivityEvent(ServerEntity, EventEntity):
    """The last thing that happened."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, ACTIVITY)
        self._activity = entry.runtime_data.history

    @property
    @override
    def available(self) -> bool:
        """Return True: what happened stays true while nobody answers."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Be told of everything that is told on the bus."""
        await super().async_added_to_hass()
        self.async_on_remove(self._activity.async_listen(self._happened))

    @callback
    def _happened(self, event: Event) -> None:
        """Show an event; what changed nothing is only in the history."""
        data = self._activity.event_data(event)
        self._trigger_event(str(data.pop("type")), data)
        self.async_write_ha_state()
