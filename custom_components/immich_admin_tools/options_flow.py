"""The options dialog: what can be changed without asking Immich again."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.selector import (
    ActionSelector,
    BooleanSelector,
    DurationSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .bullmq.access import check_access
from .bullmq.errors import BullMQError
from .const import (
    CONF_EXTERNAL_URL,
    CONF_HEAL_LIMITS,
    CONF_HISTORY_DAYS,
    CONF_JOB_THRESHOLDS,
    CONF_POLL_INTERVAL,
    CONF_RESTART_ACTION,
    CONF_TELEMETRY_URL,
    CONF_THRESHOLDS,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_POLL_INTERVAL,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)
from .data import AdminToolsConfigEntry, RuntimeData
from .devices import queue_name
from .forms import TEXT_FIELD, URL_FIELD
from .healing.errors import OwnActionsError
from .healing.policy import HealLimits
from .immich.address import normalise_url
from .immich.errors import ImmichError, InvalidAddressError, UnexpectedReplyError
from .immich.permissions import Permission
from .immich.telemetry import read_telemetry, telemetry_urls
from .restart.methods import MethodKind
from .restart.restarter import DEFAULT_COOL_DOWN, DEFAULT_PER_DAY
from .settings import (
    connection_of,
    heal_limits_of,
    restart_limits_of,
    restart_settings_of,
    stuck_threshold_of,
)
from .texts import localized, plain_placeholders
from .user_actions import async_check_actions

SECTION_HEALING = "healing"
CONF_STRIKES = "strikes"
CONF_PER_HOUR = "actions_per_hour"
CONF_LEARNED = "learned"


def _whole(value: object) -> int:
    """Return a number without a fraction; a browser may send it as 7.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise vol.Invalid("expected a whole number")


CONF_JOB = "job"
CONF_SECONDS = "seconds"

_JOB_THRESHOLD = vol.Schema(
    {
        vol.Required(CONF_JOB): vol.All(str, vol.Strip, vol.Length(min=1)),
        vol.Required(CONF_SECONDS): vol.All(vol.Any(int, _whole), vol.Range(min=0)),
    }
)


class _ListedTwiceError(ValueError):
    """A job type has two thresholds; the message is its name."""


def listed_job_thresholds(stored: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the thresholds per job type as the form lists them."""
    return [{CONF_JOB: job, CONF_SECONDS: seconds} for job, seconds in stored.items()]


def job_thresholds_of(listed: Iterable[object]) -> dict[str, int]:
    """Return the thresholds per job type as they are stored.

    Raises vol.Invalid and _ListedTwiceError.
    """
    thresholds: dict[str, int] = {}
    for row in map(_JOB_THRESHOLD, listed):
        job: str = row[CONF_JOB]
        if job in thresholds:
            raise _ListedTwiceError(job)
        thresholds[job] = row[CONF_SECONDS]
    return thresholds


def known_jobs_of(entry: AdminToolsConfigEntry) -> list[str]:
    """Return the names of the jobs that were seen to end, to choose from."""
    if entry.state is not ConfigEntryState.LOADED:
        return []
    queues = entry.runtime_data.queues
    return sorted(
        {
            name
            for queue in queues.data.queues
            for name in queues.analyst.durations(queue)
        }
    )


def learned_thresholds_of(entry: AdminToolsConfigEntry) -> dict[str, int]:
    """Return the seconds that were learned, for the queues where they were."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    return {
        queue: view.suggested_threshold
        for queue, view in entry.runtime_data.queues.data.queues.items()
        if view.suggested_threshold is not None
    }


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
    fields[vol.Optional(CONF_JOB_THRESHOLDS)] = _job_thresholds_list(
        known_jobs_of(entry)
    )
    return {
        # No default: a browser would show that, empty, in place of its fields' own.
        vol.Required(SECTION_HEALING): section(vol.Schema(fields), {"collapsed": True})
    }


def _job_thresholds_list(known_jobs: list[str]) -> ObjectSelector:
    """Return a list to add to and to remove from.

    Nothing in it is required, and no number too low: Home Assistant's own refusal
    would not be translated, and a browser would choose the first job for the user.
    """
    return ObjectSelector(
        ObjectSelectorConfig(
            fields={
                CONF_JOB: ObjectSelectorField(
                    selector=SelectSelector(
                        SelectSelectorConfig(
                            options=known_jobs,
                            custom_value=True,
                            mode=SelectSelectorMode.DROPDOWN,
                        )
                    )
                ),
                CONF_SECONDS: ObjectSelectorField(
                    selector=NumberSelector(
                        NumberSelectorConfig(
                            unit_of_measurement="s", mode=NumberSelectorMode.BOX
                        )
                    ),
                ),
            },
            multiple=True,
            label_field=CONF_JOB,
            description_field=CONF_SECONDS,
            translation_key="job_threshold",
        )
    )


def heal_form(entry: AdminToolsConfigEntry) -> dict[str, Any]:
    """Return what is chosen now, as the form shows it."""
    limits = heal_limits_of(entry)
    return {
        SECTION_HEALING: {
            CONF_STRIKES: limits.strikes,
            CONF_PER_HOUR: limits.per_hour,
            CONF_JOB_THRESHOLDS: listed_job_thresholds(
                entry.options.get(CONF_JOB_THRESHOLDS, {})
            ),
        }
    }


def heal_problem(user_input: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Return what is wrong: a translation key and its placeholders."""
    chosen: Mapping[str, Any] = user_input[SECTION_HEALING]
    try:
        job_thresholds_of(chosen.get(CONF_JOB_THRESHOLDS, ()))
    except vol.Invalid:
        return "job_thresholds_wrong", {}
    except _ListedTwiceError as err:
        return "job_threshold_twice", plain_placeholders({"job": err})
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
    job_names = job_thresholds_of(chosen.get(CONF_JOB_THRESHOLDS, ()))
    if job_names or CONF_JOB_THRESHOLDS in entry.options:
        options[CONF_JOB_THRESHOLDS] = job_names
    learned = learned_thresholds_of(entry)
    if taken := [queue for queue in chosen.get(CONF_LEARNED, ()) if queue in learned]:
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


SECTION_RESTART = "restart"
MOST_PER_DAY = 50

RESTART_FIELDS = {
    vol.Required(SECTION_RESTART): section(
        vol.Schema(
            {
                # Chosen one after the other, so their order is the user's.
                vol.Optional("ways", default=list): SelectSelector(
                    SelectSelectorConfig(
                        options=[method.value for method in MethodKind],
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
            "ways": [method.value for method in chosen.methods],
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
    if MethodKind.ACTIONS in chosen["ways"]:
        if not chosen.get("actions"):
            return "restart_actions_missing", {}
        try:
            await async_check_actions(hass, chosen["actions"])
        except OwnActionsError as err:
            return "restart_actions_wrong", plain_placeholders({"error": err})
    if MethodKind.REDIS in chosen["ways"] and connection_of(entry.data).redis is None:
        return "restart_needs_redis", {}
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return await _missing_right(entry.runtime_data, chosen["ways"])


async def _missing_right(
    runtime: RuntimeData, methods: Collection[str]
) -> tuple[str, dict[str, str]] | None:
    """Return what Immich or Redis does not allow."""
    for method in methods:
        match MethodKind(method):
            case MethodKind.MAINTENANCE:
                if not runtime.server.data.may(Permission.MAINTENANCE):
                    missing = Permission.MAINTENANCE.value
                    return "restart_needs_permission", {"missing": missing}
            case MethodKind.REDIS:
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
