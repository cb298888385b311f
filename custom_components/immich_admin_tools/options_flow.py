"""The options dialog: what can be changed without asking Immich again."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from .const import (
    CONF_EXTERNAL_URL,
    CONF_HEAL_LIMITS,
    CONF_HISTORY_DAYS,
    CONF_POLL_INTERVAL,
    CONF_TELEMETRY_URL,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_POLL_INTERVAL,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)
from .data import AdminToolsConfigEntry
from .flow_forms import TEXT_FIELD, URL_FIELD
from .heal_options import heal_fields, heal_form, heal_options, heal_problem
from .immich.address import normalise_url
from .immich.errors import ImmichError, InvalidAddressError, UnexpectedReplyError
from .immich.telemetry import read_telemetry, telemetry_urls
from .restart_options import (
    RESTART_FIELDS,
    async_restart_problem,
    restart_form,
    restart_options,
)
from .settings import connection_of

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
        # Not a URL field: it takes several addresses.
        vol.Optional(CONF_TELEMETRY_URL): TEXT_FIELD,
        vol.Required(CONF_HISTORY_DAYS, default=DEFAULT_HISTORY_DAYS): NumberSelector(
            NumberSelectorConfig(
                min=1, max=365, unit_of_measurement="d", mode=NumberSelectorMode.BOX
            )
        ),
    }
)

OWN = (CONF_POLL_INTERVAL, CONF_EXTERNAL_URL, CONF_TELEMETRY_URL, CONF_HISTORY_DAYS)
"""Options that are only here; the others have entities or a form of their own."""


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
                options = _checked_options(entry.options, user_input)
            except InvalidAddressError:
                errors[CONF_EXTERNAL_URL] = "immich_invalid_address"
            if (telemetry := await self._telemetry_problem(user_input)) is not None:
                errors[CONF_TELEMETRY_URL] = telemetry
            if problem := heal_problem(user_input) or await async_restart_problem(
                self.hass, entry, user_input
            ):
                errors["base"], placeholders = problem
            if not errors:
                options |= _limits_joined(
                    heal_options(entry, user_input), restart_options(entry, user_input)
                )
                kept = {
                    key: val for key, val in entry.options.items() if key not in OWN
                }
                return self.async_create_entry(data={**kept, **options})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS.extend({**heal_fields(self.hass, entry), **RESTART_FIELDS}),
                user_input
                or {**entry.options, **heal_form(entry), **restart_form(entry)},
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _telemetry_problem(self, user_input: Mapping[str, Any]) -> str | None:
        """Look at each address; return the key of what is wrong."""
        if not (raw := (user_input.get(CONF_TELEMETRY_URL) or "").strip()):
            return None
        verify_ssl = connection_of(self.config_entry.data).verify_ssl
        http = get_async_client(self.hass, verify_ssl)
        try:
            for url in telemetry_urls(raw):
                await read_telemetry(http, url)
        except InvalidAddressError:
            return "immich_invalid_address"
        except UnexpectedReplyError:
            return "no_telemetry"
        except ImmichError:
            return "telemetry_lost"
        return None


def _limits_joined(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options of both parts, which share the limits."""
    limits = {**second.get(CONF_HEAL_LIMITS, {}), **first.get(CONF_HEAL_LIMITS, {})}
    return {**first, **second, **({CONF_HEAL_LIMITS: limits} if limits else {})}


def _checked_options(
    before: Mapping[str, Any], user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options to store: what differs from the default, or did before.

    Raises InvalidAddressError.
    """
    options: dict[str, Any] = {
        key: int(user_input[key])
        for key, usual in (
            (CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL),
            (CONF_HISTORY_DAYS, DEFAULT_HISTORY_DAYS),
        )
        if key in before or int(user_input[key]) != usual
    }
    if telemetry := (user_input.get(CONF_TELEMETRY_URL) or "").strip():
        options[CONF_TELEMETRY_URL] = telemetry
    if url := user_input.get(CONF_EXTERNAL_URL):
        options[CONF_EXTERNAL_URL] = normalise_url(url)
    return options
