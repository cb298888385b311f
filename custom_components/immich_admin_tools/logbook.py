"""What happened, in the words of the logbook: one sentence an event."""

from collections.abc import Callable, Iterator, Mapping
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
from .healing.models import Initiator, Outcome
from .history.events import ACT_EVENTS, EventType
from .history.manager import BUS_EVENT
from .texts import queue_name

_ACTIVITY = "event.activity.state_attributes"
_LAST_HEAL = "sensor.last_heal.state_attributes"

ICONS = {
    EventType.JOB_STUCK: "mdi:alert",
    EventType.JOB_RECOVERED: "mdi:check-circle-outline",
    EventType.JOB_CLEARED: "mdi:broom",
    EventType.JOB_REQUEUED: "mdi:undo-variant",
    EventType.JOB_FAILED: "mdi:close-circle-outline",
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
            LOGBOOK_ENTRY_MESSAGE: " – ".join(_parts(hass, data, words)),
        }
        kind = data.get("type")
        if isinstance(kind, str) and kind in ICONS:
            described[LOGBOOK_ENTRY_ICON] = ICONS[EventType(kind)]
        return described

    async_describe_event(DOMAIN, BUS_EVENT, describe)


def _parts(hass: HomeAssistant, data: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Yield what happened and to what, then what there is to add."""
    kind, outcome = data.get("type"), data.get("outcome")
    what = words(f"{_ACTIVITY}.event_type", kind)
    if kind == EventType.HEAL_UNCONFIRMED and outcome == Outcome.SLOT_LOST:
        what = words(f"{_LAST_HEAL}.outcome", outcome)
    path = data.get("asset_path")
    about = (
        data.get("file_name") or (path and PurePosixPath(path).name) or data.get("name")
    )
    if kind == EventType.JOBS_BURNT:
        about = _skipped(hass, data)
    yield f"{what}: {about}" if about else what
    match kind:
        case EventType.JOB_STUCK:
            if (age := data.get("age")) is not None:
                yield _duration(age)
            if job_kind := data.get("kind"):
                yield words(f"{_LAST_HEAL}.kind", job_kind)
        case EventType.HEAL_UNCONFIRMED:
            # The act itself has its own entry.
            if doubt := data.get("doubt"):
                yield words(f"{_LAST_HEAL}.doubt", doubt)
        case EventType.QUEUE_PAUSED:
            yield from _reason(data, words)
            if data.get("by") == Initiator.AUTO:
                yield words(f"{_ACTIVITY}.by", Initiator.AUTO)
        case EventType.QUEUE_RESUMED:
            # Its reason is why it was paused.
            return
        case _:
            yield from _reason(data, words)
            # What is in doubt is told by an entry of its own.
            if kind in ACT_EVENTS.values() and outcome == Outcome.CONFIRMED:
                yield words(f"{_LAST_HEAL}.outcome", outcome)


def _skipped(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return how many photos of which queue: the device may be their GPU host's."""
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    queue = str(data.get("queue"))
    name = queue if entry is None else queue_name(hass, entry, queue)
    return f"{name}, {'≥ ' if data.get('at_least') else ''}{data.get('jobs')}"


def _reason(data: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Yield why, where that is known."""
    reason = data.get("reason")
    if reason and reason not in NO_NEWS:
        yield words(f"{_ACTIVITY}.reason", reason)


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
