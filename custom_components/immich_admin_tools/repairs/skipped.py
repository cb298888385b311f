"""The dialog about photos that were skipped: it makes up for them."""

from typing import TYPE_CHECKING

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState

from ..devices import queue_name
from ..errors import message_of
from ..immich.errors import ImmichError
from ..texts import localized, plain_placeholders

if TYPE_CHECKING:
    from ..data import AdminToolsConfigEntry
    from ..skipped_jobs import EntrySkippedJobs, Obstacle
    from .flow import IssueData


class SkippedJobsFlow(RepairsFlow):
    """Lets Immich do what is missing: now, or once that is possible; or lets it be."""

    def __init__(self, data: IssueData) -> None:
        self._entry_id = str(data["entry_id"])
        self._queue = str(data["queue"])
        self._jobs = str(data["jobs"])

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer what works now."""
        if (skipped := self._skipped) is None:
            return self.async_abort(reason="not_loaded")
        # The issue may be older than this.
        self._jobs = str(skipped.of(self._queue).jobs or self._jobs)
        return self._offer(await skipped.obstacle(self._queue))

    # Home Assistant shows a menu only when the dialog has a step of that name. When one
    # is asked for again, such as after a reload of the page, things may have changed.
    async_step_ready = async_step_init
    async_step_machine_learning_gone = async_step_init
    async_step_queue_busy = async_step_init

    async def async_step_run_now(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Start what is missing."""
        if (skipped := self._skipped) is None:
            return self.async_abort(reason="not_loaded")
        try:
            obstacle = await skipped.make_up(self._queue)
        except ImmichError as err:
            key, placeholders = message_of(err)
            text = localized(self.hass, "exceptions", f"{key}.message", **placeholders)
            return self.async_abort(
                reason="not_started",
                description_placeholders={"error": text or placeholders["error"]},
            )
        if obstacle is not None:
            return self._offer(obstacle)
        return self.async_create_entry(data={}, description="run_now")

    async def async_step_run_automatically(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Start it once the queue is idle and the machine learning answers."""
        if (skipped := self._skipped) is None:
            return self.async_abort(reason="not_loaded")
        await skipped.run_automatically(self._queue)
        return self.async_create_entry(data={}, description="run_automatically")

    async def async_step_ignore(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave it as it is."""
        if (skipped := self._skipped) is None:
            return self.async_abort(reason="not_loaded")
        await skipped.end(self._queue)
        return self.async_create_entry(data={}, description="ignore")

    def _offer(self, obstacle: Obstacle | None) -> RepairsFlowResult:
        """Show the choices; each obstacle has its own words."""
        first = "run_now" if obstacle is None else "run_automatically"
        return self.async_show_menu(
            step_id="ready" if obstacle is None else obstacle.value,
            menu_options=[first, "ignore"],
            description_placeholders=plain_placeholders(
                {"queue": self._queue_name, "jobs": self._jobs}
            ),
        )

    @property
    def _queue_name(self) -> str:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return (
            self._queue if entry is None else queue_name(self.hass, entry, self._queue)
        )

    @property
    def _skipped(self) -> EntrySkippedJobs | None:
        """Return the ledger of the entry, if that is loaded."""
        entry: AdminToolsConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.skipped_jobs
