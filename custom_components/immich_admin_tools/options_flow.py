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
from .flow_forms import URL_FIELD
from .immich.address import normalise_url
from .immich.errors import InvalidAddressError

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
    }
)


class AdminToolsOptionsFlow(OptionsFlow):
    """What can be changed without asking Immich again."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything at once."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                options = _checked_options(user_input)
            except InvalidAddressError:
                errors[CONF_EXTERNAL_URL] = "immich_invalid_address"
            else:
                kept = {
                    key: val
                    for key, val in self.config_entry.options.items()
                    if key not in (CONF_POLL_INTERVAL, CONF_EXTERNAL_URL)
                }
                return self.async_create_entry(data={**kept, **options})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS, user_input or self.config_entry.options
            ),
            errors=errors,
        )


def _checked_options(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options to store. Raises InvalidAddressError."""
    options: dict[str, Any] = {CONF_POLL_INTERVAL: int(user_input[CONF_POLL_INTERVAL])}
    if url := user_input.get(CONF_EXTERNAL_URL):
        options[CONF_EXTERNAL_URL] = normalise_url(url)
    return options
