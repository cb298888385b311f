"""The actions. They need an admin, or no user (automations)."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service
import voluptuous as vol

from ..const import DOMAIN
from . import jobs, queues
from .handlers import Handler, for_all_queues, for_each_queue
from .history import async_setup_history_actions, async_setup_statistics_action


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register them."""

    def register(
        name: str,
        handler: Handler,
        schema: vol.Schema,
        supports_response: SupportsResponse = SupportsResponse.OPTIONAL,
    ) -> None:
        """Register one action."""
        async_register_admin_service(
            hass, DOMAIN, name, handler, schema, supports_response
        )

    for name, action, schema in (
        ("pause", queues.pause, queues.PAUSE_SCHEMA),
        ("resume", queues.resume, queues.TARGET_SCHEMA),
        ("clear_waiting", queues.clear_waiting, queues.TARGET_SCHEMA),
        ("clear_failed", queues.clear_failed, queues.TARGET_SCHEMA),
        ("retry_failed", queues.retry_failed, queues.TARGET_SCHEMA),
        ("run_queue", queues.run_queue, queues.RUN_QUEUE_SCHEMA),
    ):
        register(name, for_each_queue(hass, action), schema)
    for name, entry_action, schema in (
        ("clear_stuck", jobs.clear_stuck, jobs.CLEAR_STUCK_SCHEMA),
        ("clear_job", jobs.clear_job, jobs.CLEAR_JOB_SCHEMA),
    ):
        register(name, for_all_queues(hass, entry_action), schema)
    register(
        "clear_all_and_restart",
        jobs.clear_all_and_restart(hass),
        jobs.CLEAR_ALL_SCHEMA,
    )
    for name, query, schema in (
        ("get_queue", jobs.get_queue, jobs.GET_QUEUE_SCHEMA),
        ("get_jobs", jobs.get_jobs, jobs.GET_JOBS_SCHEMA),
    ):
        register(
            name,
            for_all_queues(hass, query, looks_only=True),
            schema,
            SupportsResponse.ONLY,
        )
    async_setup_history_actions(hass)
    async_setup_statistics_action(hass)
