"""Restarts the workers without losing a photo: pause, restart, wait, go on."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
import logging

from ..bullmq.errors import BullMQError
from ..bullmq.models import JsonValue
from ..healing.errors import (
    ActionsInvalidError,
    EndedError,
    HealingError,
    LockedOutError,
    MaintenanceTimeoutError,
    NoRestartMethodError,
    NotStoredError,
    NoWorkerBackError,
    OldWorkersError,
    OwnActionsError,
    RestartFailedError,
    RestartingError,
    RestartLimitError,
)
from ..healing.safety import Section
from ..immich.errors import ImmichError
from ..immich.queues import MACHINE_LEARNING, RESUMED_AT_START
from ..pauses.keeper import LeaseKeeper
from ..pauses.leases import LeaseKind, LeaseReason
from ..serialization import stored_int
from .methods import ACTIONS_TAKE, MethodKind, RestartMethod
from .worker_watch import WorkerWatch

_LOGGER = logging.getLogger(__name__)


class RestartRecord:
    """The section of the restarts. Times: ms since the epoch."""

    def __init__(self, section: Section, wall: Callable[[], int]) -> None:
        self._section = section
        self._wall = wall

    @property
    def tries(self) -> list[int]:
        """Return when a restart was tried within the last 24 hours."""
        stored = self._section.data.get("tries")
        known = stored if isinstance(stored, list) else []
        times = [at for at in known if isinstance(at, int)]
        return recent_tries(times, self._wall())

    @property
    def begun(self) -> int | None:
        """Return since when a restart is under way, or was when it was broken off."""
        return stored_int(self._section.data, "begun")

    async def begin(self) -> None:
        """Note that one is under way. Raises NotStoredError."""
        await self._section.save({"tries": [*self.tries], "begun": self._wall()})

    async def count(self) -> None:
        """Note a try. One that can't be stored is no reason to stop half-way."""
        await self._keep([*self.tries, self._wall()], self.begun)

    async def finish(self) -> None:
        """Note that none is under way."""
        await self._keep(self.tries, None)

    async def _keep(self, tries: list[int], begun: int | None) -> None:
        """Write it down, or go on without."""
        stored: dict[str, JsonValue] = {"tries": [*tries]}
        if begun is not None:
            stored["begun"] = begun
        try:
            await self._section.keep(stored)
        except NotStoredError as error:
            _LOGGER.warning("A restart cannot be stored: %s", error)


DAY = 24 * 3_600_000

DEFAULT_COOL_DOWN = 1800
"""Seconds between two restarts."""
DEFAULT_PER_DAY = 3
"""Restarts within 24 hours."""


@dataclass(frozen=True, slots=True)
class RestartLimits:
    """What the user allows. They hold for tries, also for those that failed."""

    cool_down: int = DEFAULT_COOL_DOWN
    """Seconds."""
    per_day: int = DEFAULT_PER_DAY

    def next_allowed(self, tries: Sequence[int], now: int) -> int:
        """Return when the next try is allowed, at the earliest now; times in ms."""
        recent = recent_tries(tries, now)
        allowed = now
        if recent:
            allowed = max(allowed, recent[-1] + self.cool_down * 1000)
        if len(recent) >= self.per_day:
            # With 0 a day: one day after the last one, and so for ever.
            oldest = recent[-self.per_day] if self.per_day else now
            allowed = max(allowed, oldest + DAY)
        return allowed

    def check(self, tries: Sequence[int], now: int) -> None:
        """Raise RestartLimitError when it is too early for the next try."""
        allowed = self.next_allowed(tries, now)
        if allowed > now:
            raise RestartLimitError(
                "The workers were restarted too often or too recently", allowed
            )


def recent_tries(tries: Sequence[int], now: int) -> list[int]:
    """Return the tries of the last 24 hours, in order.

    A time that lies ahead is from a clock that was wrong: it doesn't count.
    """
    return sorted(at for at in tries if now - DAY < at <= now)


RESTART = LeaseReason(LeaseKind.RESTART)

EVERY = 2.0
"""Seconds between two looks for the workers."""
FIRST_WITHIN = 120.0
"""Seconds until the first worker must be back; else the next way is tried."""
ALL_WITHIN = 120.0
"""Seconds from the first worker to the last one."""
SETTLE = 5.0
"""Seconds from the last worker to the resume: just after its start Immich's machine
learning is not set up, and photos would be skipped."""

RESUMES_WITHIN = 30.0
"""Seconds that are waited for Immich to resume what it resumes at its start."""

WITHOUT_API = frozenset({MethodKind.ACTIONS, MethodKind.REDIS})
"""Ways that work although Immich does not answer: that may be why one is wanted."""

type Failure = tuple[str, Exception]


@dataclass(frozen=True, slots=True)
class RestartReport:
    """What a restart did."""

    method: MethodKind
    seconds: float
    """From the request to the last worker, or to giving up."""
    back_after: Mapping[str, float]
    """Seconds from the request until the worker of each queue was seen."""
    missing: tuple[str, ...]
    """Queues whose worker was not seen again in time."""
    confirmed: bool = True
    """Whether the workers are known to be new; else nobody could see it."""
    failures: tuple[Failure, ...] = ()
    """Ways that were tried before, and why they did not work."""
    still_paused: tuple[str, ...] = ()
    """Queues that could not be resumed yet; it is tried again with every poll."""


@dataclass(frozen=True, slots=True)
class RestartPlan:
    """What a restart is to be like."""

    methods: Sequence[RestartMethod]
    """In the order in which they are tried."""
    queues: Collection[str]
    """All queues of this Immich."""
    limits: RestartLimits = field(default_factory=RestartLimits)


@dataclass(frozen=True, slots=True)
class _Waited:
    """What was seen until the waiting ended."""

    back: Mapping[str, float]
    """Seconds after which the worker of each queue was back, of those that were."""
    restarted: bool | None

    @property
    def failure(self) -> NoWorkerBackError:
        """Return what went wrong when no worker is back."""
        if self.restarted is False:
            return OldWorkersError("No worker was restarted")
        return NoWorkerBackError("No worker came back in time")


class Restarter:
    """Restarts the workers of one Immich, one restart at a time.

    While the workers start, the queues of machine learning are paused by lease: else
    Immich would skip their first photos. A crash of Home Assistant in between is
    made up for by `recover`.
    """

    def __init__(
        self,
        section: Section,
        leases: LeaseKeeper,
        watch: WorkerWatch,
        wall: Callable[[], int],
        now: Callable[[], int],
        on_restart: Callable[[int], None],
        is_users_pause: Callable[[str], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Use these.

        `wall` returns ms since the epoch, `now` ms on a clock that never jumps; `on_restart` is told from when on signs of
        workers are new; `is_users_pause` says of a queue that Immich itself pauses
        while it starts whether a pause that is seen there is the user's.
        """
        self._book = RestartRecord(section, wall)
        self._leases = leases
        self._watch = watch
        self._wall = wall
        self._now = now
        self._on_restart = on_restart
        self._is_users_pause = is_users_pause
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._not_paused: Collection[str] = ()
        """Queues that are to be paused as soon as Immich answers."""
        self.act_is_over = asyncio.Event()
        """Clear from when a restart is begun until what restarts Immich was done."""
        self.act_is_over.set()

    @property
    def running(self) -> bool:
        """Return whether a restart is under way."""
        return self._lock.locked()

    @property
    def tries(self) -> list[int]:
        """Return when a restart was tried within the last 24 hours."""
        return self._book.tries

    async def restart(self, plan: RestartPlan, *, force: bool = False) -> RestartReport:
        """Restart the workers; `force` goes over the limits.

        Raises RestartingError, NoRestartMethodError, RestartLimitError, NotStoredError
        and ImmichError before anything was done, RestartFailedError when no way
        worked. In each case the queues go on.
        """
        self.check(plan, force=force)
        async with self._lock:
            return await self._restart(plan)

    def check(self, plan: RestartPlan, *, force: bool = False) -> None:
        """Raise RestartingError, NoRestartMethodError or RestartLimitError if it may not be."""
        if self.running:
            raise RestartingError("A restart is under way already")
        if not plan.methods:
            raise NoRestartMethodError("No way to restart was chosen")
        if not force:
            plan.limits.check(self.tries, self._wall())

    async def recover(self, queues: Collection[str]) -> None:
        """Bring a restart to its end during which Home Assistant ended."""
        if self.running:
            return
        with suppress(EndedError):
            await self._recover(queues)

    async def _recover(self, queues: Collection[str]) -> None:
        """Wait for the workers as after a restart, then let the queues go on."""
        async with self._lock:
            begun = self._book.begun
            if begun is None:
                await self._leases.end(RESTART)
                return
            _LOGGER.info("Waiting for the workers after an interrupted restart")
            if all(at < begun for at in self.tries):
                # Nobody knows whether it came to that: then it did.
                await self._book.count()
            self._on_restart(begun)
            with self._leases.leaving_alone(RESUMED_AT_START):
                ago = max(0, self._wall() - begun)
                await self._wait(self._now() - ago, begun + ACTIONS_TAKE, queues)
                await self._settle()
            await self._finish()

    async def _restart(self, plan: RestartPlan) -> RestartReport:
        """Pause, restart, wait, go on."""
        await self._book.begin()
        self.act_is_over.clear()
        try:
            await self._pause_if_it_answers(plan)
            with self._leases.leaving_alone(RESUMED_AT_START):
                report = await self._try_methods(plan)
                await self._settle()
        except Exception:
            await self._finish()
            raise
        finally:
            self._not_paused = ()
            self.act_is_over.set()
        # When it is cancelled, the workers may be on their way: `recover` waits then.
        return replace(report, still_paused=await self._finish())

    async def _pause_if_it_answers(self, plan: RestartPlan) -> None:
        """Pause, or do so as soon as Immich answers, where it can be restarted unasked.

        Raises ImmichError when every way needs its answer.
        """
        try:
            await self._pause(plan.queues)
        except ImmichError as error:
            if WITHOUT_API.isdisjoint(method.kind for method in plan.methods):
                raise
            _LOGGER.warning(
                "Restarting Immich although Immich does not respond: %s", error
            )
            self._not_paused = plan.queues

    async def _pause(self, queues: Collection[str]) -> None:
        """Pause the queues of machine learning, and note which others are paused."""
        wanted = [queue for queue in queues if queue in MACHINE_LEARNING]
        wanted += [
            queue
            for queue in queues
            if queue in RESUMED_AT_START
            and self._is_users_pause(queue)
            and await self._leases.is_paused(queue)
        ]
        taken = await self._leases.take(RESTART, wanted)
        for error in taken.pending.values():
            raise error

    async def _try_methods(self, plan: RestartPlan) -> RestartReport:
        """Try one way after the other until workers come back."""
        failures: list[Failure] = []
        for method in plan.methods:
            await self._watch.mark()
            begun = self._now()
            try:
                self.act_is_over.clear()
                since = await self._run(method)
                self.act_is_over.set()
                self._on_restart(since)
                seen = await self._wait(begun, since, plan.queues)
                if not seen.back:
                    raise seen.failure
            except EndedError:
                # The entry has ended: no other way is begun for it.
                raise
            except (HealingError, ImmichError, BullMQError) as error:
                _LOGGER.warning("Restart by method %s failed: %s", method.kind, error)
                failures.append((method.kind.value, error))
                continue
            return RestartReport(
                method=method.kind,
                seconds=(self._now() - begun) / 1000,
                back_after=seen.back,
                missing=tuple(queue for queue in plan.queues if queue not in seen.back),
                confirmed=seen.restarted is True,
                failures=tuple(failures),
            )
        raise RestartFailedError(tuple(failures))

    async def _run(self, method: RestartMethod) -> int:
        """Run a way; it counts as a try only if it ran, or may have."""
        try:
            since = await method.run()
        except ActionsInvalidError:
            raise
        except LockedOutError, MaintenanceTimeoutError, OwnActionsError:
            await self._book.count()
            raise
        await self._book.count()
        return since

    async def _wait(self, begun: int, since: int, queues: Collection[str]) -> _Waited:
        """Return which workers are back, and what is known of those that are not.

        `begun` on the clock that never jumps, `since` in ms since the epoch.
        """
        back: dict[str, float] = {}
        deadline = self._now() + FIRST_WITHIN * 1000
        while True:
            if self._not_paused:
                # What can't be paused is no reason to restart once more.
                try:
                    await self._pause(self._not_paused)
                except EndedError:
                    raise
                except (ImmichError, NotStoredError) as error:
                    _LOGGER.debug("Can't be paused yet: %s", error)
                else:
                    self._not_paused = ()
            seen = await self._watch.look(since)
            for queue in seen.back:
                if not back:
                    deadline = self._now() + ALL_WITHIN * 1000
                back.setdefault(queue, (self._now() - begun) / 1000)
            if back.keys() >= set(queues) or self._now() > deadline:
                return _Waited(back, seen.restarted)
            await self._sleep(EVERY)

    async def _settle(self) -> None:
        """Wait until Immich has set itself up, then pause again what it resumed."""
        await self._sleep(SETTLE)
        held = RESUMED_AT_START & self._leases.book.pauses.keys()
        deadline = self._now() + RESUMES_WITHIN * 1000
        while held and self._now() <= deadline:
            with suppress(ImmichError):
                if not all([await self._leases.is_paused(queue) for queue in held]):
                    break
            await self._sleep(EVERY)
        await self._leases.reassert(held)

    async def _finish(self) -> tuple[str, ...]:
        """Let the queues go on; return those that can't yet."""
        left = await self._leases.end(RESTART)
        await self._book.finish()
        return tuple(left)
