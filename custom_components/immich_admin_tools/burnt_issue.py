"""The repair issue about photos that were skipped, and the dialog that makes up for it."""

from typing import TYPE_CHECKING, cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN
from .errors import message_of
from .immich.errors import ImmichError, JobAlreadyRunningError, RequestRefusedError
from .immich.models import MachineLearning
from .placeholders import plain_placeholders

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

JOBS_BURNT = "jobs_burnt"

type IssueData = dict[str, str | int | float | None]


def issue_id(entry_id: str, queue: str) -> str:
    """Return the id of the issue of a queue."""
    return f"{JOBS_BURNT}_{entry_id}_{queue}"


@callback
def async_raise_burnt(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queue: str, jobs: int
) -> None:
    """Tell how many photos were skipped, those of before included."""
    known = ir.async_get(hass).async_get_issue(DOMAIN, issue_id(entry.entry_id, queue))
    if known is not None and known.data is not None:
        jobs += cast(int, known.data["jobs"])
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, queue),
        data={"entry_id": entry.entry_id, "queue": queue, "jobs": jobs},
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=JOBS_BURNT,
        translation_placeholders=plain_placeholders(
            {"title": entry.title, "queue": queue, "jobs": jobs}
        ),
    )


@callback
def async_remove_burnt(hass: HomeAssistant, entry_id: str) -> None:
    """Take the issues of an entry back, as the entry goes."""
    prefix = issue_id(entry_id, "")
    for domain, known in list(ir.async_get(hass).issues):
        if domain == DOMAIN and known.startswith(prefix):
            ir.async_delete_issue(hass, DOMAIN, known)


class BurntFlow(RepairsFlow):
    """Lets Immich do what is missing, once its machine learning is back."""

    def __init__(self, data: IssueData) -> None:
        """Take the issue's data."""
        self._entry_id = str(data["entry_id"])
        self._queue = str(data["queue"])
        self._jobs = str(data["jobs"])

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then start what is missing."""
        errors: dict[str, str] = {}
        placeholders = plain_placeholders(
            {"queue": self._queue, "jobs": self._jobs, "error": ""}
        )
        if user_input is not None:
            try:
                problem = await self._make_up()
            except ImmichError as err:
                problem = "not_started"
                placeholders["error"] = message_of(err)[1].get("error", str(err))
            if problem is None:
                return self.async_create_entry(data={})
            errors["base"] = problem
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _make_up(self) -> str | None:
        """Start what is missing; return the key of what is in the way.

        Raises ImmichError.
        """
        entry: AdminToolsConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return "not_loaded"
        client = entry.runtime_data.client
        try:
            if await client.probe_machine_learning() is not MachineLearning.ANSWERS:
                # They would be skipped again.
                return "machine_learning_gone"
        except RequestRefusedError:
            # Smart search is switched off: then nobody can be asked.
            pass
        try:
            await client.start(self._queue, force=False)
        except JobAlreadyRunningError:
            return "queue_busy"
        return None
