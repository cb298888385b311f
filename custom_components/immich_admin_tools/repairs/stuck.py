"""The dialog of issues about stuck jobs: which, why, and what can be done about them now."""

from collections.abc import Iterable

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from ..analysis.models import JobView
from ..bullmq.access import check_access
from ..bullmq.errors import BullMQError
from ..const import CONF_HEAL_LIMITS
from ..data import reachable_healing
from ..devices import queue_name
from ..errors import translated_errors
from ..healing.models import (
    Decision,
    HealedJob,
    HealMode,
    HealReport,
    Outcome,
    SkippedJob,
)
from ..healing.policy import Order, decide_one
from ..services.jobs import SKIPPED_MESSAGES
from ..settings import heal_limits_of, restart_settings_of
from ..texts import duration, localized, localized_choice, plain
from .restart import RestartFlow

SHOWN = 20
"""Jobs that a dialog lists."""

CONF_PER_HOUR = "actions_per_hour"


class StuckJobsFlow(RestartFlow):
    """Names the photos that are stuck, and offers what may be done about each."""

    _clears_first = False
    """Whether the jobs are cleared before a restart."""
    _result: HealReport | None = None
    _seen: frozenset[tuple[str, str]] = frozenset()
    """Queue and id of what the user was shown: nothing else is touched."""

    def jobs(self) -> tuple[JobView, ...]:
        """Return the jobs that the issue is about."""
        return self.entry.runtime_data.queues.data.stuck

    async def async_begin(self) -> RepairsFlowResult:
        """List the jobs, and offer what would work now."""
        jobs = self.jobs()
        if not jobs:
            return self.async_abort(reason="nothing_stuck")
        self._seen = frozenset((job.queue, job.job_id) for job in jobs)
        hindrance = await self._hindrance()
        choices: list[str] = []
        if hindrance is None:
            choices.append("clear")
            if self._may_be_requeued(jobs):
                choices.append("requeue")
            choices.append("clear_and_restart")
        else:
            choices += self.restart_choices()
        return self.async_show_menu(
            step_id="init",
            menu_options=[*choices, *self.more_choices(), "ignore"],
            description_placeholders={
                **self.restart_words(),
                "jobs": self.listed(jobs),
                "hindrance": "" if hindrance is None else f"\n\n{hindrance}",
            },
        )

    def _may_be_requeued(self, jobs: Iterable[JobView]) -> bool:
        """Return whether one of the jobs may be put back now."""
        queues = self.entry.runtime_data.queues.data.queues
        order = Order(HealMode.REQUEUE)
        return any(
            isinstance(decide_one(job, queues[job.queue].worker, order), Decision)
            for job in jobs
            if job.queue in queues
        )

    def more_choices(self) -> list[str]:
        """Return what only this issue offers."""
        return []

    async def _hindrance(self) -> str | None:
        """Return why single jobs can't be cleared now."""
        redis = self.entry.runtime_data.queues.redis
        if redis is None:
            return localized(self.hass, "exceptions", "needs_redis.message")
        if not redis.connected:
            return localized(self.hass, "exceptions", "redis_lost.message")
        try:
            access = await check_access(redis.client, redis.settings.prefix)
        except BullMQError:
            return localized(self.hass, "exceptions", "redis_lost.message")
        if access.heal_missing:
            missing = " ".join(access.heal_missing)
            return localized(
                self.hass, "config", "error.redis_cannot_heal", missing=missing
            )
        return None

    def listed(self, jobs: Iterable[JobView]) -> str:
        """Return a line for each job: photo with its link, queue, for how long, why."""
        jobs = tuple(jobs)
        lines = [f"- {self._line(job)}" for job in jobs[:SHOWN]]
        if (more := len(jobs) - SHOWN) > 0:
            lines.append(f"- … +{more}")
        return "\n".join(lines)

    def _line(self, job: JobView) -> str:
        asset_id = job.asset_ids[0] if job.asset_ids else None
        age = None if job.age is None else duration(job.age)
        parts = (
            self._photo(asset_id, job.job_id),
            queue_name(self.hass, self.entry, job.queue),
            age,
            localized_choice(self.hass, "stuck_kind", job.kind),
        )
        return " · ".join(part for part in parts if part)

    def _photo(self, asset_id: str | None, job_id: str) -> str:
        """Return the photo's file name as a link; without one, the job."""
        known = self.entry.runtime_data.history.jobs.asset(asset_id)
        name = plain(known["file_name"] or job_id)
        return f"[{name}]({known['url']})" if known["url"] else name

    async def async_step_clear(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the jobs away, and check what that achieved: up to half a minute."""
        return self.do("clear", self._heal, "healed")

    async def async_step_requeue(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Put back those that no worker holds."""
        return self.do("requeue", lambda: self._heal(HealMode.REQUEUE), "healed")

    async def async_step_clear_and_restart(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Clear them and restart; a way is chosen first where there is none."""
        self._clears_first = True
        if restart_settings_of(self.entry).methods:
            # Asked for in a dialog that says so: the limits are for what is automatic.
            self._force = True
            return await self.async_step_restart()
        return await self.async_step_choose_way()

    async def restart(self) -> None:
        """Restart; what is to be cleared is cleared first. Raises HomeAssistantError."""
        if not self._clears_first:
            await super().restart()
            return
        restart = self.entry.runtime_data.restart
        restart.async_check(force=self._force)
        await restart.async_check_answers()
        await self._heal(restart=True)

    async def _heal(
        self, mode: HealMode | None = None, *, restart: bool = False
    ) -> None:
        """Act on the stuck jobs, without a mode in the way that is best for each.

        Raises HomeAssistantError.
        """
        self._result = None
        queues = self.entry.runtime_data.queues
        with translated_errors():
            self._result = await reachable_healing(self.entry).heal(
                {queue for queue, _ in self._seen},
                Order(mode, only=self._seen, before_restart=restart),
                restart=super().restart if restart else None,
            )
        await queues.async_request_refresh()

    async def async_step_healed(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say of each job what was verified; offer the restart where one is needed."""
        if (failed := self.failed("not_cleared")) is not None:
            return failed
        assert self._result is not None
        healed, skipped = self._result.healed, self._result.skipped
        if not (healed or skipped):
            # They ended while the dialog was open.
            return self.async_abort(reason="nothing_stuck")
        words = {"result": self._outcomes(healed, skipped)}
        if any(job.outcome is Outcome.SLOT_LOST for job in healed):
            self._clears_first = False
            return self.async_show_menu(
                step_id="healed",
                menu_options=[*self.restart_choices(), "finish"],
                description_placeholders={**self.restart_words(), **words},
            )
        if skipped or any(job.outcome is not Outcome.CONFIRMED for job in healed):
            return self.async_abort(
                reason="partly_cleared", description_placeholders=words
            )
        return self.async_create_entry(
            data={}, description="cleared", description_placeholders=words
        )

    async def async_step_finish(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave the workers blocked for now: an issue of its own tells that."""
        return self.async_abort(reason="still_blocked")

    def _outcomes(
        self, healed: Iterable[HealedJob], skipped: Iterable[SkippedJob]
    ) -> str:
        """Return a line for each job that was acted on, or left alone."""
        lines = [
            f"- {self._photo(job.act.asset_id, job.act.job_id)} · "
            f"{localized_choice(self.hass, 'heal_outcome', job.outcome)}"
            for job in healed
        ]
        for left in skipped:
            key = SKIPPED_MESSAGES[left.reason]
            reason = localized(
                self.hass, "exceptions", f"{key}.message", job_id=plain(left.job_id)
            )
            lines.append(f"- {reason}")
        return "\n".join([*lines[:SHOWN], *(["- …"] if len(lines) > SHOWN else [])])


class HealLimitFlow(StuckJobsFlow):
    """The same for those that only auto-heal's own limit holds back."""

    def jobs(self) -> tuple[JobView, ...]:
        """Return the jobs that the limit holds back."""
        healing = self.entry.runtime_data.healing
        return () if healing is None else healing.held_back

    def more_choices(self) -> list[str]:
        """Offer to let auto-heal do more."""
        return ["raise_limit"]

    async def async_step_raise_limit(
        self, user_input: dict[str, float] | None = None
    ) -> RepairsFlowResult:
        """Let auto-heal clear more jobs an hour."""
        if user_input is None:
            limit = heal_limits_of(self.entry).per_hour
            field = vol.Required(CONF_PER_HOUR, default=min(1000, limit * 2))
            number = NumberSelector(
                NumberSelectorConfig(min=1, max=1000, mode=NumberSelectorMode.BOX)
            )
            return self.async_show_form(
                step_id="raise_limit", data_schema=vol.Schema({field: number})
            )
        options = self.entry.options
        limits = {
            **options.get(CONF_HEAL_LIMITS, {}),
            CONF_PER_HOUR: int(user_input[CONF_PER_HOUR]),
        }
        self.hass.config_entries.async_update_entry(
            self.entry, options={**options, CONF_HEAL_LIMITS: limits}
        )
        return self.async_create_entry(data={}, description="raised")
