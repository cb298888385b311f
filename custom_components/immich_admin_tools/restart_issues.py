"""Repair issues about restarts, each with an end for every way out."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .healing.immich_starts import ImmichStarts
from .placeholders import plain_placeholders
from .settings import restart_settings_of

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

MAINTENANCE_LOCKED = "maintenance_locked"
RESTART_FAILED = "restart_failed"
RESTART_ACTIONS_INVALID = "restart_actions_invalid"
RESTART_ISSUES = (MAINTENANCE_LOCKED, RESTART_FAILED, RESTART_ACTIONS_INVALID)


class RestartIssues:
    """The issues of one entry. What failed is over when Immich was restarted at all."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        starts: ImmichStarts | None,
    ) -> None:
        """`starts` sees restarts that are not ours; None without Redis."""
        self._hass = hass
        self._entry = entry
        self._starts = starts
        self._chosen: object = restart_settings_of(entry)
        """What the options said when a restart failed."""
        self._lost_slots = 0
        self._was_gone = False

    @callback
    def async_raise(self, key: str, placeholders: dict[str, str]) -> None:
        """Ask the user to put something right."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(key),
            data={"entry_id": self._entry.entry_id},
            is_fixable=key != MAINTENANCE_LOCKED,
            severity=ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders=plain_placeholders(
                {"title": self._entry.title, **placeholders}
            ),
        )

    @callback
    def async_delete(self, key: str) -> None:
        """Take an issue back."""
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(key))

    @callback
    def async_is_raised(self, key: str) -> bool:
        """Return whether an issue is there."""
        issue_id = self._issue_id(key)
        return ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id) is not None

    def _issue_id(self, key: str) -> str:
        return f"{key}_{self._entry.entry_id}"

    async def async_failed(self, reasons: str) -> None:
        """Tell that no way worked."""
        self._chosen = restart_settings_of(self._entry)
        self._lost_slots = self._count_lost_slots()
        self._was_gone = False
        self.async_raise(RESTART_FAILED, {"reasons": reasons})
        if self._starts is not None:
            await self._starts.just_now()

    def _count_lost_slots(self) -> int:
        healing = self._entry.runtime_data.healing
        return 0 if healing is None else healing.lost_slots()

    async def async_look(self, *, running: bool) -> None:
        """Look after a poll whether what failed is over.

        It is when Immich was restarted by somebody else, when the options say something
        else now, and when no worker hangs on any more.
        """
        if running or not self.async_is_raised(RESTART_FAILED):
            return
        started = None if self._starts is None else await self._starts.just_now()
        if started is None:
            # Where nobody sees the workers, Immich's own absence tells.
            started = self._was_gone and self._answers()
        freed = self._lost_slots > 0 and self._count_lost_slots() == 0
        if started or freed or self._chosen != restart_settings_of(self._entry):
            self.async_delete(RESTART_FAILED)

    @callback
    def async_polled(self) -> None:
        """Remember that Immich was gone."""
        if not self._answers():
            self._was_gone = True

    def _answers(self) -> bool:
        runtime = self._entry.runtime_data
        return runtime.server.last_update_success and runtime.queues.last_update_success
