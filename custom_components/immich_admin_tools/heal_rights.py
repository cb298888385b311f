"""The repair issue that names the Redis rights which auto-heal lacks."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .bullmq.access import check_access
from .bullmq.errors import BullMQError, MissingRightsError
from .clock import monotonic_ms
from .const import DOMAIN, LOGGER
from .healing.auto_heal import AutoHealMode
from .placeholders import plain_placeholders
from .redis_source import RedisSource

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry

HEAL_RIGHTS = "heal_rights"

LOOK_EVERY = 60_000
"""ms between two looks whether the rights are there by now."""


class HealRights:
    """Raises the issue when Redis refuses an act, and takes it back when it would not."""

    def __init__(
        self, hass: HomeAssistant, entry: AdminToolsConfigEntry, redis: RedisSource
    ) -> None:
        """Go on from the issue, which a reload leaves standing."""
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._issue_id = f"{HEAL_RIGHTS}_{entry.entry_id}"
        issue = ir.async_get(hass).async_get_issue(DOMAIN, self._issue_id)
        said = (issue and issue.translation_placeholders) or {}
        self._missing = tuple(said.get("missing", "").split())
        self._next_look = 0

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
        if not missing:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            data={"entry_id": self._entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=HEAL_RIGHTS,
            translation_placeholders=plain_placeholders(
                {
                    "title": self._entry.title,
                    "missing": " ".join(missing),
                    "user": self._redis.settings.username or "default",
                }
            ),
        )
