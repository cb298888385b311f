"""What happened, in the words of the logbook."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
    LazyEventPartialState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .entry_activity import BUS_EVENT

_TYPE = f"component.{DOMAIN}.entity.event.activity.state_attributes.event_type.state"
_OUTCOME = f"component.{DOMAIN}.entity.sensor.last_heal.state_attributes.outcome.state"


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[
        [str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None
    ],
) -> None:
    """Describe our events in the language of Home Assistant."""

    @callback
    def describe(event: LazyEventPartialState) -> dict[str, Any]:
        """Say what happened, to which photo, and what came of it."""
        data = event.data
        words = async_get_cached_translations(
            hass, hass.config.language, "entity", DOMAIN
        )
        kind = str(data.get("type"))
        parts = [words.get(f"{_TYPE}.{kind}", kind)]
        if path := data.get("asset_path"):
            parts.append(PurePosixPath(path).name)
        if outcome := data.get("outcome"):
            parts.append(words.get(f"{_OUTCOME}.{outcome}", outcome))
        return {
            LOGBOOK_ENTRY_NAME: _name(hass, data),
            LOGBOOK_ENTRY_MESSAGE: ": ".join(parts[:2])
            + "".join(f" – {part}" for part in parts[2:]),
        }

    async_describe_event(DOMAIN, BUS_EVENT, describe)


def _name(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return the name of the device that an event is about."""
    device = dr.async_get(hass).async_get(str(data.get("device_id")))
    name = device and (device.name_by_user or device.name)
    return name or str(data.get("instance"))
