"""Healing for one config entry: who asks, what is known, whom to tell."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Sequence

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..analysis.models import JobView, ServerView, Source
from ..bullmq.access import check_access
from ..bullmq.errors import BullMQError, MissingRightsError
from ..bullmq.jobs import QueueListing
from ..bullmq.recovery import BulkResult, QueueRecovery
from ..clock import monotonic_ms, monotonic_of, now_ms
from ..const import DOMAIN, LOGGER
from ..coordinator import QueueCoordinator, RedisSource
from ..devices import queue_name
from ..history.events import Event, EventType
from ..history.manager import HistoryManager
from ..issues import async_set_issue, issue_id_of
from ..restart.manager import RestartManager
from ..settings import auto_heal_of, heal_limits_of, restart_settings_of
from ..storage import EntryStores
from .errors import HealingError, RestartLimitError
from .healer import Healer, RestartStep
from .journal import Journal, RunKey
from .models import Decision, HealedJob, HealReport, Initiator, Outcome
from .policy import AutoHealMode, Order, decide, plan_heal
from .verification import Verification

HEAL_RIGHTS = "heal_rights"

LOOK_EVERY = 60_000
"""ms between two looks whether the rights are there by now."""


class HealRights:
    """Raises the issue when Redis refuses an act, and takes it back when it would not."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, redis: RedisSource
    ) -> None:
        """Go on from the issue, which a reload leaves standing."""
        self._hass = hass
        self._entry = entry
        self._redis = redis
        issue = ir.async_get(hass).async_get_issue(
            DOMAIN, issue_id_of(entry, HEAL_RIGHTS)
        )
        said = (issue and issue.translation_placeholders) or {}
        self._missing = tuple(said.get("missing", "").split())
        self._next_look = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the rights that are known to be missing."""
        return self._missing

    @callback
    def async_updated(self, mode: AutoHealMode) -> None:
        """Look now and then whether the rights are there, or are needed no more."""
        if not self._missing:
            return
        if mode in (AutoHealMode.OFF, AutoHealMode.ALERT_ONLY):
            self._show(())
        elif self._redis.connected and monotonic_ms() >= self._next_look:
            self._next_look = monotonic_ms() + LOOK_EVERY
            self._entry.async_create_background_task(
                self._hass, self.async_look(), "rights of the Redis user"
            )

    async def async_refused(self, error: MissingRightsError) -> None:
        """Name all that is missing, not only what was in the way first."""
        self._next_look = monotonic_ms() + LOOK_EVERY
        self._missing = error.commands
        await self.async_look()
        # The look may know better than what just happened, but not that it worked.
        if not self._missing:
            self._show(error.commands)

    @callback
    def async_acted(self) -> None:
        """Take the issue back: an act went through."""
        if self._missing:
            self._show(())

    async def async_look(self) -> None:
        """Ask Redis what its user may do."""
        try:
            await self.async_check()
        except BullMQError as err:
            LOGGER.debug("The rights can't be asked for now: %s", err)
            self._show(self._missing)

    async def async_check(self) -> tuple[str, ...]:
        """Ask Redis, show what is missing and return it. Raises BullMQError."""
        access = await check_access(self._redis.client, self._redis.settings.prefix)
        self._show(access.heal_missing)
        return access.heal_missing

    @callback
    def _show(self, missing: tuple[str, ...]) -> None:
        """Raise the issue, or take it back."""
        self._missing = missing
        words = {
            "missing": " ".join(missing),
            "user": self._redis.settings.username or "default",
        }
        async_set_issue(
            self._hass, self._entry, HEAL_RIGHTS, words if missing else None
        )


STUCK_JOBS = "stuck_jobs"
WORKERS_BLOCKED = "workers_blocked"
HEAL_LIMIT = "heal_limit"
HEAL_ISSUES = (STUCK_JOBS, WORKERS_BLOCKED, HEAL_LIMIT, HEAL_RIGHTS)

KNOWN_AFTER = 3
"""Good polls after which what is not seen is not there. Just after a reload a job may
not be judged yet, and its issue, which the user may have ignored, has to stay."""


ACTS = "acts"
"""Section of the safety store."""

AFTER_FAILURE = 60_000
"""ms that auto-heal waits after Redis or the disk refused."""

AFTER_RESTART = 60_000
"""ms after which the locks of the previous workers have run out for certain."""

AFTER_FAILED_RESTART = 1_800_000
"""ms that auto-heal waits after a restart that did not work."""


def create_journal(stores: EntryStores) -> Journal:
    """Return the journal of an entry, which goes on from what is stored."""
    return Journal(stores.safety.section(ACTS), monotonic_ms, monotonic_of)


class HealingManager:
    """What the entities and actions of one Immich with Redis need of the healing."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        redis: RedisSource,
        journal: Journal,
        queues: QueueCoordinator,
        history: HistoryManager,
        restart: RestartManager,
    ) -> None:
        prefix = redis.settings.prefix
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._journal = journal
        self._queues = queues
        self._history = history
        self._restart = restart
        self._verification = verification = Verification(
            redis.client, prefix, journal, self, monotonic_ms, now_ms
        )
        self._healer = Healer(
            redis.client, prefix, journal, self, verification, monotonic_ms, now_ms
        )
        self.rights = HealRights(hass, entry, redis)
        self.recovery = QueueRecovery(redis.client, prefix)
        self.listing = QueueListing(redis.client, prefix)
        self.held_back: tuple[JobView, ...] = ()
        """Stuck jobs that only the hourly limit keeps auto-heal from acting on."""
        self._seen: ServerView | None = None
        """The poll that was looked at last."""
        self._following: asyncio.Task[None] | None = None
        self._asked: asyncio.Task[None] | None = None
        self._auto_runs = False
        self._auto_problem: str | None = None
        """Why auto-heal could not act the last time, as it was logged."""
        # Monotonic, which may begin at zero.
        self._auto_not_before: int | None = None
        self._no_restart_before: int | None = None

    @property
    def reachable(self) -> bool:
        """Return whether Redis answered the last poll."""
        return self._redis.connected

    @property
    def under_way(self) -> set[RunKey]:
        """Return the runs of jobs that are written down and not recorded yet."""
        return self._journal.under_way

    @property
    def will_restart(self) -> bool:
        """Return whether auto-heal frees lost slots by itself, now or in a moment."""
        return auto_heal_of(
            self._entry
        ) is AutoHealMode.CLEAR_AND_RESTART and not _lies_ahead(self._no_restart_before)

    def lost_slots(self, queue: str | None = None) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        return self._verification.lost_slots(queue)

    @callback
    def async_keep(self) -> None:
        """Follow polls and restarts for as long as the entry is loaded.

        From the first sign of the end on nothing is looked at any more, and whoever
        waits gets an answer: what is open is looked up at the next start.
        """

        @callback
        def happened(event: Event) -> None:
            """Take note of a restart of ours."""
            if event.type is EventType.WORKERS_RESTARTED:
                self._entry.async_create_task(
                    self._hass, self._verification.workers_restarted()
                )

        # Home Assistant waits for callers before it fires that it stops.
        self._entry.async_on_unload(
            self._hass.async_add_shutdown_job(HassJob(self._end))
        )
        self._entry.async_on_unload(self._end)
        self._entry.async_on_unload(self._history.async_listen(happened))
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._polled()

    @callback
    def _end(self) -> None:
        """Answer all who wait, and look at nothing any more."""
        self._verification.end()
        if self._following is not None:
            self._following.cancel()

    async def heal(
        self, queues: Collection[str], order: Order, restart: RestartStep | None = None
    ) -> HealReport:
        """Act on the stuck jobs of queues, or on one of them, as a user asks for it.

        With `restart`, that is done between the act and its verification. Raises
        BullMQError when Redis refuses, NotStoredError when the act can't be written
        down, and HomeAssistantError while this is unloaded.
        """
        if self._verification.ended:
            raise _interrupted()
        views = self._queues.data.queues
        decisions, skipped = decide(
            [views[queue] for queue in queues if queue in views], order
        )
        report = await self._outlasting_its_caller(
            self._healer.heal(decisions, Initiator.USER, restart)
        )
        return HealReport(report.healed, (*skipped, *report.skipped))

    async def _outlasting_its_caller(
        self, work: Coroutine[None, None, HealReport]
    ) -> HealReport:
        """Bring an act to its end when nobody waits any more, but not past the entry.

        What is broken off then is looked up at the next start.
        """
        task = self._entry.async_create_background_task(self._hass, work, "heal")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise _interrupted() from None

    async def retry_failed(self, queue: str) -> BulkResult:
        """Put all failed jobs of a queue behind those that wait. Raises BullMQError."""
        ids: list[str] = []
        while page := await self.recovery.failed_ids(queue, len(ids)):
            ids += page
        return await self.recovery.retry_failed(queue, ids)

    @callback
    def look_soon(self) -> None:
        """Poll at once, unless that is being done: somebody waits for what it tells.

        A requested refresh would come every ten seconds only.
        """
        if self._asked is None or self._asked.done():
            self._asked = self._entry.async_create_background_task(
                self._hass,
                self._queues.async_refresh(),
                "poll for an act",
            )

    def slots(self, queue: str) -> int | None:
        """Return how many jobs Immich lets a queue run at a time, if it may be seen."""
        return self._queues.concurrency_of(queue)

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them."""
        await self._history.record(healed)

    @callback
    def _polled(self) -> None:
        if self._queues.last_update_success:
            self._async_updated(self._queues.data)

    @callback
    def _async_updated(self, view: ServerView) -> None:
        """Look after open acts, and do what auto-heal is for."""
        if view is self._seen or self._verification.ended:
            # Listeners are also called when nothing was polled.
            return
        self._seen = view
        self._restart.note_lost_slots(self.lost_slots())
        mode = auto_heal_of(self._entry)
        self.rights.async_updated(mode)
        if not self.reachable or view.source is not Source.REDIS:
            return
        self._async_follow(view)
        plan = plan_heal(
            view,
            mode,
            heal_limits_of(self._entry),
            self._journal.book.recent,
            self._history.strikes.count,
            monotonic_ms(),
        )
        self.held_back = plan.held_back
        if self._auto_runs or _lies_ahead(self._auto_not_before):
            return
        if plan.decisions or self._wants_restart():
            self._auto_runs = True
            self._entry.async_create_background_task(
                self._hass, self._auto(plan.decisions), "auto-heal"
            )

    def _wants_restart(self) -> bool:
        """Return whether a worker hangs on, and a restart is wanted and may be tried."""
        return (
            self.will_restart and self.lost_slots() > 0 and not self._verification.ended
        )

    @callback
    def _async_follow(self, view: ServerView) -> None:
        """Give a poll to the verification, unless it still looks at the last one."""
        if self._verification.idle or (
            self._following is not None and not self._following.done()
        ):
            return
        # Not at once: it may update the listeners, and this is called from one.
        self._following = self._entry.async_create_task(
            self._hass, self._follow(view), eager_start=False
        )

    async def _follow(self, view: ServerView) -> None:
        """Look once; a Redis that is lost meanwhile is asked again after the next poll."""
        lost = [self.lost_slots(queue) for queue in view.queues]
        try:
            await self._verification.follow(view)
        except BullMQError as err:
            LOGGER.debug("Open acts can't be looked at now: %s", err)
        if [self.lost_slots(queue) for queue in view.queues] != lost:
            self._restart.note_lost_slots(self.lost_slots())
            self._queues.async_update_listeners()

    async def _auto(self, decisions: Sequence[Decision]) -> None:
        """Carry out what was decided, and restart where that is wanted and needed."""
        try:
            report = await self._healer.heal(decisions, Initiator.AUTO)
            if any(job.outcome is Outcome.FAILED for job in report.healed):
                # Some of it was refused; why is found out before it is tried again.
                await self.rights.async_look()
                self._auto_not_before = monotonic_ms() + AFTER_FAILURE
            elif decisions:
                self.rights.async_acted()
            # What was seen may be over: a user may have restarted them just now. And
            # the user may have chosen otherwise, as both looks take their time.
            if (
                self._wants_restart()
                and await self._verification.still_held()
                and self._wants_restart()
            ):
                await self._restart_workers()
        except MissingRightsError as err:
            LOGGER.debug("Auto-heal lacks rights: %s", err)
            await self.rights.async_refused(err)
            self._auto_not_before = monotonic_ms() + AFTER_FAILURE
        except (BullMQError, HealingError) as err:
            if (problem := str(err)) != self._auto_problem:
                LOGGER.warning("Automatic healing is not possible now: %s", problem)
            self._auto_problem = problem
            self._auto_not_before = monotonic_ms() + AFTER_FAILURE
        else:
            self._auto_problem = None
        finally:
            self._auto_runs = False

    async def _restart_workers(self) -> None:
        """Restart the workers; how often is limited, and it may fail."""
        LOGGER.info("Blocked workers: %s; restarting the workers", self.lost_slots())
        self._restart.note_lost_slots(self.lost_slots())
        try:
            await self._restart.async_restart()
            wait = AFTER_RESTART
        except HomeAssistantError as err:
            limit = err.__cause__
            wait = (
                max(0, limit.next_at - now_ms())
                if isinstance(limit, RestartLimitError)
                else AFTER_FAILED_RESTART
            )
            LOGGER.warning("Automatic healing could not restart the workers: %s", err)
        self._no_restart_before = monotonic_ms() + wait


def blocked_workers(
    healing: HealingManager | None, queue: str | None = None
) -> int | None:
    """Return how many workers are blocked; None while Redis can't tell."""
    if healing is None or not healing.reachable:
        return None
    return healing.lost_slots(queue)


def _lies_ahead(at: int | None) -> bool:
    """Return whether a moment on the monotonic clock is still to come."""
    return at is not None and monotonic_ms() < at


def _interrupted() -> HomeAssistantError:
    """Return what a caller is told whose act can't be verified any more."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="heal_interrupted"
    )


class HealIssues:
    """Raises and takes back the issues about stuck jobs and blocked workers."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        queues: QueueCoordinator,
        healing: HealingManager | None,
    ) -> None:
        """`healing`: None without Redis."""
        self._hass = hass
        self._entry = entry
        self._queues = queues
        self._healing = healing
        self._polls = 0

    @callback
    def async_keep(self) -> None:
        """Look with every poll for as long as the entry is loaded."""
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._polled()

    @callback
    def _polled(self) -> None:
        if not self._queues.last_update_success:
            return
        self._polls += 1
        mode, healing = auto_heal_of(self._entry), self._healing
        stuck = self._queues.data.stuck if mode is AutoHealMode.ALERT_ONLY else ()
        self._show(STUCK_JOBS, [job.queue for job in stuck], count=str(len(stuck)))
        if healing is None:
            # Redis was taken out of the entry: nothing is known of workers any more.
            self._show(WORKERS_BLOCKED, ())
            self._show(HEAL_LIMIT, ())
            return
        restarts = healing.will_restart and bool(
            restart_settings_of(self._entry).methods
        )
        tells = mode is not AutoHealMode.OFF and not restarts
        blocked = {
            queue: count
            for queue in self._queues.data.queues
            if tells and (count := healing.lost_slots(queue))
        }
        self._show(WORKERS_BLOCKED, blocked, count=str(sum(blocked.values())))
        held_back = healing.held_back
        self._show(
            HEAL_LIMIT,
            [job.queue for job in held_back],
            count=str(len(held_back)),
            limit=str(heal_limits_of(self._entry).per_hour),
        )

    @callback
    def _show(self, key: str, queues: Iterable[str], **placeholders: str) -> None:
        """Raise an issue about queues, or take it back when there are none."""
        hass, entry = self._hass, self._entry
        names = sorted({queue_name(hass, entry, queue) for queue in queues})
        if names:
            words = {"queues": ", ".join(names), **placeholders}
            async_set_issue(hass, entry, key, words)
        elif self._polls > KNOWN_AFTER or auto_heal_of(entry) is AutoHealMode.OFF:
            async_set_issue(hass, entry, key, None)
