"""One GPU host: looks, lets the policy decide, and does what it says."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
import logging

from ..analysis.skipped import Answer
from ..healing.errors import HealingError, NotStoredError
from ..healing.lease_keeper import LeaseKeeper
from ..healing.safety import Section
from .errors import NoOffActionError, NotSentError, NoWakeWayError
from .host_leases import HostLeases
from .house import House
from .models import ON, Effect, HostState, News, Power, Reach, Report, Seen, Step, Wish
from .pauses import HostStand, queues_to_pause
from .policy import step
from .probe import HostProbe
from .profile import ConcurrencyApi, Profile
from .reach import Contact, Probe
from .record import HostRecord
from .record_book import RecordBook
from .settings import HostSettings
from .work import Work, WorkWatch, measured_rates

_LOGGER = logging.getLogger(__name__)

type Spawn = Callable[[Coroutine[None, None, None], str], object]
"""Runs something in the background, until the entry is unloaded."""

type TakeBurnt = Callable[[Mapping[str, int]], Awaitable[bool]]
"""Takes skipped jobs over, by queue; returns whether they are stored."""

LOOK_WITHIN = 1.0
"""Seconds for an answer while jobs end too fast."""


class HostController:
    """Keeps one host in order. One step at a time; what is decided is stored first."""

    def __init__(
        self,
        settings: HostSettings,
        house: House,
        probe: HostProbe,
        section: Section,
        leases: LeaseKeeper,
        api: ConcurrencyApi,
        now: Callable[[], int],
        spawn: Spawn,
    ) -> None:
        """Go on from what is stored; `now` returns ms since the epoch."""
        self.settings = settings
        self.contact = Contact()
        self.work: Work | None = None
        """None: the last poll failed."""
        self.restarting = False
        """Whether its machine learning is being restarted."""
        self.leases = HostLeases(leases, settings.host_id, settings.queues, now)
        self._house = house
        self._probe = probe
        self._now = now
        self._spawn = spawn
        self._book = RecordBook(section, settings.name, now())
        self._profile = Profile(api, self._book, now)
        self._watch = WorkWatch(settings.queues)
        self._lock = asyncio.Lock()

    @property
    def record(self) -> HostRecord:
        """Return what is known for longer."""
        return self._book.record

    @property
    def power(self) -> Power:
        """Return the state of the host."""
        return self.record.power

    @property
    def stand(self) -> HostStand:
        """Return how it stands, as far as pauses depend on it."""
        return HostStand(
            self.settings.queues,
            self.power.state,
            self.contact.safe,
            self.settings.pause_offline,
            self.restarting,
        )

    async def ask(self, wish: Wish) -> None:
        """Do what the user wants.

        Raises NoWakeWayError, NoOffActionError and NotStoredError when it can't be.
        """
        if wish is Wish.ON and self.power.state not in ON:
            self.check_wake()
        if wish is Wish.OFF and self.power.state in ON:
            self.check_off()
        await self.step(wish=wish)

    async def set_automatic(self, automatic: bool) -> None:
        """Switch the policy on or off.

        Raises NoWakeWayError and NoOffActionError for a host that it can't handle,
        NotStoredError when it would be forgotten.
        """
        if automatic:
            self.check_wake()
            self.check_off()
        async with self._lock:
            # The user's last word stood against the policy of before.
            power = replace(self.power, wish=None)
            await self._book.save(
                replace(self.record, automatic=automatic, power=power)
            )
        await self.step()

    def check_wake(self) -> None:
        """Raise NoWakeWayError when nothing can wake the host."""
        if not self.settings.power.can_wake:
            raise NoWakeWayError(self.settings.name)

    def check_off(self) -> None:
        """Raise NoOffActionError when nothing can switch the host off."""
        if not self.settings.power.can_switch_off:
            raise NoOffActionError(self.settings.name)

    async def probe(self) -> None:
        """Ask the host once, then see what follows."""
        self.contact = self.contact.after(await self._probe(), self._now())
        if self.power.state is HostState.DRAINING:
            await self._house.look()
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
        stands = self._house.stands()
        wanted = queues_to_pause(self.settings.host_id, stands) or ()
        if queue in wanted and queue not in self.leases.holding:
            await self.leases.take([queue])
            _LOGGER.warning(
                "%s does not answer, and Immich skipped jobs of %s: it is paused",
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

    async def hand_over_burnt(self, take: TakeBurnt) -> None:
        """Hand over what 0.1.0 stored here of skipped jobs."""
        async with self._lock:
            if self.record.burnt and await take(self.record.burnt):
                await self._book.try_to_save(replace(self.record, burnt={}))

    async def step(
        self, *, wish: Wish | None = None, report: Report | None = None
    ) -> None:
        """Look, decide, write it down, do it.

        Raises NotStoredError when it is the user's wish that can't be written down.
        """
        async with self._lock:
            seen = self._put_together(wish, report)
            result = step(self.power, self.settings.power, seen)
            if not await self._took_over(result, seen):
                return
            await self._pause()
            for effect in result.effects:
                self._spawn(self._do(effect), f"{effect} {self.settings.name}")
            online = self.power.state in ON and self.contact.reach is Reach.ONLINE
            await self._profile.keep(self.settings.concurrency if online else {})
        for news in result.news:
            await self._house.tell(news)
        self._house.changed()

    async def _took_over(self, result: Step, seen: Seen) -> bool:
        """Take over what was decided; return False when it must not be done."""
        before = self.power.state
        record = self.record.with_power(result.power)
        if News.WAKE in result.news:
            record = replace(record, last_wake=seen.now)
        try:
            await self._book.save(record)
        except NotStoredError as error:
            if seen.wish is not None:
                raise
            if result.effects:
                # After a crash nobody would know of it.
                _LOGGER.warning("%s: nothing was done: %s", self.settings.name, error)
                return False
            await self._book.try_to_save(record)
        if before is not result.power.state:
            _LOGGER.info(
                "%s: %s, was %s", self.settings.name, result.power.state, before
            )
        if result.power.state is not HostState.DRAINING:
            self._watch.not_drained()
        return True

    def _put_together(self, wish: Wish | None, report: Report | None) -> Seen:
        """Put together what the policy looks at."""
        now, view, state = self._now(), self._house.view(), self.power.state
        self.work = work = (
            None
            if view is None
            else self._watch.look(
                view, self.leases.held_back(view), self._house.lost_slots, now
            )
        )
        drained = False
        if view is not None and work is not None:
            if state is HostState.WORKING and self.contact.safe:
                rates = measured_rates(self.settings.queues, view, self.record.rates)
                self._book.record = replace(self.record, rates=rates)
            if state is HostState.DRAINING:
                held = self.leases.all_held(view)
                drained = self._watch.drained(view, work, held=held, now=now)
        if state is HostState.DRAINING and self.leases.overruled:
            # Whoever lets a queue go on wants the host to stay.
            wish = wish or Wish.ON
        return Seen(
            now=now,
            # That it does not answer while it restarts means nothing.
            reach=Reach.UNKNOWN if self.restarting else self.contact.reach,
            automatic=self.record.automatic,
            may_wake=self._house.may_wake(),
            backlog=0 if work is None else work.startable,
            waited=0 if work is None else work.waited,
            busy=None if work is None else work.busy,
            drained=drained,
            wish=wish,
            report=report,
        )

    async def _pause(self) -> None:
        """Pause and let go on what the state of all hosts calls for."""
        wanted = queues_to_pause(self.settings.host_id, self._house.stands())
        if wanted is not None:
            await self.leases.apply(wanted, self._house.view())

    async def _do(self, effect: Effect) -> None:
        """Carry out an effect, and report what came of it."""
        match effect:
            case Effect.SIGNAL:
                await self.step(report=await self._signal())
            case Effect.SIGNAL_AGAIN:
                await self._sent()
            case Effect.RUN_OFF:
                done = await self._ran(self._house.run_off_action())
                await self.step(report=Report.OFF_RUN if done else Report.OFF_NOT_RUN)

    async def _signal(self) -> Report:
        """Send the packet, then run the on action."""
        sent = await self._sent()
        if self.settings.has_on_action:
            sent |= await self._ran(self._house.run_on_action())
        return Report.SIGNALLED if sent else Report.NOT_SIGNALLED

    async def _sent(self) -> bool:
        """Send the magic packet; return whether it went out."""
        if self.settings.packet is None:
            return False
        try:
            await self._house.send_packet()
        except NotSentError as error:
            _LOGGER.warning("%s: magic packet: %s", self.settings.name, error)
            return False
        return True

    async def _ran(self, action: Coroutine[None, None, None]) -> bool:
        """Run the user's actions; return whether they ran to their end."""
        try:
            await action
        except HealingError as error:
            _LOGGER.warning("%s: own actions: %s", self.settings.name, error)
            return False
        return True

    async def close(self) -> None:
        """Write down what has changed since the last write."""
        await self._book.close()
