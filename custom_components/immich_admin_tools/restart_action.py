"""The action that restarts the workers."""

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .const import DOMAIN
from .data import AdminToolsConfigEntry
from .restart.restarter import RestartReport
from .service_targets import ATTR_CONFIG_ENTRY_ID

ATTR_FORCE = "force"

RESTART_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
    }
)


def restart_summary(report: RestartReport) -> JsonObjectType:
    """Return what a restart did as plain data; times in seconds."""
    return {
        "way": report.way.value,
        "confirmed": report.confirmed,
        "seconds": round(report.seconds, 1),
        "queues": {
            queue: {"back_after": round(seconds, 1)}
            for queue, seconds in report.back_after.items()
        },
        "missing": list(report.missing),
        "failed_ways": [
            {"way": way, "reason": str(error)} for way, error in report.failures
        ],
        "still_paused": list(report.still_paused),
    }


@callback
def async_setup_restart_action(hass: HomeAssistant) -> None:
    """Register the action. It needs an admin, or no user (automations)."""

    async def restart(call: ServiceCall) -> ServiceResponse:
        """Restart the workers of one Immich."""
        entry: AdminToolsConfigEntry = service.async_get_config_entry(
            hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
        )
        report = await entry.runtime_data.restart.async_restart(
            force=call.data[ATTR_FORCE]
        )
        return restart_summary(report)

    service.async_register_admin_service(
        hass,
        DOMAIN,
        "restart_workers",
        restart,
        RESTART_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
