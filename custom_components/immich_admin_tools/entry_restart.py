"""Restarts of the workers for one config entry: the user's ways, and what went wrong."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval

from .analysis.models import QueueState
from .bullmq.errors import BullMQError
from .clock import monotonic_ms, monotonic_of, now_ms
from .const import DOMAIN, LOGGER
from .errors import message_of, translated_errors
from .healing.errors import (
    HealingError,
    LockedOutError,
    OwnActionsError,
    RestartFailedError,
)
from .healing.events import Event, EventType
from .healing.immich_starts import ImmichStarts
from .healing.restart import WITHOUT_API, Restarter, RestartPlan, RestartReport
from .healing.restart_ways import WayKind
from .immich.client import ImmichClient
from .immich.errors import ImmichError
from .maintenance_guard import create_maintenance_guard
from .pauses.keeper import LeaseKeeper
from .redis_source import RedisSource
from .restart_choice import EntryRestartWays
from .restart_issues import (
    MAINTENANCE_LOCKED,
    RESTART_ACTIONS_INVALID,
    RESTART_FAILED,
    RestartIssues,
)
from .settings import restart_limits_of, restart_settings_of
from .stores import EntryStores
from .user_actions import async_check_actions
from .words import localized, localized_choice

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

RESTART = "restart"
"""Section of the safety store."""

STARTING_WITHIN = 600_000
"""ms after which Immich is no longer starting."""

ACT_WITHIN = 60.0
"""Seconds that a reload waits for what restarts Immich, so as not to cut it off."""
FINISH_WITHIN = 240.0
"""Seconds that disabling waits for a restart: nobody would take it up again."""

LOOK_EVERY = timedelta(seconds=15)
"""While Immich is in a maintenance mode of ours, or something is to be put right."""


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
        starts: ImmichStarts | None = None,
    ) -> None:
        """Go on from what is stored."""
        self._issues = RestartIssues(hass, entry, starts)
        self._task: asyncio.Task[RestartReport] | None = None
        self._locked_out = False
        self._hass = hass
        self._entry = entry
        self._client = client
        self._redis = redis
        self._leases = leases
        self._guard = create_maintenance_guard(entry, client, stores)
        self._ways = EntryRestartWays(hass, entry, client, redis, self._guard)
        self._restarter = Restarter(
            stores.safety.section(RESTART),
            leases,
            self._ways.watch(),
            now_ms,
            monotonic_ms,
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
        limits. Raises a translated HomeAssistantError when nothing was restarted, or
        when the entry is unloaded while the workers are waited for.
        """
        task = self._task = self._entry.async_create_background_task(
            self._hass, self._restart(force), "restart of Immich's workers"
        )
        # Nobody may be left to ask for its error; the issue tells it then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            with translated_errors():
                return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="restart_interrupted"
            ) from None

    async def async_act_over(self) -> None:
        """Wait until what restarts Immich was done, as the entry is to be unloaded.

        The rest is taken up again when it is loaded.
        """
        try:
            async with asyncio.timeout(ACT_WITHIN):
                await self._restarter.act_is_over.wait()
        except TimeoutError:
            LOGGER.warning(
                "A restart of Immich is broken off, as the entry is unloaded"
            )

    async def async_finish(self) -> None:
        """Bring a restart to its end, and Immich out of maintenance mode.

        For when the entry is disabled: nobody would do it later.
        """
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=FINISH_WITHIN)
        if self._guard.open:
            await self.async_end_maintenance()

    @callback
    def async_check(self, *, force: bool = False) -> None:
        """Raise a translated HomeAssistantError when a restart would be refused."""
        with translated_errors():
            self._restarter.check(self._plan(), force=force)

    async def async_check_answers(self) -> None:
        """Raise a translated HomeAssistantError when only Immich could, and is silent.

        For when something is done before the restart that makes no sense without it.
        """
        if WITHOUT_API.isdisjoint(way.kind for way in self._ways.chosen()):
            with translated_errors():
                await self._client.queues()

    def _plan(self) -> RestartPlan:
        """Return what a restart would be like."""
        return RestartPlan(
            tuple(self._ways.chosen()),
            self._entry.runtime_data.server.data.queues,
            restart_limits_of(self._entry),
        )

    async def _restart(self, force: bool) -> RestartReport:
        """Restart, and raise or take back the issue."""
        runtime = self._entry.runtime_data
        try:
            report = await self._restarter.restart(self._plan(), force=force)
        except RestartFailedError as err:
            reasons = self._reasons(err)
            await self._issues.async_failed(reasons)
            if any(isinstance(error, LockedOutError) for _, error in err.failures):
                self._issues.async_raise(MAINTENANCE_LOCKED, {})
            failed = Event(EventType.RESTART_FAILED, now_ms(), reason=reasons)
            await runtime.activity.async_tell(failed)
            if len(err.failures) == 1:
                raise err.failures[0][1] from err
            raise
        finally:
            await runtime.queues.async_request_refresh()
        if report.confirmed:
            self._issues.async_delete(RESTART_FAILED)
        kind = (
            EventType.WORKERS_RESTARTED
            if report.confirmed
            else EventType.RESTART_UNCONFIRMED
        )
        await runtime.activity.async_tell(
            Event(
                kind,
                now_ms(),
                reason=report.way.value,
                duration=round(report.seconds),
            )
        )
        return report

    @callback
    def _reasons(self, err: RestartFailedError) -> str:
        """Return why each way did not work, in the language of Home Assistant."""

        def told(error: Exception) -> str:
            if not isinstance(error, HealingError | ImmichError | BullMQError):
                return str(error)
            key, words = message_of(error)
            return localized(self._hass, "exceptions", f"{key}.message", **words) or key

        return " ".join(
            f"{localized_choice(self._hass, 'restart_way', way)}: {told(error)}"
            for way, error in err.failures
        )

    @callback
    def _restarted(self, since: int) -> None:
        """Tell the analysis that signs of before mean nothing any more."""
        self._entry.runtime_data.queues.analyst.note_restart(monotonic_of(since))

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
            if not self._locked_out:
                LOGGER.error("Immich is locked in maintenance mode: %s", err)
            self._locked_out = True
            self._issues.async_raise(MAINTENANCE_LOCKED, {})
        except (HealingError, ImmichError) as err:
            LOGGER.debug("Maintenance mode can't be ended now: %s", err)
        else:
            if not self._guard.open:
                self._locked_out = False
                self._issues.async_delete(MAINTENANCE_LOCKED)

    @callback
    def async_keep(self) -> None:
        """Bring what a crash broke off to its end, and look after it from now on.

        To be called before the leases are looked after.
        """
        entry, server = self._entry, self._entry.runtime_data.server

        async def look() -> None:
            """Look after what is not over. Not with polls: in maintenance none works."""
            if self._guard.open:
                await self.async_end_maintenance()
            if self._issues.async_is_raised(RESTART_ACTIONS_INVALID):
                await self.async_check_options()
            await self._issues.async_look(running=self.running)

        entry.async_create_background_task(
            self._hass,
            self._restarter.recover(server.data.queues),
            "restart that was broken off",
        )
        entry.async_create_task(self._hass, self.async_check_options())

        @callback
        def due(_now: datetime) -> None:
            """Look, until the entry is unloaded."""
            entry.async_create_background_task(self._hass, look(), "look at restarts")

        entry.async_on_unload(async_track_time_interval(self._hass, due, LOOK_EVERY))
        for coordinator in (server, entry.runtime_data.queues):
            listen = coordinator.async_add_listener
            entry.async_on_unload(listen(self._issues.async_polled))

    async def async_check_options(self) -> None:
        """Say it when the user's own actions can't be run any more."""
        chosen = restart_settings_of(self._entry)
        try:
            if WayKind.ACTIONS in chosen.ways:
                await async_check_actions(self._hass, chosen.actions)
        except OwnActionsError as err:
            self._issues.async_raise(RESTART_ACTIONS_INVALID, {"error": str(err)})
        else:
            self._issues.async_delete(RESTART_ACTIONS_INVALID)
        await self._issues.async_look(running=self.running)
