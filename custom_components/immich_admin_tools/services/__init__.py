"""The actions, all of them. They need an admin, or no user (automations)."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service
import voluptuous as vol

from ..const import DOMAIN
from ..gpu_host.models import PowerRequest
from . import history, hosts, jobs, queues
from .handlers import Handler, for_all_queues, for_each_queue

ACTIONS: dict[str, tuple[Handler, vol.Schema]] = {
    "clear_all_and_restart": (jobs.clear_all_and_restart, jobs.CLEAR_ALL_SCHEMA),
    "clear_failed": (for_each_queue(queues.clear_failed), queues.TARGET_SCHEMA),
    "clear_job": (for_all_queues(jobs.clear_job), jobs.CLEAR_JOB_SCHEMA),
    "clear_stuck": (for_all_queues(jobs.clear_stuck), jobs.CLEAR_STUCK_SCHEMA),
    "clear_waiting": (for_each_queue(queues.clear_waiting), queues.TARGET_SCHEMA),
    "export_history": (history.export_history, history.EXPORT_SCHEMA),
    "pause": (for_each_queue(queues.pause), queues.PAUSE_SCHEMA),
    "restart_machine_learning": (hosts.restart_machine_learning, hosts.HOSTS_SCHEMA),
    "restart_workers": (queues.restart_workers, queues.RESTART_SCHEMA),
    "resume": (for_each_queue(queues.resume), queues.TARGET_SCHEMA),
    "retry_failed": (for_each_queue(queues.retry_failed), queues.TARGET_SCHEMA),
    "run_queue": (for_each_queue(queues.run_queue), queues.RUN_QUEUE_SCHEMA),
    "sleep": (hosts.request_power(PowerRequest.OFF), hosts.HOSTS_SCHEMA),
    "wake": (hosts.request_power(PowerRequest.ON), hosts.HOSTS_SCHEMA),
}
"""What does something, and may answer."""

QUERIES: dict[str, tuple[Handler, vol.Schema]] = {
    "get_history": (history.get_history, history.GET_SCHEMA),
    "get_jobs": (
        for_all_queues(jobs.get_jobs, looks_only=True),
        jobs.GET_JOBS_SCHEMA,
    ),
    "get_queue": (
        for_all_queues(jobs.get_queue, looks_only=True),
        jobs.GET_QUEUE_SCHEMA,
    ),
    "get_statistics": (history.get_statistics, history.STATISTICS_SCHEMA),
}
"""What only answers."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for actions, supports_response in (
        (ACTIONS, SupportsResponse.OPTIONAL),
        (QUERIES, SupportsResponse.ONLY),
    ):
        for name, (handler, schema) in actions.items():
            async_register_admin_service(
                hass, DOMAIN, name, handler, schema, supports_response
            )
