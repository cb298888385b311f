"""The part of the options dialog that is about stuck jobs."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .const import CONF_HEAL_LIMITS, CONF_JOB_THRESHOLDS, CONF_THRESHOLDS
from .coordinator import AdminToolsConfigEntry
from .healing.auto_heal import HealLimits
from .queue_names import queue_name
from .settings import heal_limits_of, learned_thresholds_of, stuck_threshold_of
from .words import localized

SECTION_HEALING = "healing"
CONF_STRIKES = "strikes"
CONF_PER_HOUR = "actions_per_hour"
CONF_LEARNED = "learned"

_JOB_THRESHOLDS = vol.Schema({str: vol.All(int, vol.Range(min=0))})


def heal_fields(
    hass: HomeAssistant, entry: AdminToolsConfigEntry
) -> dict[vol.Marker, Any]:
    """Return the fields; learned times are offered where there are some."""
    limits = heal_limits_of(entry)
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_STRIKES, default=limits.strikes): _number(1, 20),
        vol.Required(CONF_PER_HOUR, default=limits.per_hour): _number(1, 1000),
    }
    offers = [
        SelectOptionDict(
            value=queue,
            label=_offer(
                hass,
                queue_name(hass, entry, queue),
                stuck_threshold_of(entry, queue),
                seconds,
            ),
        )
        for queue, seconds in learned_thresholds_of(entry).items()
    ]
    if offers:
        fields[vol.Optional(CONF_LEARNED, default=list)] = SelectSelector(
            SelectSelectorConfig(
                options=offers, multiple=True, mode=SelectSelectorMode.LIST
            )
        )
    fields[vol.Optional(CONF_JOB_THRESHOLDS)] = ObjectSelector()
    return {
        # No default: a browser would show that, empty, in place of its fields' own.
        vol.Required(SECTION_HEALING): section(vol.Schema(fields), {"collapsed": True})
    }


def heal_form(entry: AdminToolsConfigEntry) -> dict[str, Any]:
    """Return what is chosen now, as the form shows it."""
    limits = heal_limits_of(entry)
    return {
        SECTION_HEALING: {
            CONF_STRIKES: limits.strikes,
            CONF_PER_HOUR: limits.per_hour,
            CONF_JOB_THRESHOLDS: dict(entry.options.get(CONF_JOB_THRESHOLDS, {})),
        }
    }


def heal_problem(user_input: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Return what is wrong: a translation key and its placeholders."""
    chosen: Mapping[str, Any] = user_input[SECTION_HEALING]
    try:
        _JOB_THRESHOLDS(chosen.get(CONF_JOB_THRESHOLDS) or {})
    except vol.Invalid:
        return "job_thresholds_wrong", {}
    return None


def heal_options(
    entry: AdminToolsConfigEntry, user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options to store: what differs from the default, or did before."""
    chosen: Mapping[str, Any] = user_input[SECTION_HEALING]
    before: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    default = HealLimits()
    limits = {
        key: int(chosen[key])
        for key, usual in (
            (CONF_STRIKES, default.strikes),
            (CONF_PER_HOUR, default.per_hour),
        )
        if key in before or int(chosen[key]) != usual
    }
    options: dict[str, Any] = {CONF_HEAL_LIMITS: limits} if limits else {}
    job_names = _JOB_THRESHOLDS(chosen.get(CONF_JOB_THRESHOLDS) or {})
    if job_names or CONF_JOB_THRESHOLDS in entry.options:
        options[CONF_JOB_THRESHOLDS] = job_names
    learned = learned_thresholds_of(entry)
    if taken := [it for it in chosen.get(CONF_LEARNED, ()) if it in learned]:
        options[CONF_THRESHOLDS] = {
            **entry.options.get(CONF_THRESHOLDS, {}),
            **{queue: learned[queue] for queue in taken},
        }
    return options


def _offer(hass: HomeAssistant, queue: str, current: int, learned: int) -> str:
    """Return a learned threshold as it is offered."""
    words = {"queue": queue, "current": str(current), "learned": str(learned)}
    text = localized(hass, "common", "learned_threshold", **words)
    return text or f"{queue}: {current} s → {learned} s"


def _number(least: int, most: int) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=least, max=most, mode=NumberSelectorMode.BOX)
    )
