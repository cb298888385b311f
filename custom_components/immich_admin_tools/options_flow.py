"""The options dialog: what can be changed without asking Immich again."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from .const import (
    CONF_EXTERNAL_URL,
    CONF_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)
from .coordinator import AdminToolsConfigEntry
from .flow_forms import URL_FIELD
from .immich.address import normalise_url
from .immich.errors import InvalidAddressError
from .restart_options import (
    RESTART_FIELDS,
    async_restart_problem,
    restart_form,
    restart_options,
)

OPTIONS = vol.Schema(
    {
        vol.Required(CONF_POLL_INTERVAL, default=DEFAULT_POLL_INTERVAL): NumberSelector(
            NumberSelectorConfig(
                min=MIN_POLL_INTERVAL,
                max=MAX_POLL_INTERVAL,
                unit_of_measurement="s",
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Optional(CONF_EXTERNAL_URL): URL_FIELD,
        **RESTART_FIELDS,
    }
)


class AdminToolsOptionsFlow(OptionsFlow):
    """What can be changed without asking Immich again."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything at once."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        entry: AdminToolsConfigEntry = self.config_entry
        if user_input is not None:
            try:
                options = _checked_options(user_input)
            except InvalidAddressError:
                errors[CONF_EXTERNAL_URL] = "immich_invalid_address"
            if problem := await async_restart_problem(self.hass, entry, user_input):
                errors["base"], placeholders = problem
            if not errors:
                options |= restart_options(entry, user_input)
                kept = {
                    key: val
                    for key, val in entry.options.items()
                    if key not in (CONF_POLL_INTERVAL, CONF_EXTERNAL_URL)
                }
                return self.async_create_entry(data={**kept, **options})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS, user_input or {**entry.options, **restart_form(entry)}
            ),
            errors=errors,
            description_placeholders=placeholders,
        )


def _checked_options(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options to store. Raises InvalidAddressError."""
    options: dict[str, Any] = {CONF_POLL_INTERVAL: int(user_input[CONF_POLL_INTERVAL])}
    if url := user_input.get(CONF_EXTERNAL_URL):
        options[CONF_EXTERNAL_URL] = normalise_url(url)
    return options
