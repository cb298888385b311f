"""Repair issues about stuck jobs: what auto-heal was told to leave, or can't solve."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .const import DOMAIN
from .coordinator import AdminToolsConfigEntry
from .heal_rights import HEAL_RIGHTS
from .healing.auto_heal import AutoHealMode
from .identifiers import queue_identifier
from .settings import auto_heal_of, heal_limits_of

STUCK_JOBS = "stuck_jobs"
WORKERS_BLOCKED = "workers_blocked"
HEAL_LIMIT = "heal_limit"
HEAL_ISSUES = (STUCK_JOBS, WORKERS_BLOCKED, HEAL_LIMIT, HEAL_RIGHTS)


@callback
def async_keep_heal_issues(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Raise and take back the issues for as long as the entry is loaded."""
    runtime = entry.runtime_data

    @callback
    def keep(key: str, queues: Iterable[str], **placeholders: str) -> None:
        """Raise an issue about queues, or take it back when there are none."""
        names = sorted({_queue_name(hass, entry, queue) for queue in queues})
        issue_id = f"{key}_{entry.entry_id}"
        if not names:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "title": entry.title,
                "queues": ", ".join(names),
                **placeholders,
            },
        )

    @callback
    def updated() -> None:
        """Look after a poll."""
        if not runtime.queues.last_update_success:
            return
        mode, healing = auto_heal_of(entry), runtime.healing
        stuck = runtime.queues.data.stuck if mode is AutoHealMode.ALERT_ONLY else ()
        keep(STUCK_JOBS, [job.queue for job in stuck], count=str(len(stuck)))
        if healing is None:
            return
        tells = mode is not AutoHealMode.OFF and not healing.will_restart
        blocked = {
            queue: count
            for queue in runtime.queues.data.queues
            if tells and (count := healing.lost_slots(queue))
        }
        keep(WORKERS_BLOCKED, blocked, count=str(sum(blocked.values())))
        held_back = healing.held_back
        keep(
            HEAL_LIMIT,
            [job.queue for job in held_back],
            count=str(len(held_back)),
            limit=str(heal_limits_of(entry).per_hour),
        )

    entry.async_on_unload(runtime.queues.async_add_listener(updated))
    updated()


def _queue_name(hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str) -> str:
    """Return what a queue is called in the user's language."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        queue_identifier(entry, queue), entry.entry_id
    )
    return (device and (device.name_by_user or device.name)) or queue
