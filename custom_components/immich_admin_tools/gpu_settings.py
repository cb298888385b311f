"""The settings of a GPU host, read from its subentry with defaults for missing ones."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from math import isfinite
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .gpu_host.models import PowerSettings
from .gpu_host.settings import DEFAULT_QUEUES, HostSettings, Rerun
from .gpu_host.wake import DEFAULT_ADDRESS, DEFAULT_PORT, MagicPacket

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
CONF_RESTART_ACTION: Final = "restart_action"
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
