"""Healing for one config entry: who asks, what is known, whom to tell."""

from collections.abc import Collection, Sequence
from time import time
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from .analysis.models import JobView, ServerView
from .bullmq.errors import BullMQError
from .const import DOMAIN, LOGGER
from .healing.act_log import ActLog
from .healing.follow_up import FollowUp
from .healing.healer import Healer
from .healing.models import HealedJob, HealMode, HealReport, Initiator
from .healing.policy import decide
from .redis_source import RedisSource
from .stores import EntryStores

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

ACTS = "acts"
"""Section of the safety store."""


class EntryHealing:
    """What the entities and actions of one Immich need of the healing."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        stores: EntryStores,
        redis: RedisSource | None,
    ) -> None:
        """Go on from what is stored; without Redis single jobs can't be touched."""
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._healer: Healer | None = None
        self._follow_up: FollowUp | None = None
        if redis is not None:
            log = ActLog(stores.safety.section(ACTS))
            prefix = redis.settings.prefix
            healer = Healer(redis.client, prefix, log, self, _now)
            self._healer = healer
            self._follow_up = FollowUp(
                redis.client, prefix, log, self, _now, lambda: healer.under_way
            )

    def lost_slots(self, queue: str | None = None) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        return 0 if self._follow_up is None else self._follow_up.lost_slots(queue)

    async def heal(
        self,
        queues: Collection[str],
        mode: HealMode,
        older_than: float | None = None,
    ) -> HealReport:
        """Act on the stuck jobs of queues, as a user asks for it.

        Raises ServiceValidationError when Redis is not there, BullMQError when it
        refuses, NotStoredError when the act can't be written down.
        """
        return await self._heal_jobs(self._jobs(queues), mode, older_than)

    async def _heal_jobs(
        self, jobs: Sequence[JobView], mode: HealMode, older_than: float | None
    ) -> HealReport:
        """Act on those of the jobs that the policy allows."""
        healer = self._reachable_healer()
        decisions, skipped = decide(jobs, mode, older_than)
        report = await healer.heal(decisions, Initiator.USER)
        return HealReport(report.healed, (*skipped, *report.skipped))

    def _jobs(self, queues: Collection[str]) -> list[JobView]:
        """Return the active jobs of queues as the last poll saw them."""
        views = self._entry.runtime_data.queues.data.queues
        return [job for queue in queues if queue in views for job in views[queue].jobs]

    def _reachable_healer(self) -> Healer:
        """Return the healer. Raises ServiceValidationError when it could do nothing."""
        if self._redis is None or self._healer is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="needs_redis"
            )
        if not self._redis.connected:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="redis_lost"
            )
        return self._healer

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""
        queues = self._entry.runtime_data.queues
        await queues.async_refresh()
        return queues.data if queues.last_update_success else None

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history and tell of them."""

    @callback
    def async_updated(self) -> None:
        """Look after open acts, after a poll of Redis."""
        if (
            self._follow_up is not None
            and self._redis is not None
            and self._redis.connected
        ):
            self._entry.async_create_task(self._hass, self._follow())

    async def _follow(self) -> None:
        """Look once; a Redis that is lost meanwhile is asked again after the next poll."""
        if self._follow_up is None:
            return
        try:
            await self._follow_up.follow()
        except BullMQError as err:
            LOGGER.debug("Open acts can't be looked at now: %s", err)


def _now() -> int:
    """Return the time in ms since the epoch."""
    return int(time() * 1000)
