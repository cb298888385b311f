"""The forms of the dialogs, and the way between a form and the entry's data."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .bullmq.keys import DEFAULT_PREFIX
from .const import (
    CONF_REDIS_CA,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_PREFIX,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_REDIS_VERIFY_SSL,
    CONF_VERIFY_SSL,
)

SECTION_MORE = "more"
CONF_READ_ONLY = "read_only"

URL_FIELD = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
SECRET_FIELD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
TEXT_FIELD = TextSelector()

STEP_IMMICH = vol.Schema(
    {
        vol.Required(CONF_URL): URL_FIELD,
        vol.Required(CONF_API_KEY): SECRET_FIELD,
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
STEP_REAUTH = vol.Schema({vol.Required(CONF_API_KEY): SECRET_FIELD})
STEP_REDIS = vol.Schema(
    {
        # Not a URL field: browsers refuse unix:// and redis+sentinel:// in one.
        vol.Required(CONF_REDIS_URL): TEXT_FIELD,
        vol.Optional(CONF_REDIS_USERNAME): TEXT_FIELD,
        vol.Optional(CONF_REDIS_PASSWORD): SECRET_FIELD,
        vol.Required(SECTION_MORE): section(
            vol.Schema(
                {
                    vol.Required(CONF_REDIS_PREFIX, default=DEFAULT_PREFIX): TEXT_FIELD,
                    vol.Required(
                        CONF_REDIS_VERIFY_SSL, default=True
                    ): BooleanSelector(),
                    vol.Optional(CONF_REDIS_CA): TextSelector(
                        TextSelectorConfig(multiline=True)
                    ),
                }
            ),
            {"collapsed": True},
        ),
    }
)
STEP_REDIS_READ_ONLY = STEP_REDIS.extend(
    {vol.Required(CONF_READ_ONLY, default=False): BooleanSelector()}
)


def flattened(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the form's input into entry data: no section, no switch, no blanks."""
    flat = {**user_input, **user_input[SECTION_MORE]}
    return {
        key: val.strip() if isinstance(val, str) else val
        for key, val in flat.items()
        if key not in (SECTION_MORE, CONF_READ_ONLY)
    }


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Turn entry data into the form's input."""
    return {**data, SECTION_MORE: data}


def user_of(redis: Mapping[str, Any]) -> str:
    """Return the name of the ACL user that logs in."""
    return redis.get(CONF_REDIS_USERNAME) or "default"
