"""The config entry's data and options, typed and with defaults for missing keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from math import isfinite
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    CONF_API_KEY,
    CONF_NAME,
    CONF_URL,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .analysis.stuck import Thresholds
from .bullmq.connection import RedisSettings
from .bullmq.keys import DEFAULT_PREFIX
from .const import (
    CONF_AUTO_HEAL,
    CONF_EXTERNAL_URL,
    CONF_HEAL_LIMITS,
    CONF_HISTORY_DAYS,
    CONF_JOB_THRESHOLDS,
    CONF_POLL_INTERVAL,
    CONF_REDIS_CA,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_PREFIX,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_REDIS_VERIFY_SSL,
    CONF_RESTART_ACTION,
    CONF_TELEMETRY_URL,
    CONF_THRESHOLDS,
    CONF_VERIFY_SSL,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_POLL_INTERVAL,
)
from .gpu_host.models import PowerSettings
from .gpu_host.settings import DEFAULT_QUEUES, HostSettings, Rerun
from .gpu_host.wake import DEFAULT_ADDRESS, DEFAULT_PORT, MagicPacket
from .healing.policy import AutoHealMode, HealLimits
from .immich.errors import InvalidAddressError
from .immich.queues import default_stuck_threshold
from .immich.telemetry import telemetry_urls
from .restart.methods import MethodKind
from .restart.restarter import DEFAULT_COOL_DOWN, DEFAULT_PER_DAY, RestartLimits
from .serialization import stored_enum

LIVE_OPTIONS = frozenset(
    {
        CONF_THRESHOLDS,
        CONF_JOB_THRESHOLDS,
        CONF_POLL_INTERVAL,
        CONF_RESTART_ACTION,
        CONF_AUTO_HEAL,
        CONF_HEAL_LIMITS,
    }
)
"""Options that take effect without a reload of the entry."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where Immich and its Redis are, and how to get in."""

    url: str
    api_key: str = field(repr=False)
    verify_ssl: bool
    redis: RedisSettings | None
    """None: Immich's API only."""


@dataclass(frozen=True, slots=True)
class RestartSettings:
    """How the user wants the workers to be restarted."""

    methods: tuple[MethodKind, ...] = ()
    """In the order in which they are tried; none: restarts are off."""
    actions: Sequence[Mapping[str, Any]] = ()
    """Own actions, as the dialog stored them."""
    others_too: bool = False
    """Whether the message over Redis may reach other Immich instances as well."""


def connection_of(data: Mapping[str, Any]) -> Connection:
    """Read the data of a config entry, or of a flow before the entry exists."""
    return Connection(
        url=data[CONF_URL],
        api_key=data[CONF_API_KEY],
        verify_ssl=data.get(CONF_VERIFY_SSL, True),
        redis=redis_settings_of(data),
    )


def redis_settings_of(data: Mapping[str, Any]) -> RedisSettings | None:
    """Read the part about Redis; None when its address is left empty."""
    return redis_settings(data) if data.get(CONF_REDIS_URL) else None


def redis_settings(data: Mapping[str, Any]) -> RedisSettings:
    """Read the part about Redis, which has an address."""
    return RedisSettings(
        url=data[CONF_REDIS_URL],
        username=data.get(CONF_REDIS_USERNAME) or None,
        password=data.get(CONF_REDIS_PASSWORD) or None,
        prefix=data.get(CONF_REDIS_PREFIX) or DEFAULT_PREFIX,
        verify_ssl=data.get(CONF_REDIS_VERIFY_SSL, True),
        ca=data.get(CONF_REDIS_CA) or None,
    )


def poll_interval_of(entry: ConfigEntry) -> int:
    """Return the seconds between two polls of the queues."""
    return int(entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL))


def external_url_of(entry: ConfigEntry) -> str:
    """Return the address under which a browser finds Immich's own web page."""
    return str(entry.options.get(CONF_EXTERNAL_URL) or entry.data[CONF_URL])


def telemetry_urls_of(entry: ConfigEntry) -> tuple[str, ...]:
    """Return where Immich's processes tell their metrics; none when not set up."""
    try:
        return telemetry_urls(str(entry.options.get(CONF_TELEMETRY_URL) or ""))
    except InvalidAddressError:
        return ()


def history_days_of(entry: ConfigEntry) -> int:
    """Return how many days the history goes back."""
    return int(entry.options.get(CONF_HISTORY_DAYS, DEFAULT_HISTORY_DAYS))


def stuck_threshold_of(entry: ConfigEntry, queue: str) -> int:
    """Return the seconds after which a job is called stuck; 0 = never."""
    own: Mapping[str, int] = entry.options.get(CONF_THRESHOLDS, {})
    return own.get(queue, default_stuck_threshold(queue))


def thresholds_of(entry: ConfigEntry) -> Thresholds:
    """Return all thresholds that the user chose; the rest has defaults."""
    return Thresholds(
        queues=entry.options.get(CONF_THRESHOLDS, {}),
        job_names=entry.options.get(CONF_JOB_THRESHOLDS, {}),
    )


def restart_settings_of(entry: ConfigEntry) -> RestartSettings:
    """Return how the user wants the workers to be restarted."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_RESTART_ACTION, {})
    return RestartSettings(
        methods=tuple(
            MethodKind(method)
            for method in chosen.get("ways", ())
            if method in MethodKind
        ),
        actions=chosen.get("actions", ()),
        others_too=chosen.get("others_too", False),
    )


def auto_heal_of(entry: ConfigEntry) -> AutoHealMode:
    """Return what is to be done about stuck jobs without being asked."""
    chosen = entry.options.get(CONF_AUTO_HEAL)
    return stored_enum(AutoHealMode, chosen) or AutoHealMode.ALERT_ONLY


def heal_limits_of(entry: ConfigEntry) -> HealLimits:
    """Return how far auto-heal may go."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    default = HealLimits()
    return HealLimits(
        strikes=int(chosen.get("strikes", default.strikes)),
        per_hour=int(chosen.get("actions_per_hour", default.per_hour)),
    )


def restart_limits_of(entry: ConfigEntry) -> RestartLimits:
    """Return how often the user allows restarts."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    return RestartLimits(
        cool_down=int(chosen.get("restart_cool_down", DEFAULT_COOL_DOWN)),
        per_day=int(chosen.get("restarts_per_day", DEFAULT_PER_DAY)),
    )


def set_up_with(entry: ConfigEntry) -> tuple[object, ...]:
    """Return what an entry was set up with; when it changes, a reload is needed."""
    return (
        dict(entry.data),
        {key: val for key, val in entry.options.items() if key not in LIVE_OPTIONS},
        {key: dict(sub.data) for key, sub in entry.subentries.items()},
    )


HOST_SECTION: Final = "gpu_host_{}"
"""Section of the safety store, by the id of the subentry."""
CONCURRENCY: Final = "gpu_concurrency"
"""Section of the numbers of workers that were changed, for all hosts."""
SUBENTRY_GPU_HOST: Final = "gpu_host"

CONF_ML_URL: Final = "ml_url"
CONF_MAC: Final = "mac"
CONF_BROADCAST_ADDRESS: Final = "broadcast_address"
CONF_BROADCAST_PORT: Final = "broadcast_port"
CONF_QUEUES: Final = "queues"
CONF_ON_ACTION: Final = "on_action"
CONF_OFF_ACTION: Final = "off_action"
CONF_WAKE_BACKLOG: Final = "wake_backlog"
CONF_WAKE_AGE: Final = "wake_age"
CONF_ALLOWED_FROM: Final = "allowed_from"
CONF_ALLOWED_TO: Final = "allowed_to"
CONF_GATE_ENTITY: Final = "gate_entity"
CONF_KEEP_ON_ENTITY: Final = "keep_on_entity"
CONF_BOOT_TIMEOUT: Final = "boot_timeout"
CONF_IDLE_TIME: Final = "idle_time"
CONF_MINIMUM_ON: Final = "minimum_on"
CONF_COOL_DOWN: Final = "cool_down"
CONF_WAKE_RETRIES: Final = "wake_retries"
CONF_RETRY_DELAY: Final = "retry_delay"
CONF_PAUSE_OFFLINE: Final = "pause_offline"
CONF_RERUN_MISSING: Final = "rerun_missing"
CONF_CONCURRENCY: Final = "concurrency"

DEFAULT_WAKE_BACKLOG: Final = 100
DEFAULT_WAKE_RETRIES: Final = 2

DEFAULT_DURATIONS: Final[Mapping[str, timedelta]] = {
    CONF_WAKE_AGE: timedelta(hours=12),
    CONF_BOOT_TIMEOUT: timedelta(minutes=5),
    CONF_RETRY_DELAY: timedelta(minutes=1),
    CONF_IDLE_TIME: timedelta(minutes=15),
    CONF_MINIMUM_ON: timedelta(minutes=10),
    CONF_COOL_DOWN: timedelta(minutes=10),
}

MILLISECOND = timedelta(milliseconds=1)

SHORTEST_BOOT = timedelta(seconds=30)
"""No machine starts sooner, and an on action may be a power button."""

YES_STATES = frozenset({"on", "home", "open", "above_horizon", "true"})
NO_STATES = frozenset({"off", "not_home", "closed", "below_horizon", "false"})
PLACES = frozenset({"person", "device_tracker"})
"""Domains whose other words are places: certainly not at home."""
NO_STATEMENT = frozenset({"", STATE_UNAVAILABLE, STATE_UNKNOWN})


def host_settings_of(subentry: ConfigSubentry) -> HostSettings:
    """Return what the user set up for a host."""
    data = subentry.data
    has_on, has_off = bool(data.get(CONF_ON_ACTION)), bool(data.get(CONF_OFF_ACTION))
    mac = data.get(CONF_MAC)
    return HostSettings(
        host_id=subentry.subentry_id,
        name=str(data.get(CONF_NAME) or subentry.title),
        ml_url=data[CONF_ML_URL],
        queues=tuple(data.get(CONF_QUEUES) or DEFAULT_QUEUES),
        packet=MagicPacket(
            mac,
            data.get(CONF_BROADCAST_ADDRESS) or DEFAULT_ADDRESS,
            int(data.get(CONF_BROADCAST_PORT) or DEFAULT_PORT),
        )
        if mac
        else None,
        has_on_action=has_on,
        has_restart_action=bool(data.get(CONF_RESTART_ACTION)),
        pause_offline=data.get(CONF_PAUSE_OFFLINE, True),
        rerun_missing=Rerun(data.get(CONF_RERUN_MISSING, Rerun.ASK)),
        concurrency={
            queue: int(jobs) for queue, jobs in data.get(CONF_CONCURRENCY, {}).items()
        },
        power=PowerSettings(
            can_wake=bool(mac) or has_on,
            can_switch_off=has_off,
            wake_backlog=int(data.get(CONF_WAKE_BACKLOG, DEFAULT_WAKE_BACKLOG)),
            wake_age=_duration(data, CONF_WAKE_AGE),
            boot_timeout=max(
                _duration(data, CONF_BOOT_TIMEOUT), round(SHORTEST_BOOT / MILLISECOND)
            ),
            wake_retries=int(data.get(CONF_WAKE_RETRIES, DEFAULT_WAKE_RETRIES)),
            retry_delay=_duration(data, CONF_RETRY_DELAY),
            idle_time=_duration(data, CONF_IDLE_TIME),
            minimum_on=_duration(data, CONF_MINIMUM_ON),
            cool_down=_duration(data, CONF_COOL_DOWN),
        ),
    )


def _duration(data: Mapping[str, Any], key: str) -> int:
    """Return a duration of the dialog in ms."""
    value: timedelta = (
        cv.time_period(data[key]) if key in data else DEFAULT_DURATIONS[key]
    )
    return round(value / MILLISECOND)


def may_wake(hass: HomeAssistant, data: Mapping[str, Any]) -> bool | None:
    """Return whether the hours and the gate allow the policy to wake the host.

    None: within the hours, and the gate says nothing.
    """
    return is_allowed_hour(data, dt_util.now()) and is_gate_open(hass, data)


def is_allowed_hour(data: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a time lies in the allowed hours, which may go over midnight."""
    begin = _time(data.get(CONF_ALLOWED_FROM))
    end = _time(data.get(CONF_ALLOWED_TO))
    at = now.time()
    if begin is None or end is None or begin == end:
        # With one of them alone: until midnight, or from midnight on.
        return (begin is None or begin == end or at >= begin) and (
            end is None or begin == end or at < end
        )
    if begin < end:
        return begin <= at < end
    return at >= begin or at < end


def next_allowed(data: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when the allowed hours begin; None: they do not keep anything waiting."""
    if is_allowed_hour(data, now):
        return None
    begin = _time(data.get(CONF_ALLOWED_FROM)) or time()
    today = now.replace(
        hour=begin.hour, minute=begin.minute, second=begin.second, microsecond=0
    )
    return today if today > now else today + timedelta(days=1)


def _time(value: str | None) -> time | None:
    return dt_util.parse_time(value) if value else None


def is_gate_open(hass: HomeAssistant, data: Mapping[str, Any]) -> bool | None:
    """Return whether the gate entity says yes; without one it does."""
    gate = data.get(CONF_GATE_ENTITY)
    return says_yes(hass, gate) if gate else True


def is_kept_on(hass: HomeAssistant, data: Mapping[str, Any]) -> bool | None:
    """Return whether the user's entity wants the host on; without one it doesn't."""
    entity_id = data.get(CONF_KEEP_ON_ENTITY)
    return says_yes(hass, entity_id) if entity_id else False


def says_yes(hass: HomeAssistant, entity_id: str) -> bool | None:
    """Return whether an entity says yes; None: it says nothing, or is gone.

    A word that is not known to mean yes means no, such as `Work` for a person.
    """
    state = hass.states.get(entity_id)
    if state is None or state.state in NO_STATEMENT:
        return None
    try:
        number = float(state.state)
    except ValueError:
        return state.state.lower() in YES_STATES
    return isfinite(number) and number > 0


def is_unclear(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether an entity says what is known to mean neither yes nor no.

    It is taken for a no, which the user may not have meant.
    """
    state = hass.states.get(entity_id) if entity_id else None
    if state is None or state.state in NO_STATEMENT or state.domain in PLACES:
        return False
    try:
        return not isfinite(float(state.state))
    except ValueError:
        return state.state.lower() not in YES_STATES | NO_STATES
