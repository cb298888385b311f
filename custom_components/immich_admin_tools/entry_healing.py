"""Healing for one config entry: who asks, what is known, whom to tell."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .analysis.models import JobView, ServerView, Source
from .bullmq.errors import BullMQError
from .bullmq.listing import QueueListing
from .bullmq.recovery import BulkResult, QueueRecovery
from .clock import now_ms
from .const import DOMAIN, LOGGER
from .entry_activity import EntryActivity
from .healing.act_book import Run
from .healing.act_log import ActLog
from .healing.auto_heal import AutoHealMode, plan_heal
from .healing.errors import HealingError, RestartLimitError
from .healing.follow_up import FollowUp
from .healing.healer import Healer, Step
from .healing.models import Decision, HealedJob, HealMode, HealReport, Initiator
from .healing.policy import decide
from .redis_source import RedisSource
from .settings import auto_heal_of, heal_limits_of
from .stores import EntryStores

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

ACTS = "acts"
"""Section of the safety store."""

AFTER_FAILURE = 60_000
"""ms that auto-heal waits after Redis or the disk refused."""

AFTER_RESTART = 60_000
"""ms after which the locks of the workers of before have run out for certain."""

AFTER_FAILED_RESTART = 1_800_000
"""ms that auto-heal waits after a restart that did not work."""


class EntryHealing:
    """What the entities and actions of one Immich with Redis need of the healing."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        stores: EntryStores,
        redis: RedisSource,
        activity: EntryActivity,
    ) -> None:
        """Go on from what is stored."""
        prefix = redis.settings.prefix
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._activity = activity
        self._log = ActLog(stores.safety.section(ACTS))
        self._healer = healer = Healer(redis.client, prefix, self._log, self, now_ms)
        self._follow_up = FollowUp(
            redis.client, prefix, self._log, self, now_ms, lambda: healer.under_way
        )
        self.recovery = QueueRecovery(redis.client, prefix)
        self.listing = QueueListing(redis.client, prefix)
        self.held_back: tuple[JobView, ...] = ()
        """Stuck jobs that only the hourly limit keeps auto-heal from acting on."""
        self._auto_runs = False
        self._auto_not_before = 0
        self._no_restart_before = 0

    @property
    def reachable(self) -> bool:
        """Return whether Redis answered the last poll."""
        return self._redis.connected

    @property
    def under_way(self) -> set[Run]:
        """Return the runs of jobs that are written down and not recorded yet."""
        return {act.run for act in self._log.book.pending.values()}

    @property
    def will_restart(self) -> bool:
        """Return whether auto-heal frees lost slots by itself, now or in a moment."""
        return (
            auto_heal_of(self._entry) is AutoHealMode.CLEAR_AND_RESTART
            and now_ms() >= self._no_restart_before
        )

    def lost_slots(self, queue: str | None = None) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        return self._follow_up.lost_slots(queue)

    async def heal(
        self,
        queues: Collection[str],
        mode: HealMode,
        older_than: float | None = None,
        *,
        job_id: str | None = None,
        only: Collection[tuple[str, str]] | None = None,
        restart: Step | None = None,
    ) -> HealReport:
        """Act on the stuck jobs of queues, or on one of them, as a user asks for it.

        `only`: queues and ids of those that the user has seen.

        With `restart`, that is done between the act and its verification. Raises BullMQError when Redis refuses, NotStoredError when the act can't be
        written down.
        """
        views = self._entry.runtime_data.queues.data.queues
        jobs = [
            job
            for queue in queues
            if queue in views
            for job in views[queue].jobs
            if job_id in (None, job.job_id)
            and (only is None or (queue, job.job_id) in only)
        ]
        decisions, skipped = decide(
            jobs, mode, older_than, before_restart=restart is not None
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
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="heal_interrupted"
            ) from None

    async def retry_failed(self, queue: str) -> BulkResult:
        """Put all failed jobs of a queue behind those that wait. Raises BullMQError."""
        ids: list[str] = []
        while page := await self.recovery.failed_ids(queue, len(ids)):
            ids += page
        return await self.recovery.retry_failed(queue, ids)

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""
        queues = self._entry.runtime_data.queues
        await queues.async_refresh()
        return queues.data if queues.last_update_success else None

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them."""
        await self._activity.record(healed)

    @callback
    def async_updated(self, view: ServerView) -> None:
        """Look after open acts, and do what auto-heal is for, after a poll."""
        if not self.reachable or view.source is not Source.REDIS:
            return
        if self._log.book.pending or self._log.book.watched:
            self._entry.async_create_task(self._hass, self._follow())
        mode = auto_heal_of(self._entry)
        plan = plan_heal(
            view,
            mode,
            heal_limits_of(self._entry),
            self._log.book.recent,
            self._activity.strikes.count,
            now_ms(),
        )
        self.held_back = plan.held_back
        restart = mode is AutoHealMode.CLEAR_AND_RESTART
        if self._auto_runs or now_ms() < self._auto_not_before:
            return
        if plan.decisions or (restart and self._wants_restart()):
            self._auto_runs = True
            self._entry.async_create_background_task(
                self._hass, self._auto(plan.decisions, restart), "auto-heal"
            )

    def _wants_restart(self) -> bool:
        """Return whether a worker hangs on, and a restart may be tried."""
        return self.lost_slots() > 0 and now_ms() >= self._no_restart_before

    async def _follow(self) -> None:
        """Look once; a Redis that is lost meanwhile is asked again after the next poll."""
        try:
            await self._follow_up.follow()
        except BullMQError as err:
            LOGGER.debug("Open acts can't be looked at now: %s", err)

    async def _auto(self, decisions: Sequence[Decision], restart: bool) -> None:
        """Carry out what was decided, and restart where that is wanted and needed."""
        try:
            await self._healer.heal(decisions, Initiator.AUTO)
            if restart and self._wants_restart():
                await self._restart()
        except (BullMQError, HealingError) as err:
            LOGGER.warning("Auto-heal can't act now: %s", err)
            self._auto_not_before = now_ms() + AFTER_FAILURE
        finally:
            self._auto_runs = False

    async def _restart(self) -> None:
        """Restart the workers; how often is limited, and it may fail."""
        LOGGER.info("%s workers hang on: restarting them", self.lost_slots())
        try:
            await self._entry.runtime_data.restart.async_restart()
            self._no_restart_before = now_ms() + AFTER_RESTART
        except HomeAssistantError as err:
            limit = err.__cause__
            self._no_restart_before = (
                limit.next_at
                if isinstance(limit, RestartLimitError)
                else now_ms() + AFTER_FAILED_RESTART
            )
            LOGGER.warning("Auto-heal could not restart the workers: %s", err)


def reachable_healing(entry: AdminToolsConfigEntry) -> EntryHealing:
    """Return the healing of an entry. Raises ServiceValidationError without Redis."""
    healing = entry.runtime_data.healing
    if healing is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="needs_redis"
        )
    if not healing.reachable:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="redis_lost"
        )
    return healing
