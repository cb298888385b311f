"""Restarts of the workers for one config entry: the user's ways, and what went wrong."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .analysis.models import QueueState, Source
from .bullmq.address import split_user_info
from .clock import now_ms
from .const import DOMAIN, LOGGER
from .errors import translated_errors
from .healing.errors import (
    HealingError,
    LockedOutError,
    OwnActionsError,
    RestartFailedError,
)
from .healing.events import Event, EventType
from .healing.lease_keeper import LeaseKeeper
from .healing.restart import Restarter, RestartPlan, RestartReport
from .healing.restart_ways import (
    ActionsWay,
    MaintenanceWay,
    RedisWay,
    RestartWay,
    WayKind,
)
from .healing.worker_watch import ApiWatch, RedisWatch, WorkerWatch
from .immich.client import ImmichClient
from .immich.errors import ImmichError
from .immich.queues import QueueName
from .maintenance_guard import create_maintenance_guard
from .redis_source import RedisSource
from .settings import restart_limits_of, restart_settings_of
from .stores import EntryStores
from .user_actions import async_check_actions, async_run_actions

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

RESTART = "restart"
"""Section of the safety store."""

MAINTENANCE_LOCKED = "maintenance_locked"
RESTART_FAILED = "restart_failed"
RESTART_ACTIONS_INVALID = "restart_actions_invalid"
RESTART_ISSUES = (MAINTENANCE_LOCKED, RESTART_FAILED, RESTART_ACTIONS_INVALID)

STARTING_WITHIN = 600_000
"""ms after which Immich is no longer starting."""

ACTIONS_TIMEOUT = 300.0
"""Seconds for the user's own actions."""


class EntryRestart:
    """What the entities and actions of one Immich need for a restart."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        client: ImmichClient,
        stores: EntryStores,
        leases: LeaseKeeper,
        redis: RedisSource | None,
    ) -> None:
        """Go on from what is stored."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._redis = redis
        self._leases = leases
        self._guard = create_maintenance_guard(entry, client, stores)
        self._restarter = Restarter(
            stores.safety.section(RESTART),
            leases,
            self._watch(),
            now_ms,
            self._restarted,
            self._is_users_pause,
        )

    @property
    def running(self) -> bool:
        """Return whether a restart is under way."""
        return self._restarter.running

    @property
    def tries(self) -> list[int]:
        """Return when a restart was tried within 24 hours: ms since the epoch."""
        return self._restarter.tries

    async def async_restart(self, *, force: bool = False) -> RestartReport:
        """Restart the workers in the user's order of ways; takes 10 to 100 s.

        Goes on when whoever waits for it no longer does. `force`: in spite of the
        limits. Raises a translated HomeAssistantError when nothing was restarted.
        """
        task = self._entry.async_create_background_task(
            self._hass, self._restart(force), "restart of Immich's workers"
        )
        # Nobody may be left to ask for its error; the issue tells it then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        with translated_errors():
            return await asyncio.shield(task)

    @callback
    def async_check(self, *, force: bool = False) -> None:
        """Raise a translated HomeAssistantError when a restart would be refused."""
        with translated_errors():
            self._restarter.check(self._plan(), force=force)

    def _plan(self) -> RestartPlan:
        """Return what a restart would be like."""
        return RestartPlan(
            tuple(self._ways()),
            self._entry.runtime_data.server.data.queues,
            restart_limits_of(self._entry),
        )

    async def _restart(self, force: bool) -> RestartReport:
        """Restart, and raise or take back the issue."""
        runtime = self._entry.runtime_data
        try:
            report = await self._restarter.restart(self._plan(), force=force)
        except RestartFailedError as err:
            self._raise_issue(RESTART_FAILED, {"reasons": str(err)})
            if any(isinstance(error, LockedOutError) for _, error in err.failures):
                self._raise_issue(MAINTENANCE_LOCKED, {})
            failed = Event(EventType.RESTART_FAILED, now_ms(), reason=str(err))
            await runtime.activity.async_tell(failed)
            if len(err.failures) == 1:
                raise err.failures[0][1] from err
            raise
        finally:
            await runtime.queues.async_request_refresh()
        self._delete_issue(RESTART_FAILED)
        seconds = round(report.seconds)
        await runtime.activity.async_tell(
            Event(
                EventType.WORKERS_RESTARTED,
                now_ms(),
                reason=report.way.value,
                duration=seconds,
            )
        )
        return report

    def _ways(self) -> Iterator[RestartWay]:
        """Yield the ways that the user chose, in the user's order."""
        chosen = restart_settings_of(self._entry)
        for kind in chosen.ways:
            match kind:
                case WayKind.REDIS if self._redis is not None:
                    yield RedisWay(
                        self._redis.client,
                        self._redis.settings.prefix,
                        split_user_info(self._redis.settings.url).database,
                        frozenset(QueueName),
                        now_ms,
                        others_too=chosen.others_too,
                    )
                case WayKind.MAINTENANCE:
                    yield MaintenanceWay(self._guard)
                case WayKind.ACTIONS:
                    yield ActionsWay(self._run_actions, now_ms)

    async def _run_actions(self) -> None:
        """Run what the user chose. Raises OwnActionsError."""
        actions = restart_settings_of(self._entry).actions
        if not actions:
            raise OwnActionsError("No actions were chosen")
        await async_run_actions(
            self._hass,
            actions,
            f"{self._entry.title} restart",
            {"entry_id": self._entry.entry_id, "instance": self._entry.title},
            ACTIONS_TIMEOUT,
        )

    def _watch(self) -> WorkerWatch:
        """Return what sees the workers come back."""
        if self._redis is None:
            return ApiWatch(
                self._client.version,
                lambda: self._entry.runtime_data.server.data.queues,
                now_ms,
            )
        return RedisWatch(
            self._redis.client,
            self._redis.settings.prefix,
            split_user_info(self._redis.settings.url).database,
            self._heartbeats,
        )

    async def _heartbeats(self) -> Mapping[str, int | None]:
        """Look at the queues; return when each worker was heard last."""
        queues = self._entry.runtime_data.queues
        await queues.async_refresh()
        if not queues.last_update_success or queues.data.source is not Source.REDIS:
            return {}
        return {name: view.worker_seen_at for name, view in queues.data.queues.items()}

    @callback
    def _restarted(self, since: int) -> None:
        """Tell the analysis that signs of before mean nothing any more."""
        self._entry.runtime_data.queues.analyst.note_restart(since)

    @callback
    def _is_users_pause(self, queue: str) -> bool:
        """Tell a pause of the user from the one that Immich makes while it starts.

        That one lasts seconds, or minutes after an update of its maps.
        """
        if self._leases.paused_by_user(queue):
            return True
        view = self._entry.runtime_data.queues.data.queues.get(queue)
        return (
            view is not None
            and view.state is QueueState.PAUSED
            and now_ms() - view.state_since > STARTING_WITHIN
        )

    async def async_end_maintenance(self) -> None:
        """End a maintenance mode of ours that a crash, or an outage, left on."""
        try:
            await self._guard.look_after()
        except LockedOutError as err:
            LOGGER.error("Immich is locked in maintenance mode: %s", err)
            self._raise_issue(MAINTENANCE_LOCKED, {})
        except (HealingError, ImmichError) as err:
            LOGGER.debug("Maintenance mode can't be ended now: %s", err)
        else:
            if not self._guard.open:
                self._delete_issue(MAINTENANCE_LOCKED)

    @callback
    def async_keep(self) -> None:
        """Bring what a crash broke off to its end, and look after it from now on.

        To be called before the leases are looked after.
        """
        entry, server = self._entry, self._entry.runtime_data.server

        @callback
        def updated() -> None:
            """Look after a maintenance mode that is still on."""
            if self._guard.open:
                entry.async_create_task(self._hass, self.async_end_maintenance())

        entry.async_create_background_task(
            self._hass,
            self._restarter.recover(server.data.queues),
            "restart that was broken off",
        )
        entry.async_create_task(self._hass, self.async_check_options())
        entry.async_on_unload(server.async_add_listener(updated))

    async def async_check_options(self) -> None:
        """Say it when the user's own actions can't be run any more."""
        chosen = restart_settings_of(self._entry)
        try:
            if WayKind.ACTIONS in chosen.ways:
                await async_check_actions(self._hass, chosen.actions)
        except OwnActionsError as err:
            self._raise_issue(RESTART_ACTIONS_INVALID, {"error": str(err)})
        else:
            self._delete_issue(RESTART_ACTIONS_INVALID)

    @callback
    def _raise_issue(self, key: str, placeholders: dict[str, str]) -> None:
        """Ask the user to put something right."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry.entry_id}",
            data={"entry_id": self._entry.entry_id},
            is_fixable=key != MAINTENANCE_LOCKED,
            severity=ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders={"title": self._entry.title, **placeholders},
        )

    @callback
    def _delete_issue(self, key: str) -> None:
        """Take an issue back."""
        ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry.entry_id}")
