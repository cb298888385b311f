"""What the dialogs of our repair issues share."""

import asyncio
from collections.abc import Callable, Coroutine

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..data import AdminToolsConfigEntry
from ..texts import localized_error

type RepairAction = Callable[[], Coroutine[None, None, None]]
type IssueData = dict[str, str | int | float | None]

INTERRUPTED = frozenset({"heal_interrupted", "restart_interrupted"})
"""Errors that come after something was done."""


class EntryFlow(RepairsFlow):
    """A dialog about one entry, which has to be loaded.

    What takes long is shown as such, and goes on when the dialog is closed.
    """

    def __init__(self, issue_id: str, data: IssueData | None) -> None:
        self._issue = issue_id
        self._entry_id = str((data or {}).get("entry_id"))
        self._work: asyncio.Task[None] | None = None
        self._error: HomeAssistantError | None = None

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin, when there is anything to begin with."""
        return await self.async_begin()

    @property
    def entry(self) -> AdminToolsConfigEntry:
        """Return the entry. Raises AbortFlow: it may be unloaded between two steps."""
        found = loaded_entry(self.hass, self._entry_id)
        if found is None:
            raise AbortFlow("not_loaded")
        return found

    async def async_begin(self) -> RepairsFlowResult:
        """Show the first step."""
        raise NotImplementedError

    async def async_step_ignore(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave it as it is; the message is put away until it comes about anew."""
        ir.async_ignore_issue(self.hass, DOMAIN, self._issue, True)
        return self.async_abort(reason="ignored")

    def do(self, step_id: str, work: RepairAction, then: str) -> RepairsFlowResult:
        """Show that something is being done, and go on with a step when it is.

        To be called by that step again and again: it begins only once.
        """
        if self._work is None:
            self._work = self.hass.async_create_task(self._caught(work))
        if not self._work.done():
            return self.async_show_progress(
                step_id=step_id, progress_action=step_id, progress_task=self._work
            )
        self._work = None
        return self.async_show_progress_done(next_step_id=then)

    async def _caught(self, work: RepairAction) -> None:
        self._error = None
        try:
            await work()
        except HomeAssistantError as err:
            self._error = err

    def failed(self, reason: str) -> RepairsFlowResult | None:
        """Say what went wrong, if anything did.

        What was broken off by a reload may have been done: `reason` would deny that.
        """
        if self._error is None:
            return None
        if isinstance(self._error, AbortFlow):
            # The entry was unloaded before anything was begun.
            return self.async_abort(reason=self._error.reason)
        if self._error.translation_key in INTERRUPTED:
            reason = "interrupted"
        text = localized_error(self.hass, self._error)
        return self.async_abort(
            reason=reason, description_placeholders={"reason": text}
        )


def loaded_entry(hass: HomeAssistant, entry_id: str) -> AdminToolsConfigEntry | None:
    """Return an entry that is loaded."""
    entry: AdminToolsConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    return entry
