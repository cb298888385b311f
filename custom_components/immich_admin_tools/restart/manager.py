"""Restarts of the workers for one config entry: the methods the user chose, and what went wrong."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from ..analysis.models import QueueState, Source
from ..bullmq.address import split_user_info
from ..bullmq.errors import BullMQError
from ..clock import monotonic_ms, monotonic_of, now_ms
from ..const import DOMAIN, LOGGER
from ..coordinator import QueueCoordinator, ServerCoordinator
from ..errors import message_of, translated_errors
from ..fresh_http import fresh_http
from ..healing.errors import (
    ActionsInvalidError,
    HealingError,
    LockedOutError,
    OwnActionsError,
    RestartFailedError,
)
from ..history.events import Event, EventType
from ..history.manager import HistoryManager
from ..immich.client import ImmichClient
from ..immich.errors import ImmichError
from ..immich.queues import QueueName
from ..issues import async_is_raised, async_set_issue
from ..pauses.keeper import LeaseKeeper
from ..settings import connection_of, restart_limits_of, restart_settings_of
from ..storage import EntryStores
from ..texts import localized, localized_choice
from ..user_actions import async_check_actions, async_run_actions
from .maintenance import MaintenanceGuard
from .methods import (
    ActionsMethod,
    MaintenanceMethod,
    MethodKind,
    RedisMethod,
    RestartMethod,
)
from .restarter import WITHOUT_API, Restarter, RestartPlan, RestartReport
from .worker_watch import ApiWatch, ImmichStarts, RedisWatch, WorkerWatch

MAINTENANCE_LOCKED = "maintenance_locked"
RESTART_FAILED = "restart_failed"
RESTART_ACTIONS_INVALID = "restart_actions_invalid"
RESTART_ISSUES = (MAINTENANCE_LOCKED, RESTART_FAILED, RESTART_ACTIONS_INVALID)


class FailedRestart:
    """Tells that a restart failed, until Immich was restarted at all."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        starts: ImmichStarts | None,
    ) -> None:
        """`starts` sees restarts that are not ours; None without Redis."""
        self._hass = hass
        self._entry = entry
        self._server = server
        self._queues = queues
        self._starts = starts
        self._chosen: object = restart_settings_of(entry)
        """What the options said when a restart failed."""
        self.lost_slots = 0
        """How many workers hang on to a job now, as the healing says."""
        self._lost_slots_then = 0
        self._was_gone = False

    async def async_raise(self, reasons: str) -> None:
        """Tell that no way worked."""
        self._chosen = restart_settings_of(self._entry)
        self._lost_slots_then = self.lost_slots
        self._was_gone = False
        async_set_issue(
            self._hass,
            self._entry,
            RESTART_FAILED,
            {"reasons": reasons},
            severity=ir.IssueSeverity.ERROR,
        )
        if self._starts is not None:
            await self._starts.just_now()

    async def async_look(self) -> None:
        """Look after a poll whether what failed is over.

        It is when Immich was restarted by somebody else, when the options say something
        else now, and when no worker hangs on any more.
        """
        if not async_is_raised(self._hass, self._entry, RESTART_FAILED):
            return
        started = None if self._starts is None else await self._starts.just_now()
        if started is None:
            # Where nobody sees the workers, Immich's own absence tells.
            started = self._was_gone and self._answers()
        freed = self._lost_slots_then > 0 and self.lost_slots == 0
        if started or freed or self._chosen != restart_settings_of(self._entry):
            self.async_over()

    @callback
    def async_over(self) -> None:
        """Take the issue back."""
        async_set_issue(self._hass, self._entry, RESTART_FAILED, None)

    @callback
    def async_polled(self) -> None:
        """Remember that Immich was gone."""
        if not self._answers():
            self._was_gone = True

    def _answers(self) -> bool:
        return self._server.last_update_success and self._queues.last_update_success


ACTIONS_TIMEOUT = 300.0
"""Seconds for the user's own actions."""


class ChosenMethods:
    """What restarts the workers of one Immich, and what sees them come back."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        guard: MaintenanceGuard,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._server = server
        self._queues = queues
        self._redis = queues.redis
        self._guard = guard

    def chosen(self) -> Iterator[RestartMethod]:
        """Yield the methods that the user chose, in the chosen order."""
        chosen = restart_settings_of(self._entry)
        for kind in chosen.methods:
            match kind:
                case MethodKind.REDIS if self._redis is not None:
                    yield RedisMethod(
                        self._redis.client,
                        self._redis.settings.prefix,
                        split_user_info(self._redis.settings.url).database,
                        frozenset(QueueName),
                        now_ms,
                        others_too=chosen.others_too,
                    )
                case MethodKind.MAINTENANCE:
                    yield MaintenanceMethod(self._guard)
                case MethodKind.ACTIONS:
                    yield ActionsMethod(self._run_actions, now_ms)

    async def _run_actions(self) -> None:
        """Run what the user chose. Raises OwnActionsError."""
        actions = restart_settings_of(self._entry).actions
        if not actions:
            raise ActionsInvalidError("No actions were chosen")
        await async_run_actions(
            self._hass,
            actions,
            f"{self._entry.title} restart",
            {"entry_id": self._entry.entry_id, "instance": self._entry.title},
            ACTIONS_TIMEOUT,
        )

    def watch(self) -> WorkerWatch:
        """Return what sees the workers come back."""
        if self._redis is None:
            server = self._server
            return ApiWatch(server.client.version, lambda: server.data.queues, now_ms)
        return RedisWatch(
            self._redis.client,
            self._redis.settings.prefix,
            split_user_info(self._redis.settings.url).database,
            self._heartbeats,
        )

    async def _heartbeats(self) -> Mapping[str, int | None]:
        """Look at the queues; return when each worker was heard last."""
        queues = self._queues
        await queues.async_refresh()
        if not queues.last_update_success or queues.data.source is not Source.REDIS:
            return {}
        return {name: view.worker_seen_at for name, view in queues.data.queues.items()}


MAINTENANCE = "maintenance"
"""Section of the safety store."""


def create_maintenance_guard(
    entry: ConfigEntry, client: ImmichClient, stores: EntryStores
) -> MaintenanceGuard:
    """Return a guard that goes on from what is stored."""
    verify_ssl = connection_of(entry.data).verify_ssl

    return MaintenanceGuard(
        client,
        fresh_http(verify_ssl),
        stores.safety.section(MAINTENANCE),
        now_ms,
        monotonic_ms,
    )


class MaintenanceMode:
    """Ends a maintenance mode of ours that a crash, or an outage, left on."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, guard: MaintenanceGuard
    ) -> None:
        self.guard = guard
        self._hass = hass
        self._entry = entry
        self._locked_out = False

    async def async_end(self) -> None:
        """End it, or raise the issue that says how the user can."""
        try:
            await self.guard.look_after()
        except LockedOutError as err:
            if not self._locked_out:
                LOGGER.error("Immich is locked in maintenance mode: %s", err)
            self._locked_out = True
            self.async_raise_locked()
        except (HealingError, ImmichError) as err:
            LOGGER.debug("Maintenance mode can't be ended now: %s", err)
        else:
            if not self.guard.open:
                self._locked_out = False
                async_set_issue(self._hass, self._entry, MAINTENANCE_LOCKED, None)

    @callback
    def async_raise_locked(self) -> None:
        """Tell that Immich is locked in its maintenance mode."""
        async_set_issue(
            self._hass,
            self._entry,
            MAINTENANCE_LOCKED,
            {},
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
        )


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


class RestartManager:
    """What the entities and actions of one Immich need for a restart."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        stores: EntryStores,
        leases: LeaseKeeper,
        maintenance: MaintenanceMode,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        history: HistoryManager,
        starts: ImmichStarts | None,
    ) -> None:
        """Go on from what is stored; `starts` sees restarts that are not ours."""
        self._hass = hass
        self._entry = entry
        self._leases = leases
        self._maintenance = maintenance
        self._server = server
        self._queues = queues
        self._history = history
        self._failed = FailedRestart(hass, entry, server, queues, starts)
        self._task: asyncio.Task[RestartReport] | None = None
        self._listeners: list[CALLBACK_TYPE] = []
        self._methods = ChosenMethods(hass, entry, server, queues, maintenance.guard)
        self._restarter = Restarter(
            stores.safety.section(RESTART),
            leases,
            self._methods.watch(),
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

    @property
    def available(self) -> bool:
        """Return whether a restart would be tried now."""
        try:
            self._restarter.check(self._plan())
        except HealingError:
            return False
        return True

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener when a restart begins and ends; return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def _tell(self) -> None:
        """Tell that a restart began or ended."""
        for listener in tuple(self._listeners):
            listener()

    @callback
    def note_lost_slots(self, count: int) -> None:
        """Note how many workers hang on to a job that was taken from them."""
        self._failed.lost_slots = count

    async def async_restart(self, *, force: bool = False) -> RestartReport:
        """Restart the workers by the chosen methods, in their order; takes 10 to 100 s.

        Goes on when whoever waits for it no longer does. `force`: in spite of the
        limits. Raises a translated HomeAssistantError when nothing was restarted, or
        when the entry is unloaded while the workers are waited for.
        """
        task = self._task = self._entry.async_create_background_task(
            self._hass, self._restart(force), "restart of Immich's workers"
        )
        # Nobody may be left to ask for its error; the issue tells it then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        task.add_done_callback(lambda _: self._tell())
        self._tell()
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
                "A restart of Immich was interrupted because the entry was unloaded"
            )

    async def async_finish(self) -> None:
        """Bring a restart to its end, and Immich out of maintenance mode.

        For when the entry is disabled: nobody would do it later.
        """
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=FINISH_WITHIN)
        if self._maintenance.guard.open:
            await self._maintenance.async_end()

    @callback
    def async_check(self, *, force: bool = False) -> None:
        """Raise a translated HomeAssistantError when a restart would be refused."""
        with translated_errors():
            self._restarter.check(self._plan(), force=force)

    async def async_check_answers(self) -> None:
        """Raise a translated HomeAssistantError when only Immich could, and is silent.

        For when something is done before the restart that makes no sense without it.
        """
        if WITHOUT_API.isdisjoint(method.kind for method in self._methods.chosen()):
            with translated_errors():
                await self._server.client.queues()

    def _plan(self) -> RestartPlan:
        """Return what a restart would be like."""
        return RestartPlan(
            tuple(self._methods.chosen()),
            self._server.data.queues,
            restart_limits_of(self._entry),
        )

    async def _restart(self, force: bool) -> RestartReport:
        """Restart, and raise or take back the issue."""
        try:
            with self._outage_expected():
                report = await self._restarter.restart(self._plan(), force=force)
        except RestartFailedError as err:
            reasons = self._reasons(err)
            await self._failed.async_raise(reasons)
            if any(isinstance(error, LockedOutError) for _, error in err.failures):
                self._maintenance.async_raise_locked()
            failed = Event(EventType.RESTART_FAILED, now_ms(), reason=reasons)
            await self._history.async_record(failed)
            if len(err.failures) == 1:
                raise err.failures[0][1] from err
            raise
        finally:
            await self._queues.async_request_refresh()
        if report.confirmed:
            self._failed.async_over()
        kind = (
            EventType.WORKERS_RESTARTED
            if report.confirmed
            else EventType.RESTART_UNCONFIRMED
        )
        await self._history.async_record(
            Event(
                kind,
                now_ms(),
                reason=report.method.value,
                duration=round(report.seconds),
            )
        )
        return report

    @contextmanager
    def _outage_expected(self) -> Iterator[None]:
        """Let the coordinators log no failure while Immich is away because of us."""
        coordinators = (self._server, self._queues)
        for coordinator in coordinators:
            coordinator.outage_expected = True
        try:
            yield
        finally:
            for coordinator in coordinators:
                # Another restart may be under way, which refused this one.
                coordinator.outage_expected = self.running

    @callback
    def _reasons(self, err: RestartFailedError) -> str:
        """Return why each way did not work, in the language of Home Assistant."""

        def told(error: Exception) -> str:
            if not isinstance(error, HealingError | ImmichError | BullMQError):
                return str(error)
            key, words = message_of(error)
            return localized(self._hass, "exceptions", f"{key}.message", **words) or key

        return " ".join(
            f"{localized_choice(self._hass, 'restart_way', method)}: {told(error)}"
            for method, error in err.failures
        )

    @callback
    def _restarted(self, since: int) -> None:
        """Tell the analysis that earlier signs mean nothing any more."""
        self._queues.analyst.note_restart(monotonic_of(since))

    @callback
    def _is_users_pause(self, queue: str) -> bool:
        """Tell a pause of the user from the one that Immich makes while it starts.

        That one lasts seconds, or minutes after an update of its maps.
        """
        if self._leases.paused_by_user(queue):
            return True
        view = self._queues.data.queues.get(queue)
        return (
            view is not None
            and view.state is QueueState.PAUSED
            and now_ms() - view.state_since > STARTING_WITHIN
        )

    @callback
    def async_keep(self) -> None:
        """Bring what a crash broke off to its end, and look after it from now on.

        To be called before the leases are looked after.
        """
        entry = self._entry

        async def look() -> None:
            """Look after what is not over. Not with polls: in maintenance none works."""
            if self._maintenance.guard.open:
                await self._maintenance.async_end()
            if async_is_raised(self._hass, self._entry, RESTART_ACTIONS_INVALID):
                await self.async_check_options()
            if not self.running:
                await self._failed.async_look()

        async def recover() -> None:
            """Wait for workers that were restarted just before a crash."""
            with self._outage_expected():
                await self._restarter.recover(self._server.data.queues)

        entry.async_create_background_task(
            self._hass,
            recover(),
            "restart that was broken off",
        )
        entry.async_create_task(self._hass, self.async_check_options())

        @callback
        def due(_now: datetime) -> None:
            """Look, until the entry is unloaded."""
            entry.async_create_background_task(self._hass, look(), "look at restarts")

        entry.async_on_unload(async_track_time_interval(self._hass, due, LOOK_EVERY))
        for coordinator in (self._server, self._queues):
            listen = coordinator.async_add_listener
            entry.async_on_unload(listen(self._failed.async_polled))

    async def async_check_options(self) -> None:
        """Say it when the user's own actions can't be run any more."""
        chosen = restart_settings_of(self._entry)
        problem: dict[str, str] | None = None
        try:
            if MethodKind.ACTIONS in chosen.methods:
                await async_check_actions(self._hass, chosen.actions)
        except OwnActionsError as err:
            problem = {"error": str(err)}
        async_set_issue(
            self._hass,
            self._entry,
            RESTART_ACTIONS_INVALID,
            problem,
            severity=ir.IssueSeverity.ERROR,
        )
        if not self.running:
            await self._failed.async_look()
