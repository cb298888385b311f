"""System health: whether Immich and Redis answer."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .data import AdminToolsConfigEntry


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register the card on the system page."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return a line per fact; with several entries, the first one's."""
    entries: list[AdminToolsConfigEntry] = hass.config_entries.async_loaded_entries(
        DOMAIN
    )
    if not entries:
        return {"immich": "not loaded"}
    runtime = entries[0].runtime_data
    redis = runtime.queues.redis
    return {
        "immich": str(runtime.server.data.version),
        "immich_answers": runtime.server.answers,
        "redis_answers": redis.connected if redis else "not set up",
        "queues": len(runtime.queues.data.queues),
    }
