"""The config entry's data and options, typed and with defaults for missing keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL

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
from .healing.journal import stored_enum
from .healing.policy import AutoHealMode, HealLimits
from .immich.errors import InvalidAddressError
from .immich.queues import default_stuck_threshold
from .immich.telemetry import telemetry_urls
from .restart.methods import WayKind
from .restart.restarter import DEFAULT_COOL_DOWN, DEFAULT_PER_DAY, RestartLimits

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry

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

    ways: tuple[WayKind, ...] = ()
    """In the order in which they are tried; none: restarts are off."""
    actions: Sequence[Mapping[str, Any]] = ()
    """Own actions, as the dialog stored them."""
    others_too: bool = False
    """Whether the message over Redis may reach other Immichs as well."""


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


def poll_interval_of(entry: AdminToolsConfigEntry) -> int:
    """Return the seconds between two polls of the queues."""
    return int(entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL))


def external_url_of(entry: AdminToolsConfigEntry) -> str:
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


def stuck_threshold_of(entry: AdminToolsConfigEntry, queue: str) -> int:
    """Return the seconds after which a job is called stuck; 0 = never."""
    own: Mapping[str, int] = entry.options.get(CONF_THRESHOLDS, {})
    return own.get(queue, default_stuck_threshold(queue))


def thresholds_of(entry: AdminToolsConfigEntry) -> Thresholds:
    """Return all thresholds that the user chose; the rest has defaults."""
    return Thresholds(
        queues=entry.options.get(CONF_THRESHOLDS, {}),
        job_names=entry.options.get(CONF_JOB_THRESHOLDS, {}),
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


def restart_settings_of(entry: AdminToolsConfigEntry) -> RestartSettings:
    """Return how the user wants the workers to be restarted."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_RESTART_ACTION, {})
    return RestartSettings(
        ways=tuple(WayKind(way) for way in chosen.get("ways", ()) if way in WayKind),
        actions=chosen.get("actions", ()),
        others_too=chosen.get("others_too", False),
    )


def auto_heal_of(entry: AdminToolsConfigEntry) -> AutoHealMode:
    """Return what is to be done about stuck jobs without being asked."""
    chosen = entry.options.get(CONF_AUTO_HEAL)
    return stored_enum(AutoHealMode, chosen) or AutoHealMode.ALERT_ONLY


def heal_limits_of(entry: AdminToolsConfigEntry) -> HealLimits:
    """Return how far auto-heal may go."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    default = HealLimits()
    return HealLimits(
        strikes=int(chosen.get("strikes", default.strikes)),
        per_hour=int(chosen.get("actions_per_hour", default.per_hour)),
    )


def restart_limits_of(entry: AdminToolsConfigEntry) -> RestartLimits:
    """Return how often the user allows restarts."""
    chosen: Mapping[str, Any] = entry.options.get(CONF_HEAL_LIMITS, {})
    return RestartLimits(
        cool_down=int(chosen.get("restart_cool_down", DEFAULT_COOL_DOWN)),
        per_day=int(chosen.get("restarts_per_day", DEFAULT_PER_DAY)),
    )


def set_up_with(entry: AdminToolsConfigEntry) -> tuple[object, ...]:
    """Return what an entry was set up with; when it changes, a reload is needed."""
    return (
        dict(entry.data),
        {key: val for key, val in entry.options.items() if key not in LIVE_OPTIONS},
        {key: dict(sub.data) for key, sub in entry.subentries.items()},
    )
