"""What happened, in the words of the logbook: one sentence an event."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
    LazyEventPartialState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .devices import queue_name
from .healing.models import Outcome
from .history.events import ACT_EVENTS, EventType
from .history.manager import BUS_EVENT
from .texts import localized

_ACTIVITY = "event.activity.state_attributes"
_LAST_HEAL = "sensor.last_heal.state_attributes"

ICONS = {
    EventType.JOB_STUCK: "mdi:alert",
    EventType.JOB_RECOVERED: "mdi:check-circle-outline",
    EventType.JOB_CLEARED: "mdi:broom",
    EventType.JOB_REQUEUED: "mdi:undo-variant",
    EventType.JOB_FAILED: "mdi:close-circle-outline",
    EventType.JOB_IGNORED: "mdi:eye-off",
    EventType.HEAL_UNCONFIRMED: "mdi:account-lock",
    EventType.WORKER_LOST: "mdi:account-off",
    EventType.WORKER_BACK: "mdi:account-hard-hat-outline",
    EventType.QUEUE_FINISHED: "mdi:flag-checkered",
    EventType.QUEUE_PAUSED: "mdi:pause-circle-outline",
    EventType.QUEUE_RESUMED: "mdi:play-circle-outline",
    EventType.WORKERS_RESTARTED: "mdi:restart",
    EventType.RESTART_FAILED: "mdi:restart-alert",
    EventType.RESTART_UNCONFIRMED: "mdi:restart-alert",
    EventType.GPU_WAKE: "mdi:power",
    EventType.GPU_READY: "mdi:expansion-card",
    EventType.GPU_WAKE_FAILED: "mdi:power-plug-off-outline",
    EventType.GPU_SLEEP: "mdi:power-sleep",
    EventType.GPU_SLEEP_FAILED: "mdi:power-plug-outline",
    EventType.JOBS_BURNT: "mdi:image-off-outline",
}

NO_NEWS = ("wake", "ready", "wake_failed", "sleep")
"""Reasons of a GPU host's events that only repeat what happened."""

type Words = Callable[[str, object], str]
"""Returns what a value of a translated attribute is called."""


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[
        [str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None
    ],
) -> None:
    """Describe our events in the language of Home Assistant."""

    @callback
    def describe(event: LazyEventPartialState) -> dict[str, Any]:
        """Say what happened, to which photo, and why."""
        data = event.data
        texts = async_get_cached_translations(
            hass, hass.config.language, "entity", DOMAIN
        )

        def words(attribute: str, value: object) -> str:
            return texts.get(
                f"component.{DOMAIN}.entity.{attribute}.state.{value}", str(value)
            )

        described = {
            LOGBOOK_ENTRY_NAME: _name(hass, data),
            LOGBOOK_ENTRY_MESSAGE: _sentence(hass, data, words),
        }
        kind = data.get("type")
        if isinstance(kind, str) and kind in ICONS:
            described[LOGBOOK_ENTRY_ICON] = ICONS[EventType(kind)]
        return described

    async_describe_event(DOMAIN, BUS_EVENT, describe)


def _sentence(hass: HomeAssistant, data: Mapping[str, Any], words: Words) -> str:
    """Return what happened and to what, then what there is to add."""
    kind, outcome = data.get("type"), data.get("outcome")
    what = words(f"{_ACTIVITY}.event_type", kind)
    if kind == EventType.HEAL_UNCONFIRMED and outcome == Outcome.SLOT_LOST:
        what = words(f"{_LAST_HEAL}.outcome", outcome)
    if kind == EventType.QUEUE_FINISHED:
        return f"{what}{_finished(hass, data)}"
    if about := _about(hass, data):
        what = f"{what}: {about}"
    if kind == EventType.JOB_STUCK:
        return f"{what}{_stuck(hass, data)}"
    # What is in doubt is told by an entry of its own.
    if kind in ACT_EVENTS.values() and outcome == Outcome.CONFIRMED:
        what = f"{what}; {_common(hass, 'worker_free')}"
    if why := _why(data, words):
        return f"{what} – {why}" if about else f"{what}: {why}"
    return what


def _about(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return the photo, or what else an event is about."""
    if data.get("type") == EventType.JOBS_BURNT:
        return _skipped(hass, data)
    path = data.get("asset_path")
    return (
        data.get("file_name") or (path and PurePosixPath(path).name) or data.get("name")
    )


def _stuck(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return where a job is stuck, for how long, and of which kind."""
    text = ""
    if queue := _queue(hass, data):
        text += f" in {queue}"
    if (age := data.get("age")) is not None:
        text += f", {_common(hass, 'active_for', age=_duration(age))}"
    if kind := data.get("kind"):
        text += f" ({_common(hass, str(kind))})"
    return text


def _finished(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return how many jobs a queue processed, where that is known."""
    jobs, duration = data.get("jobs"), data.get("duration")
    if jobs is None or duration is None:
        return ""
    number = f"{jobs:,}"
    if hass.config.language.startswith("de"):
        number = number.replace(",", ".")
    key = "finished_one" if jobs == 1 else "finished"
    return f": {_common(hass, key, jobs=number, duration=_duration(duration))}"


def _why(data: Mapping[str, Any], words: Words) -> str | None:
    """Return the reason, or who did it, where that is news."""
    match data.get("type"):
        case EventType.HEAL_UNCONFIRMED:
            # The act itself has its own entry.
            doubt = data.get("doubt")
            return words(f"{_LAST_HEAL}.doubt", doubt) if doubt else None
        case EventType.QUEUE_RESUMED:
            # Its reason is why it was paused.
            return None
    reason = data.get("reason")
    if reason and reason not in NO_NEWS:
        return words(f"{_ACTIVITY}.reason", reason)
    return None


def _common(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return words that only stand in these sentences."""
    return localized(hass, "common", f"activity_{key}", **placeholders) or key


def _queue(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return the name of the queue that an event is about."""
    queue = data.get("queue")
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    if queue is None or entry is None:
        return queue
    return queue_name(hass, entry, str(queue))


def _skipped(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return how many photos of which queue: the device may be their GPU host's."""
    return f"{'≥ ' if data.get('at_least') else ''}{data.get('jobs')} in {_queue(hass, data)}"


def _duration(seconds: int) -> str:
    """Return a time as people say it; the units are the same in our languages."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _name(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return the name of the device that an event is about."""
    device = dr.async_get(hass).async_get(str(data.get("device_id")))
    name = device and (device.name_by_user or device.name)
    return name or str(data.get("instance"))
