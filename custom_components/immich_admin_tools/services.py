"""The actions. They need an admin, or no user (automations)."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service
import voluptuous as vol

from . import job_actions, job_queries, queue_actions
from .const import DOMAIN
from .history_actions import async_setup_history_actions
from .service_handlers import Handler, for_all_queues, for_each_queue
from .statistics_action import async_setup_statistics_action


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
        ("pause", queue_actions.pause, queue_actions.PAUSE_SCHEMA),
        ("resume", queue_actions.resume, queue_actions.TARGET_SCHEMA),
        ("clear_waiting", queue_actions.clear_waiting, queue_actions.TARGET_SCHEMA),
        ("clear_failed", queue_actions.clear_failed, queue_actions.TARGET_SCHEMA),
        ("retry_failed", queue_actions.retry_failed, queue_actions.TARGET_SCHEMA),
        ("run_queue", queue_actions.run_queue, queue_actions.RUN_QUEUE_SCHEMA),
    ):
        register(name, for_each_queue(hass, action), schema)
    for name, entry_action, schema in (
        ("clear_stuck", job_actions.clear_stuck, job_actions.CLEAR_STUCK_SCHEMA),
        ("clear_job", job_actions.clear_job, job_actions.CLEAR_JOB_SCHEMA),
    ):
        register(name, for_all_queues(hass, entry_action), schema)
    register(
        "clear_all_and_restart",
        job_actions.clear_all_and_restart(hass),
        job_actions.CLEAR_ALL_SCHEMA,
    )
    for name, query, schema in (
        ("get_queue", job_queries.get_queue, job_queries.GET_QUEUE_SCHEMA),
        ("get_jobs", job_queries.get_jobs, job_queries.GET_JOBS_SCHEMA),
    ):
        register(
            name,
            for_all_queues(hass, query, looks_only=True),
            schema,
            SupportsResponse.ONLY,
        )
    async_setup_history_actions(hass)
    async_setup_statistics_action(hass)
