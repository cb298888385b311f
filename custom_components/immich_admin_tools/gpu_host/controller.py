"""One GPU host: looks, lets the policy decide, and does what it says."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
import logging

from ..analysis.skipped import Answer
from ..healing.errors import HealingError, NotStoredError
from ..healing.safety import Section
from ..pauses.keeper import LeaseKeeper
from .clocks import Clocks
from .concurrency import ConcurrencyKeeper
from .errors import NoOffActionError, NotSentError, NoWakeMethodError
from .host_services import HostServices
from .machine import LoadedHost, is_resting, others_of, overruled_since
from .models import (
    GONE,
    ON,
    Command,
    Connectivity,
    HostState,
    Notification,
    Observation,
    Power,
    PowerRequest,
    Report,
    Transition,
    Trouble,
)
from .pauses import HostLeases, HostStatus, queues_to_pause
from .policy import step
from .probe import Availability, HostProbe, Probe
from .record import HostRecord, HostRecordStore
from .settings import HostSettings
from .work import HostWork, WorkWatch, measured_rates

_LOGGER = logging.getLogger(__name__)

type Spawn = Callable[[Coroutine[None, None, None], str], object]
"""Runs something in the background, to its end even if the entry is reloaded."""

type TakeBurnt = Callable[[Mapping[str, int]], Awaitable[bool]]
"""Takes skipped jobs over, by queue; returns whether they are stored."""

LOOK_WITHIN = 1.0
"""Seconds for an answer while jobs end too fast."""


class HostController:
    """Keeps one host in order. One step at a time; what is decided is stored first."""

    def __init__(
        self,
        settings: HostSettings,
        services: HostServices,
        probe: HostProbe,
        section: Section,
        leases: LeaseKeeper,
        concurrency: ConcurrencyKeeper,
        clocks: Clocks,
        spawn: Spawn,
    ) -> None:
        self.settings = settings
        self.contact = Availability()
        self.work: HostWork | None = None
        """None: the last poll failed."""
        self._restarting = False
        self.clocks = clocks
        self._services = services
        self._probe = probe
        self._now = clocks.now
        self._spawn = spawn
        self._book = HostRecordStore(section, settings.name, clocks)
        self._concurrency = concurrency
        self._watch = WorkWatch(
            settings.queues, waiting_since=dict(self.record.waiting_since)
        )
        self.leases = HostLeases(
            leases, settings.host_id, settings.queues, lambda: self._watch.polls
        )
        self._lock = asyncio.Lock()
        self._closed = False
        self._rested = False
        self._drained = False
        self._decision: asyncio.Task[Transition | None] | None = None
        self._deciding: frozenset[Command] = frozenset()
        self._asked_on_at: int | None = None
        self._trouble: Trouble | None = None

    @property
    def record(self) -> HostRecord:
        """Return what is known for longer."""
        return self._book.record

    @property
    def power(self) -> Power:
        """Return the state of the host."""
        return self.record.power

    @property
    def restarting(self) -> bool:
        """Return whether its machine learning is being restarted."""
        return self._restarting or self._services.restart_action_runs()

    @restarting.setter
    def restarting(self, restarting: bool) -> None:
        self._restarting = restarting

    @property
    def resting(self) -> bool:
        """Return whether another Immich is about to switch the same machine off."""
        return is_resting(self._services.other_hosts())

    @property
    def others_at_rest(self) -> bool:
        """Return whether no other Immich works with the same machine."""
        other_hosts = self._services.other_hosts()
        return all(
            isinstance(other, LoadedHost) and other.drained for other in other_hosts
        )

    @property
    def status(self) -> HostStatus:
        """Return how it stands, as far as pauses depend on it."""
        return HostStatus(
            self.settings.queues,
            self.power.state,
            self.contact.safe,
            self.settings.pause_offline,
            self.restarting,
            self.resting,
        )

    @property
    def peer(self) -> LoadedHost:
        """Return how it stands, for other entries with the same machine."""
        power, work = self.power, self.work
        return LoadedHost(
            host_id=self.settings.host_id,
            state=power.state,
            hold=power.hold,
            slept=power.slept,
            busy=None if work is None else work.busy,
            backlog=None if work is None else work.startable,
            drained=self._drained,
            restarting=self.restarting,
            deciding_off=Command.RUN_OFF in self._deciding,
            signalling=Command.SIGNAL in self._deciding,
            keep_on=self._services.keep_on(),
            overruled=bool(self.leases.overruled),
            asked_on_at=self._asked_on_at,
        )

    async def ask(self, request: PowerRequest) -> None:
        """Do what the user wants.

        Raises NoWakeMethodError, NoOffActionError and NotStoredError when it can't be.
        """
        on = self.power.state in ON or self.contact.reach is Connectivity.ONLINE
        if request is PowerRequest.ON and not on:
            self.check_wake()
        if request is PowerRequest.OFF and self.power.state in ON:
            self.check_off()
        if request is PowerRequest.ON:
            self._asked_on_at = self._now()
        await self.step(request=request)

    async def set_automatic(self, automatic: bool) -> None:
        """Switch the policy on or off.

        Raises NoWakeMethodError and NoOffActionError for a host that it can't handle,
        NotStoredError when it would be forgotten.
        """
        if automatic:
            self.check_wake()
            self.check_off()
        async with self._lock:
            # What the user asked for, and a power-off under way, are left alone.
            record = replace(self.record, automatic=automatic)
            if not automatic:
                # Nobody tries again on its own, so nothing is to be mended.
                record = record.with_power(replace(self.power, trouble=None))
            await self._book.save(record)
        await self.step()

    def check_wake(self) -> None:
        """Raise NoWakeMethodError when nothing can wake the host."""
        if not self.settings.power.can_wake:
            raise NoWakeMethodError(self.settings.name)

    def check_off(self) -> None:
        """Raise NoOffActionError when nothing can switch the host off."""
        if not self.settings.power.can_switch_off:
            raise NoOffActionError(self.settings.name)

    async def probe(self) -> None:
        """Ask the host once, then see what follows."""
        self.contact = self.contact.after(await self._probe(), self._now())
        if self.power.state is HostState.DRAINING or self.resting:
            await self._services.look()
        await self.step()

    async def suspect(self, queue: str, *, thorough: bool = True) -> Answer:
        """Ask the host as jobs end too fast; pause their queue when it is gone.

        Twice before it is believed to be gone. `thorough`: whether to ask as well
        if it does its work.
        """
        answer = await self._look(thorough=thorough)
        if answer is Answer.NO:
            # On a new connection: it may have been closed while nobody asked.
            answer = await self._look(thorough=thorough)
        if answer is not Answer.NO:
            return answer
        # Until it has answered more than once.
        self.contact = replace(self.contact, safe=False, answers=0)
        statuses = self._services.statuses()
        wanted = queues_to_pause(self.settings.host_id, statuses) or ()
        if queue in wanted and queue not in self.leases.holding:
            await self.leases.take([queue])
            # Not where the user lets it go on anyway, or where it can't be paused.
            if queue in self.leases.holding:
                _LOGGER.warning(
                    "%s does not respond and Immich skipped jobs of %s: pausing the queue",
                    self.settings.name,
                    queue,
                )
        await self.step()
        return answer

    async def _look(self, *, thorough: bool) -> Answer:
        """Ask the host once. What takes long or is strange is unknown."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                probe = await (self._probe.thoroughly() if thorough else self._probe())
        except TimeoutError:
            return Answer.UNKNOWN
        match probe:
            case Probe.ANSWERS:
                return Answer.YES
            case Probe.GONE | Probe.FAILS:
                return Answer.NO
            case _:
                return Answer.UNKNOWN

    async def hand_over_skipped(self, take: TakeBurnt) -> None:
        """Hand over what 0.1.0 stored here of skipped jobs."""
        async with self._lock:
            if self.record.burnt and await take(self.record.burnt):
                await self._book.try_to_save(replace(self.record, burnt={}))

    async def step(
        self, *, request: PowerRequest | None = None, report: Report | None = None
    ) -> None:
        """Look, decide, write it down, do it.

        Raises NotStoredError when it is the user's wish that can't be written down.
        """
        async with self._lock:
            if self._closed:
                # Somebody else goes on with what is stored.
                return
            # What was written down must be done, even if the entry is reloaded now.
            self._decision = asyncio.create_task(self._decide(request, report))
            result = await asyncio.shield(self._decision)
            if result is None:
                return
            await self._pause()
            await self._concurrency.keep(self.settings.host_id, self._is_on())
        for notification in result.notifications:
            await self._services.notify(notification)
        if self.power.trouble is not self._trouble:
            self._trouble = self.power.trouble
            self._services.show_trouble(self._trouble)
        self._services.changed()

    async def _decide(
        self, request: PowerRequest | None, report: Report | None
    ) -> Transition | None:
        """Decide, write it down, and begin it; None: nothing must be done."""
        seen = self._put_together(request, report)
        result = step(self.power, self.settings.power, seen)
        # At once: another entry with the same machine must not do it as well.
        self._deciding = frozenset(result.effects)
        try:
            if not await self._took_over(result, seen):
                return None
        finally:
            self._deciding = frozenset()
        for effect in result.effects:
            self._spawn(self._do(effect), f"{effect} {self.settings.name}")
        return result

    def _is_on(self) -> bool | None:
        """Return whether more workers make sense; None: not known now."""
        if self.contact.reach is Connectivity.UNKNOWN:
            return None
        return self.power.state in ON and self.contact.reach is Connectivity.ONLINE

    async def _took_over(self, result: Transition, seen: Observation) -> bool:
        """Take over what was decided; return False when it must not be done."""
        before = self.power.state
        record = self.record.with_power(result.power)
        if Notification.WAKE in result.notifications:
            record = replace(record, last_wake=self.clocks.wall())
        # While it is off, the age of what waits must outlive a restart.
        waiting = self._watch.waiting_since if result.power.state in GONE else {}
        record = replace(record, waiting_since=dict(waiting))
        try:
            await self._book.save(record)
        except NotStoredError as error:
            if seen.request is not None:
                raise
            if result.effects:
                # After a crash nobody would know of it.
                _LOGGER.warning(
                    "%s: nothing was done, as the state cannot be stored: %s",
                    self.settings.name,
                    error,
                )
                return False
            await self._book.try_to_save(record)
        if before is not result.power.state:
            _LOGGER.info(
                "%s: %s, was %s", self.settings.name, result.power.state, before
            )
        if result.power.state is not HostState.DRAINING and not self._rested:
            self._watch.not_drained()
            self._drained = False
        return True

    def _put_together(
        self, request: PowerRequest | None, report: Report | None
    ) -> Observation:
        """Put together what the policy looks at."""
        now, view, power = self._now(), self._services.view(), self.power
        other_hosts = self._services.other_hosts()
        self._rest(is_resting(other_hosts))
        if view is not None:
            self._watch.see(view)
        self.work = work = (
            None
            if view is None
            else self._watch.look(
                view,
                self.leases.held_back(view),
                self._services.lost_slots,
                self.clocks,
            )
        )
        if view is not None and work is not None:
            if power.state is HostState.WORKING and self.contact.safe:
                rates = measured_rates(self.settings.queues, view, self.record.rates)
                self._book.record = replace(self.record, rates=rates)
            if power.state is HostState.DRAINING or self._rested:
                held = self.leases.all_held(view)
                self._drained = self._watch.drained(view, work, held=held)
        else:
            self._drained = False
        if power.state is HostState.DRAINING and (
            self.leases.overruled or overruled_since(power.since, other_hosts)
        ):
            # Whoever lets a queue go on wants the host to stay.
            request = request or PowerRequest.ON
        # That it does not answer while it restarts means nothing. Nor is it off before its
        # off action is over: what is still to come, such as a plug, would cut it off again.
        in_between = self.restarting or (
            power.state in GONE | {HostState.SHUTTING_DOWN}
            and self._services.off_action_runs()
        )
        return Observation(
            now=now,
            reach=Connectivity.UNKNOWN if in_between else self.contact.reach,
            automatic=self.record.automatic,
            may_wake=self._services.may_wake(),
            keep_on=self._services.keep_on(),
            backlog=None if work is None else work.startable,
            waited=0 if work is None else work.waited,
            busy=None if work is None else work.busy,
            drained=self._drained,
            request=request,
            report=report,
            others=others_of(self.settings.host_id, power.state, other_hosts),
        )

    def _rest(self, rests_now: bool) -> None:
        """Follow another Immich that is about to switch the machine off."""
        if self._rested and not rests_now:
            # It may be off, though the last probe found it on: ask before it goes on.
            self.contact = Availability()
        self._rested = rests_now

    async def _pause(self) -> None:
        """Pause and let go on what the state of all hosts calls for."""
        wanted = queues_to_pause(self.settings.host_id, self._services.statuses())
        if wanted is not None:
            await self.leases.apply(wanted, self._services.view())

    async def _do(self, effect: Command) -> None:
        """Carry out an effect, and report what came of it."""
        match effect:
            case Command.SIGNAL:
                await self.step(report=await self._signal())
            case Command.SIGNAL_AGAIN:
                await self._sent()
            case Command.RUN_OFF:
                done = await self._ran(self._services.run_off_action())
                await self.step(report=Report.OFF_RUN if done else Report.OFF_NOT_RUN)

    async def _signal(self) -> Report:
        """Send the packet, then run the on action."""
        sent = await self._sent()
        if self.settings.has_on_action:
            sent |= await self._ran(self._services.run_on_action())
        return Report.SIGNALLED if sent else Report.NOT_SIGNALLED

    async def _sent(self) -> bool:
        """Send the magic packet; return whether it went out."""
        if self.settings.packet is None:
            return False
        try:
            await self._services.send_packet()
        except NotSentError as error:
            _LOGGER.warning(
                "%s: the magic packet could not be sent: %s", self.settings.name, error
            )
            return False
        return True

    async def _ran(self, action: Coroutine[None, None, None]) -> bool:
        """Run the user's actions; return whether they ran to their end."""
        try:
            await action
        except HealingError as error:
            _LOGGER.warning("%s: the actions failed: %s", self.settings.name, error)
            return False
        return True

    async def close(self) -> None:
        """Write down what has changed since the last write; do nothing more."""
        self._closed = True
        if self._decision is not None:
            # Its error has been raised where the step was asked for.
            await asyncio.wait([self._decision])
        async with self._lock:
            await self._book.close()

    async def forget_overrides(self) -> None:
        """Forget what 0.1.0 stored here, as it belongs to the queues now."""
        if self.record.overrides:
            async with self._lock:
                await self._book.try_to_save(replace(self.record, overrides={}))
