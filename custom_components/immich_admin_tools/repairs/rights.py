"""The dialog about Redis rights that auto-heal lacks: look again, or do without."""

from homeassistant.components.repairs import RepairsFlowResult

from ..bullmq.errors import BullMQError
from ..const import CONF_AUTO_HEAL
from ..healing.policy import AutoHealMode
from .flow import EntryFlow


class HealRightsFlow(EntryFlow):
    """Ends the issue as soon as its reason is over, not up to a minute later."""

    async def async_begin(self) -> RepairsFlowResult:
        """Say what to grant, and offer the two ways out."""
        return self.async_show_menu(
            step_id="init", menu_options=["check_again", "notify_only", "ignore"]
        )

    async def async_step_check_again(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask Redis what its user may do by now."""
        healing = self.entry.runtime_data.healing
        if healing is None:
            # Redis was taken out of the entry, and its user with it.
            return self.async_create_entry(data={}, description="granted")
        try:
            missing = await healing.rights.async_check()
        except BullMQError:
            return self.async_abort(reason="redis_away")
        if missing:
            return self.async_abort(
                reason="still_missing",
                description_placeholders={"missing": " ".join(missing)},
            )
        return self.async_create_entry(data={}, description="granted")

    async def async_step_notify_only(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let auto-heal only tell, which needs no more rights."""
        entry = self.entry
        mode = AutoHealMode.ALERT_ONLY
        self.hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_AUTO_HEAL: mode.value}
        )
        if (healing := entry.runtime_data.healing) is not None:
            healing.rights.async_updated(mode)
        return self.async_create_entry(data={}, description="notify_only")
