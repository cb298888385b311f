"""Repair issues: what only the user can put right."""

from collections.abc import Callable, Collection, Mapping

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.core import HomeAssistant, callback

from ..bullmq.errors import AuthenticationError, MissingRightsError
from ..data import AdminToolsConfigEntry
from ..devices import queue_names
from ..errors import message_of
from ..healing.manager import (
    HEAL_ISSUES,
    HEAL_LIMIT,
    HEAL_RIGHTS,
    STUCK_JOBS,
    WORKERS_BLOCKED,
)
from ..immich.permissions import Permission
from ..issues import async_set_issue
from ..pauses.manager import (
    BOX_PAUSE_ISSUES,
    BOX_REMOVED_PAUSED,
    FOUND_PAUSED,
    PAUSED_WHILE_DISABLED,
)
from ..restart.manager import RESTART_ACTIONS_INVALID, RESTART_FAILED, RESTART_ISSUES
from ..skipped_jobs import JOBS_BURNT, async_remove_skipped
from ..texts import localized
from .flow import IssueData
from .pauses import BoxRemovedFlow, FoundPausedFlow
from .restart import ActionsInvalidFlow, RestartFlow
from .rights import HealRightsFlow
from .skipped import SkippedJobsFlow
from .stuck import HealLimitFlow, StuckJobsFlow

UNKNOWN_LAYOUT = "unknown_layout"
VERSION_MISSING = "version_missing"
MISSING_OPTIONAL_PERMISSION = "missing_optional_permission"
REDIS_LOGIN = "redis_login"
ISSUES = (
    UNKNOWN_LAYOUT,
    VERSION_MISSING,
    MISSING_OPTIONAL_PERMISSION,
    REDIS_LOGIN,
    *RESTART_ISSUES,
    *BOX_PAUSE_ISSUES,
    PAUSED_WHILE_DISABLED,
    *HEAL_ISSUES,
)


@callback
def async_keep_issues(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Raise and take back the issues of an entry for as long as it is loaded."""
    runtime = entry.runtime_data

    @callback
    def keep(key: str, placeholders: Mapping[str, str] | None) -> None:
        """Raise the issue, or take it back when there are no placeholders."""
        async_set_issue(hass, entry, key, placeholders, is_fixable=key in FIX_FLOWS)

    def named(queues: Collection[str]) -> dict[str, str] | None:
        """Return the queues' names for a text, or None where there are none."""
        names = ", ".join(queue_names(hass, entry, queues))
        return {"queues": names} if queues else None

    @callback
    def queues_updated() -> None:
        """Look at what Redis says."""
        redis = runtime.queues.redis
        if redis is None:
            # Redis was taken out of the entry, and what was said of it goes with it.
            keep(UNKNOWN_LAYOUT, None)
            keep(REDIS_LOGIN, None)
            return
        if not runtime.queues.last_update_success:
            return
        if redis.connected:
            missing = redis.without_version
            unknown = [
                queue
                for queue in runtime.queues.data.unknown_layouts
                if queue not in missing
            ]
            keep(VERSION_MISSING, named(missing))
            keep(UNKNOWN_LAYOUT, named(unknown))
        if isinstance(redis.error, AuthenticationError | MissingRightsError):
            key, words = message_of(redis.error)
            text = localized(hass, "exceptions", f"{key}.message", **words)
            keep(REDIS_LOGIN, {"error": text or words["error"]})
        else:
            keep(REDIS_LOGIN, None)

    @callback
    def server_updated() -> None:
        """Look at the rights of the API key."""
        if not runtime.server.last_update_success:
            return
        missing = [
            permission.value
            for permission in (
                Permission.SYSTEM_CONFIG_READ,
                Permission.SYSTEM_CONFIG_UPDATE,
            )
            if not runtime.server.data.may(permission)
        ]
        keep(
            MISSING_OPTIONAL_PERMISSION,
            {"missing": ", ".join(missing)} if missing else None,
        )

    @callback
    def unloaded() -> None:
        """Take back what is said of an entry that was switched off.

        A reload keeps it, so that what the user chose to ignore stays ignored.
        """
        if entry.disabled_by is not None:
            async_remove_issues(hass, entry, keep=PAUSED_WHILE_DISABLED)

    entry.async_on_unload(unloaded)
    entry.async_on_unload(runtime.queues.async_add_listener(queues_updated))
    entry.async_on_unload(runtime.server.async_add_listener(server_updated))
    queues_updated()
    server_updated()


@callback
def async_remove_issues(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, *, keep: str | None = None
) -> None:
    """Take all issues of an entry back, but for one that is about it being away."""
    for key in ISSUES:
        if key == keep:
            continue
        async_set_issue(hass, entry, key, None)
    async_remove_skipped(hass, entry.entry_id)


type FlowMaker = Callable[[str, IssueData | None], RepairsFlow]

FIX_FLOWS: dict[str, FlowMaker] = {
    BOX_REMOVED_PAUSED: lambda _, data: BoxRemovedFlow(data or {}),
    FOUND_PAUSED: lambda _, data: FoundPausedFlow(data or {}),
    HEAL_LIMIT: HealLimitFlow,
    HEAL_RIGHTS: HealRightsFlow,
    JOBS_BURNT: lambda _, data: SkippedJobsFlow(data or {}),
    RESTART_ACTIONS_INVALID: ActionsInvalidFlow,
    RESTART_FAILED: RestartFlow,
    STUCK_JOBS: StuckJobsFlow,
    VERSION_MISSING: RestartFlow,
    WORKERS_BLOCKED: RestartFlow,
}
"""The dialogs, by what the ids of their issues start with."""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: IssueData | None
) -> RepairsFlow:
    """Return the dialog of an issue that can be put right here.

    An issue that is only to be read has none of its own: it ends when it was read.
    """
    for key, make in FIX_FLOWS.items():
        if issue_id.startswith(f"{key}_"):
            return make(issue_id, data)
    return ConfirmRepairFlow()
