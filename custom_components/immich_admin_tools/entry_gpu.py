"""The GPU hosts of one config entry: set up, kept in order, taken down."""

import asyncio
from collections.abc import Coroutine, Mapping
import random
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.httpx_client import get_async_client

from .analysis.skipped import Answer
from .clock import monotonic_ms, now_ms
from .const import DOMAIN
from .gpu_host.clocks import Clocks
from .gpu_host.concurrency import ConcurrencyKeeper
from .gpu_host.controller import HostController
from .gpu_host.errors import ServiceRestartInterruptedError
from .gpu_host.machine import Absent, Peer, others_of
from .gpu_host.models import COMING, GONE, LEAVING, ON, Reach, Wish
from .gpu_host.pauses import HostStand
from .gpu_host.probe import PingProbe
from .gpu_host.service_restart import ServiceRestart
from .gpu_host.work import expected_run
from .gpu_house import GPU_ISSUES, GpuHouse, async_remove_gpu_issues
from .gpu_machines import async_machines
from .gpu_settings import CONCURRENCY, HOST_SECTION, SUBENTRY_GPU_HOST, host_settings_of
from .settings import connection_of

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry

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
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        sub: ConfigSubentry,
        concurrency: ConcurrencyKeeper,
    ) -> None:
        """Go on from what is stored; nothing runs yet."""
        runtime = entry.runtime_data
        self._hass = hass
        self._entry = entry
        self.settings = host_settings_of(sub)
        self.device_id = ""
        self.listeners: list[CALLBACK_TYPE] = []
        self._stand: HostStand | None = None
        self._peer: Peer | None = None
        self._shown: dict[int, int] = {}
        self._look_now = asyncio.Event()
        self._probe = PingProbe(
            get_async_client(hass, connection_of(entry.data).verify_ssl),
            self.settings.ml_url,
            runtime.client.probe_machine_learning,
        )
        self.house = GpuHouse(
            hass, entry, sub, self.settings, self._stands, self._changed
        )
        self.controller = HostController(
            self.settings,
            self.house,
            self._probe,
            runtime.stores.safety.section(HOST_SECTION.format(sub.subentry_id)),
            runtime.leases,
            concurrency,
            CLOCKS,
            self._spawn_to_its_end,
        )

    @property
    def expected_run(self) -> int | None:
        """Return the seconds that the work that waits will take."""
        queues = self._entry.runtime_data.queues
        rates = self.controller.record.rates
        return expected_run(self.settings.queues, queues.data, rates)

    @property
    def guarded(self) -> bool:
        """Return whether the events of Redis are watched."""
        return (
            self.settings.pause_offline
            and self._entry.runtime_data.skipped_jobs.guarded
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
        power, house = self.controller.power, self.house
        if not self.controller.record.automatic:
            return None
        fellows = house.fellows()
        if power.state in GONE:
            # Whether it waits for the gate matters only with work.
            work = self.controller.work
            if work is None or not work.startable:
                return None
            if house.may_wake() is None:
                return "gate_unknown"
            return "gate_unclear" if house.is_gate_unclear() else None
        if power.state not in ON:
            return None
        if any(isinstance(it, Absent) for it in fellows):
            return "other_instance_unknown"
        others = others_of(self.settings.host_id, power.state, fellows)
        if others.busy or others.backlog:
            return "other_instance_works"
        match house.keep_on():
            case True:
                return "kept_on"
            case None:
                return "keep_on_unknown"
        return "keep_on_unclear" if house.is_keep_on_unclear() else None

    async def async_ask(self, wish: Wish) -> None:
        """Do what the user wants, then look at the host soon."""
        await self.controller.ask(wish)
        self._look_now.set()

    async def async_restart_service(self) -> float:
        """Restart the machine learning; return the seconds that it took.

        Goes on when whoever waits for it no longer does.
        """
        runtime = self._entry.runtime_data
        restart = ServiceRestart(self.controller, self.house, monotonic_ms)
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
            await runtime.queues.async_request_refresh()

    @callback
    def async_start(self) -> None:
        """Begin to look after the host."""
        self._entry.async_on_unload(async_machines(self._hass).async_add(self))
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
        return contact.safe is not (contact.reach is Reach.ONLINE)

    async def async_suspect(self, queue: str, *, thorough: bool) -> Answer:
        """Ask the host as jobs of a queue end too fast, and pause what it calls for."""
        answer = await self.controller.suspect(queue, thorough=thorough)
        if answer is Answer.NO:
            self._look_now.set()
        return answer

    def _stands(self) -> Mapping[str, HostStand]:
        """Return how all hosts of this Immich stand."""
        hosts = self._entry.runtime_data.gpu_hosts.hosts
        return {host_id: host.controller.stand for host_id, host in hosts.items()}

    @callback
    def _changed(self) -> None:
        """Show the host anew, and let the others see how it stands."""
        stand = self.controller.stand
        if stand != self._stand:
            self._stand = stand
            self._entry.runtime_data.gpu_hosts.async_stand_changed(self)
        peer = self.controller.peer
        if peer != self._peer:
            self._peer = peer
            async_machines(self._hass).async_changed(self.settings.host_id)
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


class EntryGpuHosts:
    """All hosts of one Immich."""

    def __init__(self) -> None:
        """Have none yet."""
        self.hosts: dict[str, GpuHost] = {}
        self.concurrency: ConcurrencyKeeper | None = None

    @callback
    def async_create(self, hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
        """Make the hosts and their devices."""
        subs = {
            host_id: sub
            for host_id, sub in entry.subentries.items()
            if sub.subentry_type == SUBENTRY_GPU_HOST
        }
        self.concurrency = ConcurrencyKeeper(
            entry.runtime_data.client,
            entry.runtime_data.stores.safety.section(CONCURRENCY),
            monotonic_ms,
            {
                host_id: host_settings_of(sub).concurrency
                for host_id, sub in subs.items()
            },
        )
        for host_id, sub in subs.items():
            self.hosts[host_id] = GpuHost(hass, entry, sub, self.concurrency)
        self.concurrency.adopt(
            {
                host_id: host.controller.record.overrides
                for host_id, host in self.hosts.items()
            }
        )
        for host_id, host in self.hosts.items():
            device = dr.async_get(hass).async_get_or_create(
                config_entry_id=entry.entry_id,
                config_subentry_id=host_id,
                identifiers={(DOMAIN, host_id)},
                name=host.settings.name,
                via_device_id=entry.runtime_data.server_device_id,
            )
            host.device_id = device.id

    @callback
    def async_keep(self, hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
        """Look after the hosts for as long as the entry is loaded."""

        @callback
        def updated() -> None:
            """Look after a poll."""
            for host in self.hosts.values():
                host.async_updated()
            if not self.hosts and concurrency.overrides:
                entry.async_create_task(hass, concurrency.apply())

        async def close() -> None:
            """Write down what has changed."""
            await self.async_close()
            if entry.disabled_by is not None:
                # Nobody would do it later.
                async_remove_gpu_issues(hass, entry)
                await concurrency.undo()

        assert self.concurrency is not None
        concurrency = self.concurrency

        entry.async_create_task(hass, self._forget_removed(hass))
        for host in self.hosts.values():
            host.async_start()
        listen = entry.runtime_data.queues.async_add_listener
        entry.async_on_unload(listen(updated))
        entry.async_on_unload(close)

    async def async_close(self) -> None:
        """Let no host decide anything any more, all at once; write down what they know."""
        await asyncio.gather(*(it.controller.close() for it in self.hosts.values()))

    async def _forget_removed(self, hass: HomeAssistant) -> None:
        """Take back what was changed and said for hosts that are no more."""
        assert self.concurrency is not None
        if any(host.controller.record.overrides for host in self.hosts.values()):
            if await self.concurrency.save():
                for host in self.hosts.values():
                    await host.controller.forget_overrides()
        if not self.hosts and self.concurrency.overrides:
            await self.concurrency.apply()
        subentries = {
            sub
            for other in hass.config_entries.async_entries(DOMAIN)
            for sub in other.subentries
        }
        for domain, issue_id in list(ir.async_get(hass).issues):
            for key in GPU_ISSUES:
                host_id = issue_id.removeprefix(f"{key}_")
                if domain == DOMAIN and host_id not in {issue_id, *subentries}:
                    ir.async_delete_issue(hass, DOMAIN, issue_id)

    @callback
    def async_stand_changed(self, changed: GpuHost) -> None:
        """Let the other hosts see that one stands differently now."""
        for host in self.hosts.values():
            if host is not changed:
                host.async_updated()
