"""The GPU hosts of one config entry: what they ask of Home Assistant, which machine each is, how they are kept."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..analysis.models import ServerView
from ..analysis.skipped import Answer
from ..clock import monotonic_ms, now_ms
from ..const import CONF_RESTART_ACTION, DOMAIN
from ..coordinator import QueueCoordinator
from ..healing.manager import HealingManager
from ..history.events import Event, EventType
from ..history.manager import HistoryManager
from ..immich.client import ImmichClient
from ..pauses.keeper import LeaseKeeper
from ..settings import (
    CONCURRENCY,
    CONF_GATE_ENTITY,
    CONF_KEEP_ON_ENTITY,
    CONF_MAC,
    CONF_ML_URL,
    CONF_OFF_ACTION,
    CONF_ON_ACTION,
    HOST_SECTION,
    SUBENTRY_GPU_HOST,
    connection_of,
    host_settings_of,
    is_allowed_hour,
    is_kept_on,
    is_unclear,
    may_wake,
)
from ..storage import EntryStores
from ..user_actions import async_run_actions
from .clocks import Clocks
from .concurrency import ConcurrencyKeeper
from .controller import HostController
from .errors import ServiceRestartInterruptedError
from .guard import DrainGuard
from .machine import LoadedHost, OtherHost, UnloadedHost, machine_keys, others_of
from .machines import Machines
from .models import (
    COMING,
    GONE,
    LEAVING,
    ON,
    Connectivity,
    Notification,
    PowerRequest,
    Trouble,
)
from .pauses import HostStatus
from .probe import PingProbe
from .restart import ServiceRestart
from .settings import HostSettings
from .work import expected_run


def machine_of(subentry: ConfigSubentry) -> frozenset[str]:
    """Return what the machine of a subentry is known by."""
    data = subentry.data
    return machine_keys(data.get(CONF_MAC), data.get(CONF_ML_URL, ""))


MACHINES: Final[HassKey[Machines]] = HassKey(f"{DOMAIN}_gpu_machines")


@callback
def async_machines(hass: HomeAssistant) -> Machines:
    """Return the registry of this Home Assistant."""
    if MACHINES not in hass.data:
        hass.data[MACHINES] = Machines(lambda: _machines_of_all(hass), monotonic_ms)
    return hass.data[MACHINES]


def _machines_of_all(hass: HomeAssistant) -> dict[str, frozenset[str]]:
    """Return what the machine of each host is known by, in all entries."""
    return {
        host_id: machine_of(sub)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for host_id, sub in entry.subentries.items()
        if sub.subentry_type == SUBENTRY_GPU_HOST
    }


GPU_WAKE_FAILED = "gpu_wake_failed"
GPU_SLEEP_FAILED = "gpu_sleep_failed"
GPU_ISSUES = (GPU_WAKE_FAILED, GPU_SLEEP_FAILED)

ACTIONS_TIMEOUT = 300.0
"""Seconds for the user's own actions."""

EVENTS = {
    Notification.WAKE: EventType.GPU_WAKE,
    Notification.READY: EventType.GPU_READY,
    Notification.WAKE_FAILED: EventType.GPU_WAKE_FAILED,
    Notification.SLEEP: EventType.GPU_SLEEP,
    Notification.LOST: EventType.GPU_SLEEP,
    Notification.NOT_DRAINED: EventType.GPU_SLEEP_FAILED,
    Notification.OFF_FAILED: EventType.GPU_SLEEP_FAILED,
}
RAISED = {
    Trouble.WAKE_FAILED: (GPU_WAKE_FAILED, "gpu_wake_failed"),
    Trouble.NOT_DRAINED: (GPU_SLEEP_FAILED, "gpu_not_drained"),
    Trouble.OTHERS_UNKNOWN: (GPU_SLEEP_FAILED, "gpu_others_unknown"),
    Trouble.OFF_FAILED: (GPU_SLEEP_FAILED, "gpu_sleep_failed"),
}
"""Issue and text of each trouble."""


@callback
def async_remove_gpu_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take all issues of an entry's hosts back, as the entry goes."""
    for host_id, sub in entry.subentries.items():
        if sub.subentry_type == SUBENTRY_GPU_HOST:
            for key in GPU_ISSUES:
                ir.async_delete_issue(hass, DOMAIN, f"{key}_{host_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostContext:
    """What all hosts of one Immich need."""

    hass: HomeAssistant
    entry: ConfigEntry
    client: ImmichClient
    stores: EntryStores
    leases: LeaseKeeper
    queues: QueueCoordinator
    history: HistoryManager
    healing: HealingManager | None
    guard: DrainGuard | None
    """None where no queue is to be paused while a host is off, or without Redis."""


class EntryHostServices:
    """What one host needs of Home Assistant and of the entry that it belongs to."""

    def __init__(
        self,
        context: HostContext,
        subentry: ConfigSubentry,
        settings: HostSettings,
        statuses: Callable[[], Mapping[str, HostStatus]],
        changed: Callable[[], None],
    ) -> None:
        """`stands` and `changed` belong to all hosts of the entry."""
        self._hass = context.hass
        self._entry = context.entry
        self._queues = context.queues
        self._history = context.history
        self._healing = context.healing
        self._data = subentry.data
        self._settings = settings
        self.statuses = statuses
        self.changed = changed

    def view(self) -> ServerView | None:
        """Return the last poll; None when it failed."""
        return self._queues.data if self._queues.last_update_success else None

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""
        await self._queues.async_refresh()
        return self.view()

    def lost_slots(self, queue: str) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        return 0 if self._healing is None else self._healing.lost_slots(queue)

    def may_wake(self) -> bool | None:
        """Return whether the hours and the gate allow the policy to wake the host."""
        return may_wake(self._hass, self._data)

    def keep_on(self) -> bool | None:
        """Return whether the user's entity wants it on; None: it says nothing."""
        return is_kept_on(self._hass, self._data)

    def is_gate_unclear(self) -> bool:
        """Return whether only the gate's odd word keeps the policy from waking it."""
        gate = self._data.get(CONF_GATE_ENTITY)
        hours = is_allowed_hour(self._data, dt_util.now())
        return hours and is_unclear(self._hass, gate)

    def is_keep_on_unclear(self) -> bool:
        """Return whether the user's entity says an odd word, which keeps nothing on."""
        return is_unclear(self._hass, self._data.get(CONF_KEEP_ON_ENTITY))

    def other_hosts(self) -> Collection[OtherHost]:
        """Return the hosts of other entries that are the same machine."""
        return async_machines(self._hass).other_hosts(self._settings.host_id)

    async def send_packet(self) -> None:
        """Send the magic packet. Raises NotSentError."""
        if self._settings.packet is not None:
            await self._hass.async_add_executor_job(self._settings.packet.send)

    async def run_on_action(self) -> None:
        """Run the user's on action. Raises OwnActionsError."""
        await self._run(CONF_ON_ACTION)

    async def run_off_action(self) -> None:
        """Run the user's off action. Raises OwnActionsError."""
        await self._run(CONF_OFF_ACTION)

    def off_action_runs(self) -> bool:
        """Return whether an off action of the box is under way, whoever runs it."""
        return async_machines(self._hass).off_action_runs(self._settings.host_id)

    def restart_action_runs(self) -> bool:
        """Return whether the restart action is under way, also from before a reload."""
        return async_machines(self._hass).restart_action_runs(self._settings.host_id)

    async def run_restart_action(self) -> None:
        """Run the user's restart action. Raises OwnActionsError."""
        await self._run(CONF_RESTART_ACTION)

    async def _run(self, key: str) -> None:
        name = f"{self._settings.name} {key}"
        variables = {
            "entry_id": self._entry.entry_id,
            "instance": self._entry.title,
            "host": self._settings.name,
        }
        task = self._hass.async_create_background_task(
            async_run_actions(
                self._hass, self._data[key], name, variables, ACTIONS_TIMEOUT
            ),
            name,
        )
        if key == CONF_OFF_ACTION:
            async_machines(self._hass).note_off_action(self._settings.host_id, task)
        elif key == CONF_RESTART_ACTION:
            async_machines(self._hass).note_restart_action(self._settings.host_id, task)
        # A reload must not break it off; then nobody is left to ask for its error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(task)

    async def notify(
        self, notification: Notification, reason: str | None = None
    ) -> None:
        """Tell what happened with the host."""
        await self._history.async_record(
            Event(
                EVENTS[notification],
                now_ms(),
                host=self._settings.host_id,
                reason=reason or notification.value,
            )
        )

    def issue_id(self, key: str) -> str:
        """Return the id of an issue of this host."""
        return f"{key}_{self._settings.host_id}"

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Ask the user to look after the box, or take that back."""
        raised, text = (None, "") if trouble is None else RAISED[trouble]
        for key in GPU_ISSUES:
            if key != raised:
                ir.async_delete_issue(self._hass, DOMAIN, self.issue_id(key))
        if raised is None:
            return
        packet = self._settings.packet
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self.issue_id(raised),
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=text,
            translation_placeholders={
                "name": self._settings.name,
                "url": self._settings.ml_url,
                "mac": "–" if packet is None else packet.mac,
                "broadcast": "–"
                if packet is None
                else f"{packet.address}:{packet.port}",
            },
        )


CALM = 3.0
ALERT = 2.0
"""Seconds between two probes: while nothing is at stake, and while something is. A box
that dies is shown as offline within about four seconds."""
UNGUARDED = 1.0
"""Seconds where nothing but the probes sees photos being skipped."""
INDIRECT = 10.0
"""Seconds between two probes through Immich, which cost it a search."""

MOST_SHOWN = 50
"""Times that are remembered as they were shown; about three are shown at once."""

CLOCKS = Clocks(monotonic_ms, now_ms)


class GpuHost:
    """One host with what keeps it in order."""

    def __init__(
        self,
        context: HostContext,
        sub: ConfigSubentry,
        concurrency: ConcurrencyKeeper,
        statuses: Callable[[], Mapping[str, HostStatus]],
        status_changed: Callable[[GpuHost], None],
    ) -> None:
        """Go on from what is stored; nothing runs yet.

        `stands`: how all hosts of this Immich stand, this one included.
        """
        hass, entry = context.hass, context.entry
        self._hass = hass
        self._entry = entry
        self._queues = context.queues
        self._guard = context.guard
        self._status_changed = status_changed
        self.settings = host_settings_of(sub)
        self.listeners: list[CALLBACK_TYPE] = []
        self._status: HostStatus | None = None
        self._peer: LoadedHost | None = None
        self._shown: dict[int, int] = {}
        self._look_now = asyncio.Event()
        self._probe = PingProbe(
            get_async_client(hass, connection_of(entry.data).verify_ssl),
            self.settings.ml_url,
            context.client.probe_machine_learning,
        )
        self.services = EntryHostServices(
            context, sub, self.settings, statuses, self._changed
        )
        self.controller = HostController(
            self.settings,
            self.services,
            self._probe,
            context.stores.safety.section(HOST_SECTION.format(sub.subentry_id)),
            context.leases,
            concurrency,
            CLOCKS,
            self._spawn_to_its_end,
        )

    @property
    def host_id(self) -> str:
        """Return the id of its subentry."""
        return self.settings.host_id

    @property
    def peer(self) -> LoadedHost:
        """Return how it stands, for hosts of other entries on the same machine."""
        return self.controller.peer

    @property
    def expected_run(self) -> int | None:
        """Return the seconds that the work that waits will take."""
        rates = self.controller.record.rates
        return expected_run(self.settings.queues, self._queues.data, rates)

    @property
    def guarded(self) -> bool:
        """Return whether the events of Redis are watched."""
        return (
            self.settings.pause_offline
            and self._guard is not None
            and self._guard.watching
        )

    def shown(self, at: int | None) -> int | None:
        """Return a monotonic time as a wall time that stays the same while it is shown."""
        if at is None:
            return None
        if at not in self._shown:
            if len(self._shown) > MOST_SHOWN:
                self._shown.clear()
            self._shown[at] = CLOCKS.wall_of(at)
        return self._shown[at]

    @property
    def reason(self) -> str | None:
        """Return why the policy does nothing although it might; None: nothing is odd."""
        power, services = self.controller.power, self.services
        if not self.controller.record.automatic:
            return None
        other_hosts = services.other_hosts()
        if power.state in GONE:
            # Whether it waits for the gate matters only with work.
            work = self.controller.work
            if work is None or not work.startable:
                return None
            if services.may_wake() is None:
                return "gate_unknown"
            return "gate_unclear" if services.is_gate_unclear() else None
        if power.state not in ON:
            return None
        if any(isinstance(other, UnloadedHost) for other in other_hosts):
            return "other_instance_unknown"
        others = others_of(self.settings.host_id, power.state, other_hosts)
        if others.busy or others.backlog:
            return "other_instance_works"
        match services.keep_on():
            case True:
                return "kept_on"
            case None:
                return "keep_on_unknown"
        return "keep_on_unclear" if services.is_keep_on_unclear() else None

    async def async_ask(self, request: PowerRequest) -> None:
        """Do what the user wants, then look at the host soon."""
        await self.controller.ask(request)
        self._look_now.set()

    async def async_restart_service(self) -> float:
        """Restart the machine learning; return the seconds that it took.

        Goes on when whoever waits for it no longer does.
        """
        restart = ServiceRestart(self.controller, self.services, monotonic_ms)
        task = self._entry.async_create_background_task(
            self._hass, restart.run(), f"restart of {self.settings.name}"
        )
        # Nobody may be left to ask for its error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                # By a reload; whoever waits for it has not been cancelled.
                raise ServiceRestartInterruptedError(self.settings.name) from None
            raise
        finally:
            await self._queues.async_request_refresh()

    @callback
    def async_start(self) -> None:
        """Begin to look after the host."""
        self._entry.async_on_unload(async_machines(self._hass).add(self))
        self._spawn(self._probe_on(), f"probes of {self.settings.name}")
        self.async_updated()

    @callback
    def async_updated(self) -> None:
        """Look after a poll."""
        self._spawn(self.controller.step(), f"step of {self.settings.name}")

    async def _probe_on(self) -> None:
        """Ask the host again and again."""
        while True:
            await self.controller.probe()
            pause = self._pause() * random.uniform(0.9, 1.1)
            self._look_now.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._look_now.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float:
        """Return the seconds until the next probe."""
        if self._probe.costly:
            return INDIRECT
        controller = self.controller
        state, work = controller.power.state, controller.work
        if state in COMING | LEAVING or controller.resting or self._in_doubt:
            return ALERT
        if work is None or not (work.backlog or work.busy):
            return CALM
        return ALERT if self.guarded else UNGUARDED

    @property
    def _in_doubt(self) -> bool:
        """Return whether the last probes do not agree on how the host stands."""
        contact = self.controller.contact
        return contact.safe is not (contact.reach is Connectivity.ONLINE)

    async def async_suspect(self, queue: str, *, thorough: bool) -> Answer:
        """Ask the host as jobs of a queue end too fast, and pause what it calls for."""
        answer = await self.controller.suspect(queue, thorough=thorough)
        if answer is Answer.NO:
            self._look_now.set()
        return answer

    @callback
    def _changed(self) -> None:
        """Show the host anew, and let the others see how it stands."""
        status = self.controller.status
        if status != self._status:
            self._status = status
            self._status_changed(self)
        peer = self.controller.peer
        if peer != self._peer:
            self._peer = peer
            async_machines(self._hass).changed(self.settings.host_id)
        for listener in list(self.listeners):
            listener()

    def _spawn(self, job: Coroutine[None, None, None], name: str) -> None:
        """Run something in the background until the entry is unloaded."""
        self._entry.async_create_background_task(self._hass, job, name)

    def _spawn_to_its_end(self, job: Coroutine[None, None, None], name: str) -> None:
        """Run the user's actions also when the entry is reloaded meanwhile.

        An off action that is broken off in the middle leaves the box in any state.
        """
        self._hass.async_create_background_task(job, name)


class GpuHostManager:
    """All hosts of one Immich."""

    def __init__(self, context: HostContext, server_device_id: str) -> None:
        hass, entry = context.hass, context.entry
        self._hass = hass
        self._entry = entry
        self._queues = context.queues
        subs = {
            host_id: sub
            for host_id, sub in entry.subentries.items()
            if sub.subentry_type == SUBENTRY_GPU_HOST
        }
        self.concurrency = ConcurrencyKeeper(
            context.client,
            context.stores.safety.section(CONCURRENCY),
            monotonic_ms,
            {
                host_id: host_settings_of(sub).concurrency
                for host_id, sub in subs.items()
            },
        )
        self.hosts: dict[str, GpuHost] = {
            host_id: GpuHost(
                context, sub, self.concurrency, self._statuses, self._status_changed
            )
            for host_id, sub in subs.items()
        }
        self.concurrency.adopt(
            {
                host_id: host.controller.record.overrides
                for host_id, host in self.hosts.items()
            }
        )
        for host_id, host in self.hosts.items():
            dr.async_get(hass).async_get_or_create(
                config_entry_id=entry.entry_id,
                config_subentry_id=host_id,
                identifiers={(DOMAIN, host_id)},
                name=host.settings.name,
                via_device_id=server_device_id,
            )

    @callback
    def async_keep(self) -> None:
        """Look after the hosts for as long as the entry is loaded."""
        self._entry.async_create_task(self._hass, self._forget_removed())
        for host in self.hosts.values():
            host.async_start()
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._entry.async_on_unload(self._unload)

    @callback
    def _polled(self) -> None:
        for host in self.hosts.values():
            host.async_updated()
        if not self.hosts and self.concurrency.overrides:
            self._entry.async_create_task(self._hass, self.concurrency.apply())

    async def _unload(self) -> None:
        """Write down what has changed."""
        await self.async_close()
        if self._entry.disabled_by is not None:
            # Nobody would do it later.
            async_remove_gpu_issues(self._hass, self._entry)
            await self.concurrency.undo()

    async def async_close(self) -> None:
        """Let no host decide anything any more, all at once; write down what they know."""
        await asyncio.gather(*(host.controller.close() for host in self.hosts.values()))

    async def _forget_removed(self) -> None:
        """Take back what was changed and said for hosts that are no more."""
        if any(host.controller.record.overrides for host in self.hosts.values()):
            if await self.concurrency.save():
                for host in self.hosts.values():
                    await host.controller.forget_overrides()
        if not self.hosts and self.concurrency.overrides:
            await self.concurrency.apply()
        subentries = {
            sub
            for other in self._hass.config_entries.async_entries(DOMAIN)
            for sub in other.subentries
        }
        for domain, issue_id in list(ir.async_get(self._hass).issues):
            for key in GPU_ISSUES:
                host_id = issue_id.removeprefix(f"{key}_")
                if domain == DOMAIN and host_id not in {issue_id, *subentries}:
                    ir.async_delete_issue(self._hass, DOMAIN, issue_id)

    def _statuses(self) -> Mapping[str, HostStatus]:
        """Return how all hosts of this Immich stand."""
        return {host_id: host.controller.status for host_id, host in self.hosts.items()}

    @callback
    def _status_changed(self, changed: GpuHost) -> None:
        """Let the other hosts see that one stands differently now."""
        for host in self.hosts.values():
            if host is not changed:
                host.async_updated()
