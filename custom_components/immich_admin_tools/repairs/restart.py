"""The dialog of issues that a restart of the workers ends: do it, or choose how first."""

from collections.abc import Mapping
from typing import Any, cast

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import ActionSelector, BooleanSelector
import voluptuous as vol

from ..const import CONF_RESTART_ACTION
from ..devices import queue_names
from ..errors import translated_errors
from ..healing.errors import OwnActionsError
from ..options_flow import SECTION_RESTART, async_restart_problem
from ..restart.methods import MethodKind
from ..restart.restarter import RestartReport
from ..settings import restart_settings_of
from ..texts import localized, localized_choice
from ..user_actions import RawActions, async_check_actions
from .flow import EntryFlow

CONF_ACTIONS = "actions"
CONF_RESTART_NOW = "restart_now"

OFFERED = (MethodKind.REDIS, MethodKind.MAINTENANCE)
"""Ways that need nothing of the user; own actions can always be chosen."""

LIMIT = "restart_limit"


class RestartFlow(EntryFlow):
    """Restarts the workers in the way that was chosen, or lets one be chosen."""

    _report: RestartReport | None = None
    _force = False

    async def async_begin(self) -> RepairsFlowResult:
        """Offer what would work now."""
        return self.async_show_menu(
            step_id="init",
            menu_options=[*self.restart_choices(), "ignore"],
            description_placeholders=self.restart_words(),
        )

    def restart_choices(self) -> list[str]:
        """Return how a restart comes about: at once, over the limit, or chosen first."""
        if not restart_settings_of(self.entry).methods:
            return ["choose_way"]
        try:
            self.entry.runtime_data.restart.async_check()
        except HomeAssistantError as err:
            if err.translation_key != LIMIT:
                return ["choose_way"]
            return ["restart_anyway", "choose_way"]
        return ["restart_now", "choose_way"]

    def restart_words(self) -> dict[str, str]:
        """Return what the texts name: the ways that are chosen."""
        methods = restart_settings_of(self.entry).methods
        names = [
            localized_choice(self.hass, "restart_way", method)
            for method in methods or ("none",)
        ]
        return {"ways": ", ".join(names)}

    async def async_step_choose_way(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer the ways that would work now, and say of the others why they would not."""
        works: list[str] = []
        problems: list[str] = []
        for method in OFFERED:
            problem = await self._problem(method)
            if problem is None:
                works.append(f"way_{method}")
            else:
                name = localized_choice(self.hass, "restart_way", method)
                problems.append(f"\n- {name}: {problem}")
        return self.async_show_menu(
            step_id="choose_way",
            menu_options=[*works, f"way_{MethodKind.ACTIONS}"],
            description_placeholders={"problems": "".join(problems)},
        )

    async def _problem(self, method: MethodKind) -> str | None:
        """Return why a way would not work now."""
        server = self.entry.runtime_data.server
        if method is MethodKind.MAINTENANCE and not server.last_update_success:
            return localized(self.hass, "exceptions", "immich_cannot_connect.message")
        found = await async_restart_problem(
            self.hass, self.entry, {SECTION_RESTART: {"ways": [method.value]}}
        )
        if found is None:
            return None
        key, placeholders = found
        return localized(self.hass, "options", f"error.{key}", **placeholders) or key

    async def async_step_way_redis(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Choose the message over Redis."""
        return await self._choose(MethodKind.REDIS, user_input)

    async def async_step_way_maintenance(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Choose the maintenance mode."""
        return await self._choose(MethodKind.MAINTENANCE, user_input)

    async def async_step_way_actions(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Choose own actions."""
        return await self._choose(MethodKind.ACTIONS, user_input)

    async def _choose(
        self, method: MethodKind, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        """Ask whether to restart at once, keep the way, and go on."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            if method is MethodKind.ACTIONS:
                errors, placeholders = await self._wrong(user_input[CONF_ACTIONS])
            if not errors:
                self._keep(method, user_input)
                if user_input[CONF_RESTART_NOW]:
                    self._force = False
                    return await self.async_chosen()
                return self.async_abort(reason="way_kept")
        return self.async_show_form(
            step_id=f"way_{method}",
            data_schema=self.add_suggested_values_to_schema(
                self._form(method), user_input
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _form(self, method: MethodKind) -> vol.Schema:
        """Return what is asked about a way."""
        fields: dict[vol.Marker, Any] = {}
        if method is MethodKind.ACTIONS:
            fields[
                vol.Required(
                    CONF_ACTIONS,
                    description={
                        "suggested_value": restart_settings_of(self.entry).actions
                    },
                )
            ] = ActionSelector()
        fields[vol.Required(CONF_RESTART_NOW, default=True)] = BooleanSelector()
        return vol.Schema(fields)

    async def _wrong(
        self, actions: RawActions
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return why own actions can't be run, and the placeholders of that."""
        if not actions:
            return {"base": "restart_actions_missing"}, {}
        try:
            await async_check_actions(self.hass, actions)
        except OwnActionsError as err:
            return {"base": "restart_actions_wrong"}, {"error": str(err)}
        return {}, {}

    def _keep(self, method: MethodKind, user_input: Mapping[str, Any]) -> None:
        """Put a way first; those that were chosen before are tried after it."""
        options = self.entry.options
        stored = cast("Mapping[str, Any]", options.get(CONF_RESTART_ACTION, {}))
        others = [other for other in stored.get("ways", ()) if other != method]
        kept: dict[str, Any] = {**stored, "ways": [method.value, *others]}
        if method is MethodKind.ACTIONS:
            kept["actions"] = user_input[CONF_ACTIONS]
        self.hass.config_entries.async_update_entry(
            self.entry, options={**options, CONF_RESTART_ACTION: kept}
        )

    async def async_chosen(self) -> RepairsFlowResult:
        """Go on after a way was chosen."""
        return await self.async_step_restart()

    async def async_step_restart_now(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Restart within the limits."""
        return await self.async_chosen()

    async def async_step_restart_anyway(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Restart in spite of the limits."""
        self._force = True
        return await self.async_chosen()

    async def async_step_restart(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Restart, which takes 10 to 100 s."""
        return self.do("restart", self.restart, "restarted")

    async def restart(self) -> None:
        """Restart the workers. Raises HomeAssistantError."""
        self._report = None
        with translated_errors():
            self._report = await self.entry.runtime_data.restart.async_restart(
                force=self._force
            )

    async def async_step_restarted(
        self, _: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what came of it, and no more than was seen."""
        if (failed := self.failed("not_restarted")) is not None:
            return failed
        assert self._report is not None
        if not self._report.confirmed:
            return self.async_abort(reason="restart_unconfirmed")
        words = {"seconds": str(round(self._report.seconds))}
        missing = [*self._report.missing, *self._report.still_paused]
        if missing:
            words["queues"] = ", ".join(
                queue_names(self.hass, self.entry, set(missing))
            )
            return self.async_abort(
                reason="restarted_partly", description_placeholders=words
            )
        return self.async_create_entry(
            data={}, description="restarted", description_placeholders=words
        )


class ActionsInvalidFlow(RestartFlow):
    """Lets own actions that can't be run any more be chosen anew, or another way."""

    async def async_begin(self) -> RepairsFlowResult:
        """Go to the choice at once: the way that is set does not work."""
        return await self.async_step_choose_way()
