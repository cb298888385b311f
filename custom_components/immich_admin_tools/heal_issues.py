"""Repair issues about stuck jobs: what auto-heal was told to leave, or can't solve."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .data import AdminToolsConfigEntry
from .heal_rights import HEAL_RIGHTS
from .healing.auto_heal import AutoHealMode
from .placeholders import plain_placeholders
from .queue_names import queue_name
from .settings import auto_heal_of, heal_limits_of, restart_settings_of

STUCK_JOBS = "stuck_jobs"
WORKERS_BLOCKED = "workers_blocked"
HEAL_LIMIT = "heal_limit"
HEAL_ISSUES = (STUCK_JOBS, WORKERS_BLOCKED, HEAL_LIMIT, HEAL_RIGHTS)

KNOWN_AFTER = 3
"""Good polls after which what is not seen is not there. Just after a reload a job may
not be judged yet, and its issue, which the user may have ignored, has to stay."""


@callback
def async_keep_heal_issues(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Raise and take back the issues for as long as the entry is loaded."""
    runtime = entry.runtime_data
    polls = 0

    @callback
    def keep(key: str, queues: Iterable[str], **placeholders: str) -> None:
        """Raise an issue about queues, or take it back when there are none."""
        names = sorted({queue_name(hass, entry, queue) for queue in queues})
        issue_id = f"{key}_{entry.entry_id}"
        if not names:
            if polls > KNOWN_AFTER or auto_heal_of(entry) is AutoHealMode.OFF:
                ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=plain_placeholders(
                {"title": entry.title, "queues": ", ".join(names), **placeholders}
            ),
        )

    @callback
    def updated() -> None:
        """Look after a poll."""
        nonlocal polls
        if not runtime.queues.last_update_success:
            return
        polls += 1
        mode, healing = auto_heal_of(entry), runtime.healing
        ways = restart_settings_of(entry).ways
        stuck = runtime.queues.data.stuck if mode is AutoHealMode.ALERT_ONLY else ()
        keep(STUCK_JOBS, [job.queue for job in stuck], count=str(len(stuck)))
        if healing is None:
            # Redis was taken out of the entry: nothing is known of workers any more.
            keep(WORKERS_BLOCKED, ())
            keep(HEAL_LIMIT, ())
            return
        restarts = healing.will_restart and bool(ways)
        tells = mode is not AutoHealMode.OFF and not restarts
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
