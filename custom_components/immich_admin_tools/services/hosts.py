"""The actions of the GPU hosts: wake and sleep."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..data import AdminToolsConfigEntry
from ..errors import translated_errors
from ..gpu_host.manager import GpuHost
from ..gpu_host.models import PowerRequest
from .handlers import Handler

HOSTS_SCHEMA = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string])}
)


@callback
def async_hosts_of(call: ServiceCall) -> list[GpuHost]:
    """Return the hosts that a call means. Raises ServiceValidationError."""
    hosts: list[GpuHost] = []
    for device_id in dict.fromkeys(call.data[ATTR_DEVICE_ID]):
        device, found = service.async_get_device_and_config_entry(
            call.hass, DOMAIN, device_id
        )
        entry: AdminToolsConfigEntry = found
        known = entry.runtime_data.gpu_hosts.hosts
        own = [known[name] for _, name in device.identifiers if name in known]
        if not own:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_a_gpu_host",
                translation_placeholders={
                    "device": device.name_by_user or device.name or device_id
                },
            )
        hosts += own
    return hosts


def request_power(request: PowerRequest) -> Handler:
    """Return what asks hosts to go on or off."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        """Ask all hosts, then say what they do."""
        hosts = async_hosts_of(call)
        with translated_errors():
            for host in hosts:
                await host.async_ask(request)
        return {
            "hosts": {
                host.settings.name: {"state": host.controller.power.state.value}
                for host in hosts
            }
        }

    return handle


async def restart_machine_learning(call: ServiceCall) -> ServiceResponse:
    """Restart the machine learning of all hosts, one after the other."""
    answers: dict[str, JsonValueType] = {}
    with translated_errors():
        for host in async_hosts_of(call):
            seconds = await host.async_restart_service()
            answers[host.settings.name] = {"seconds": round(seconds, 1)}
    return {"hosts": answers}
