"""The part of the options dialog that is about restarts of the workers."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    ActionSelector,
    BooleanSelector,
    DurationSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .bullmq.access import check_access
from .bullmq.errors import BullMQError
from .const import CONF_HEAL_LIMITS, CONF_RESTART_ACTION
from .data import AdminToolsConfigEntry, RuntimeData
from .healing.errors import OwnActionsError
from .immich.permissions import Permission
from .placeholders import plain_placeholders
from .restart.methods import WayKind
from .restart.restarter import DEFAULT_COOL_DOWN, DEFAULT_PER_DAY
from .settings import connection_of, restart_limits_of, restart_settings_of
from .user_actions import async_check_actions

SECTION_RESTART = "restart"
MOST_PER_DAY = 50

RESTART_FIELDS = {
    vol.Required(SECTION_RESTART): section(
        vol.Schema(
            {
                # Chosen one after the other, so their order is the user's.
                vol.Optional("ways", default=list): SelectSelector(
                    SelectSelectorConfig(
                        options=[way.value for way in WayKind],
                        multiple=True,
                        mode=SelectSelectorMode.DROPDOWN,
                        translation_key="restart_way",
                    )
                ),
                vol.Optional("actions"): ActionSelector(),
                vol.Required("others_too", default=False): BooleanSelector(),
                vol.Required("cool_down"): DurationSelector(),
                vol.Required("per_day"): NumberSelector(
                    NumberSelectorConfig(
                        min=0, max=MOST_PER_DAY, mode=NumberSelectorMode.BOX
                    )
                ),
            }
        ),
        {"collapsed": True},
    )
}


def restart_form(entry: AdminToolsConfigEntry) -> dict[str, Any]:
    """Return what is chosen now, as the form shows it."""
    chosen, limits = restart_settings_of(entry), restart_limits_of(entry)
    minutes, seconds = divmod(limits.cool_down, 60)
    hours, minutes = divmod(minutes, 60)
    return {
        SECTION_RESTART: {
            "ways": [way.value for way in chosen.ways],
            "actions": list(chosen.actions),
            "others_too": chosen.others_too,
            "cool_down": {"hours": hours, "minutes": minutes, "seconds": seconds},
            "per_day": limits.per_day,
        }
    }


def restart_options(
    entry: AdminToolsConfigEntry, user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options to store; limits that others look after stay as they are.

    Only what differs from the default, or did before: a form that was merely opened
    and submitted changes nothing.
    """
    chosen: Mapping[str, Any] = user_input[SECTION_RESTART]
    before: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    limits = {
        **before,
        **{
            key: seconds_or_count
            for key, seconds_or_count, usual in (
                (
                    "restart_cool_down",
                    int(timedelta(**chosen["cool_down"]).total_seconds()),
                    DEFAULT_COOL_DOWN,
                ),
                ("restarts_per_day", int(chosen["per_day"]), DEFAULT_PER_DAY),
            )
            if key in before or seconds_or_count != usual
        },
    }
    restart = {
        "ways": list(dict.fromkeys(chosen["ways"])),
        "actions": chosen.get("actions") or [],
        "others_too": chosen["others_too"],
    }
    options: dict[str, Any] = {CONF_HEAL_LIMITS: limits} if limits else {}
    if CONF_RESTART_ACTION in entry.options or any(restart.values()):
        stored: Mapping[str, Any] = entry.options.get(CONF_RESTART_ACTION, {})
        options[CONF_RESTART_ACTION] = {
            key: val for key, val in restart.items() if key in stored or val
        }
    return options


async def async_restart_problem(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, user_input: Mapping[str, Any]
) -> tuple[str, dict[str, str]] | None:
    """Return why a chosen way could not work: a translation key and its placeholders.

    While Immich is away, only that is checked which can be checked without it.
    """
    chosen: Mapping[str, Any] = user_input[SECTION_RESTART]
    if WayKind.ACTIONS in chosen["ways"]:
        if not chosen.get("actions"):
            return "restart_actions_missing", {}
        try:
            await async_check_actions(hass, chosen["actions"])
        except OwnActionsError as err:
            return "restart_actions_wrong", plain_placeholders({"error": err})
    if WayKind.REDIS in chosen["ways"] and connection_of(entry.data).redis is None:
        return "restart_needs_redis", {}
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return await _missing_right(entry.runtime_data, chosen["ways"])


async def _missing_right(
    runtime: RuntimeData, ways: Collection[str]
) -> tuple[str, dict[str, str]] | None:
    """Return what Immich or Redis does not allow."""
    for way in ways:
        match WayKind(way):
            case WayKind.MAINTENANCE:
                if not runtime.server.data.may(Permission.MAINTENANCE):
                    missing = Permission.MAINTENANCE.value
                    return "restart_needs_permission", {"missing": missing}
            case WayKind.REDIS:
                if (redis := runtime.queues.redis) is None:
                    continue
                try:
                    access = await check_access(redis.client, redis.settings.prefix)
                except BullMQError as err:
                    return "restart_redis_error", plain_placeholders({"error": err})
                if access.restart_missing:
                    missing = " ".join(access.restart_missing)
                    return "restart_redis_rights", {"missing": missing}
    return None
