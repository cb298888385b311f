"""Actions that a user chose in a dialog: checked when chosen and when used, then run."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import DOMAIN
from .healing.errors import ActionsInvalidError, OwnActionsError

type RawActions = Sequence[Mapping[str, Any]]
"""As the selector returns them, and as the entry stores them."""


async def async_check_actions(
    hass: HomeAssistant, actions: RawActions
) -> list[ConfigType]:
    """Return the actions ready to run. Raises ActionsInvalidError.

    The selector of the dialog checks nothing, and what an action needs may have gone
    since it was chosen.
    """
    try:
        # The checks write into what they check.
        parsed: list[ConfigType] = cv.SCRIPT_SCHEMA(deepcopy(list(actions)))
        return await async_validate_actions_config(hass, parsed)
    except (vol.Invalid, HomeAssistantError) as err:
        raise ActionsInvalidError(str(err)) from err


async def async_run_actions(
    hass: HomeAssistant,
    actions: RawActions,
    name: str,
    variables: Mapping[str, Any],
    timeout: float,
) -> None:
    """Run them to their end, at most `timeout` seconds. Raises OwnActionsError."""
    script = Script(hass, await async_check_actions(hass, actions), name, DOMAIN)
    try:
        async with asyncio.timeout(timeout):
            await script.async_run(dict(variables), Context())
    except TimeoutError as err:
        raise OwnActionsError(f"not finished after {timeout:.0f} s") from err
    except (vol.Invalid, HomeAssistantError) as err:
        raise OwnActionsError(str(err)) from err
    finally:
        await script.async_unload()
