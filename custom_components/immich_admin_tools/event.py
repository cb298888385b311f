"""Events: the activity of one Immich, as the bus tells it."""

from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import AdminToolsConfigEntry
from .entity import ActivityEntity
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


class ActivityEvent(ActivityEntity, EventEntity):
    """The last thing that happened."""

    def __init__(self, entry: AdminToolsConfigEntry) -> None:
        super().__init__(entry, ACTIVITY)

    @callback
    @override
    def _happened(self, event: Event) -> None:
        """Show an event; what changed nothing is only in the history."""
        data = self._history.event_data(event)
        self._trigger_event(str(data.pop("type")), data)
        self.async_write_ha_state()
