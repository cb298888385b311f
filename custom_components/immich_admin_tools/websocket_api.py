"""What the dashboard asks for: pushed while it is open, and asked for once."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .clock import now_ms
from .const import CONF_REDIS_URL, DOMAIN
from .dashboard.delta import Json
from .dashboard.figures import (
    FIVE_MINUTES,
    GROUPS,
    HOUR,
    Count,
    bars_of,
    cleared_in,
    clipped,
    kinds_of_stuck,
    on_seconds,
    page_of,
    processed_in,
    row_of_minutes,
)
from .dashboard.snapshot import rounded
from .data import AdminToolsConfigEntry, RuntimeData
from .errors import translated_errors
from .history.events import Event, EventType
from .immich.queues import PIPELINE
from .permissions import async_may_read
from .recorded import (
    NEEDS_REDIS,
    NO_RECORDER,
    NOT_YET,
    SENSOR_OFF,
    RecordedRow,
    async_on_times,
    async_online_sensor,
    async_rows,
    async_sensor,
    has_recorder,
)
from .settings import SUBENTRY_GPU_HOST, host_settings_of
from .texts import localized

ATTR_ENTRY_ID = "entry_id"


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (
        subscribe_instances,
        subscribe,
        ignore_job,
        history,
        problem_assets,
        statistics,
        speed,
    ):
        websocket_api.async_register_command(hass, command)


@callback
def _readable_entry(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: Json
) -> AdminToolsConfigEntry | None:
    """Return the entry that is asked for; None, and say so, when there is none to see.

    One that the user may not read is not told from one that is not there.
    """
    entry = hass.config_entries.async_get_entry(msg[ATTR_ENTRY_ID])
    if (
        entry is None
        or entry.domain != DOMAIN
        or not async_may_read(hass, connection.user, entry)
    ):
        connection.send_error(
            msg["id"], websocket_api.ERR_NOT_FOUND, "Immich instance not found"
        )
        return None
    return entry


@callback
def _loaded_entry(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: Json
) -> AdminToolsConfigEntry | None:
    """Return the loaded entry that is asked for; None, and say so, when there is none."""
    entry = _readable_entry(hass, connection, msg)
    if entry is None or entry.state is ConfigEntryState.LOADED:
        return entry
    connection.send_error(msg["id"], "not_loaded", "Immich instance not loaded")
    return None


@websocket_api.websocket_command(
    {vol.Required("type"): f"{DOMAIN}/subscribe_instances"}
)
@callback
def subscribe_instances(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Tell which Immich instances there are, now and whenever that changes."""
    connection.send_result(msg["id"])
    connection.subscriptions[msg["id"]] = _Instances(hass, connection, msg["id"]).stop


class _Instances:
    """Who looks at the list of instances."""

    def __init__(
        self,
        hass: HomeAssistant,
        connection: websocket_api.ActiveConnection,
        message_id: int,
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._message_id = message_id
        self._sent: list[Json] | None = None
        self._listens: dict[str, tuple[object, CALLBACK_TYPE]] = {}
        """To the runtime data of each entry."""
        self._stop = async_dispatcher_connect(
            hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )
        self._look()

    @callback
    def stop(self) -> None:
        """Send nothing any more."""
        self._stop()
        for _, stop in self._listens.values():
            stop()
        self._listens.clear()

    @callback
    def _entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            self._look()

    @callback
    def _look(self) -> None:
        """Send the list, if it is another one."""
        entries: list[AdminToolsConfigEntry] = self._hass.config_entries.async_entries(
            DOMAIN
        )
        loaded = {
            entry.entry_id: entry.runtime_data.dashboard
            for entry in entries
            if entry.state is ConfigEntryState.LOADED
        }
        for entry_id, (dashboard, stop) in list(self._listens.items()):
            if loaded.get(entry_id) is not dashboard:
                stop()
                del self._listens[entry_id]
        for entry_id, dashboard in loaded.items():
            if entry_id not in self._listens:
                stop = dashboard.async_listen_problems(self._look)
                self._listens[entry_id] = (dashboard, stop)
        instances = [
            _instance(entry)
            for entry in entries
            if entry.disabled_by is None
            and async_may_read(self._hass, self._connection.user, entry)
        ]
        if instances != self._sent:
            self._sent = instances
            self._connection.send_event(self._message_id, instances)


def _instance(entry: AdminToolsConfigEntry) -> Json:
    loaded = entry.state is ConfigEntryState.LOADED
    return {
        "entry_id": entry.entry_id,
        "title": entry.title,
        "loaded": loaded,
        "redis": bool(entry.data.get(CONF_REDIS_URL)),
        "gpu_hosts": [
            {"host_id": host_id, "name": host_settings_of(sub).name}
            for host_id, sub in entry.subentries.items()
            if sub.subentry_type == SUBENTRY_GPU_HOST
        ],
        "problem_assets": entry.runtime_data.dashboard.problem_assets if loaded else 0,
    }


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/subscribe",
        vol.Required(ATTR_ENTRY_ID): str,
    }
)
@callback
def subscribe(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Send a snapshot, then what changes; also over reloads of the entry."""
    entry = _readable_entry(hass, connection, msg)
    if entry is None:
        return
    # First: what can't be put together is the answer, and is no subscription.
    subscription = _Subscription(hass, connection, msg["id"], entry)
    connection.send_result(msg["id"])
    connection.subscriptions[msg["id"]] = subscription.stop
    subscription.begin()


class _Subscription:
    """One card, or all of a page, that looks at an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        connection: websocket_api.ActiveConnection,
        message_id: int,
        entry: AdminToolsConfigEntry,
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._message_id = message_id
        self._entry = entry
        self._dashboard: object | None = None
        """What is subscribed to; None while the entry is not loaded."""
        self._stop_dashboard: CALLBACK_TYPE | None = None
        self._may_act = False
        self._sent: Json | None = None
        self._held: list[Json] | None = []
        """What is sent after the answer to the command; None: it was given."""
        self._look()
        self._stop = async_dispatcher_connect(
            hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )

    @callback
    def begin(self) -> None:
        """Send what was found so far, and from now on what is new."""
        held, self._held = self._held, None
        for message in held or ():
            self._send(message)

    @callback
    def stop(self) -> None:
        """Send nothing any more."""
        self._stop()
        self._leave()

    @callback
    def _leave(self) -> None:
        """End the subscription to what the entry held."""
        if self._stop_dashboard is not None:
            self._stop_dashboard()
        self._dashboard = self._stop_dashboard = None

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.entry_id == self._entry.entry_id:
            self._look(removed=change is ConfigEntryChange.REMOVED)

    @callback
    def _look(self, *, removed: bool = False) -> None:
        """Follow the state of the entry."""
        entry = self._entry
        readable = not removed and async_may_read(
            self._hass, self._connection.user, entry
        )
        if readable and entry.state is ConfigEntryState.LOADED:
            if self._dashboard is not entry.runtime_data.dashboard:
                self._send_snapshot()
            return
        self._leave()
        # Whether it is gone or may not be read is not told apart, as with `_readable_entry`.
        message: Json = (
            {
                "type": "not_loaded",
                "title": entry.title,
                "state": entry.state.value,
                "reason": _reason(self._hass, entry),
            }
            if readable
            else {"type": "not_found"}
        )
        if message != self._sent:
            self._send(message)
            self._sent = message

    @callback
    def _send_snapshot(self) -> None:
        """Send all that is known, and go on from there."""
        self._leave()
        self._sent = None
        self._may_act = self._connection.user.is_admin
        dashboard = self._entry.runtime_data.dashboard
        snapshot, self._stop_dashboard = dashboard.async_subscribe(
            self._changed, may_act=self._may_act
        )
        self._dashboard = dashboard
        self._send(
            {"type": "snapshot", "snapshot": {**snapshot, "may_act": self._may_act}}
        )

    @callback
    def _changed(self, delta: Json, reduced: Json) -> None:
        """Send what is new; what the user may do may be something else by now."""
        user = self._connection.user
        if not async_may_read(self._hass, user, self._entry):
            self._look()
        elif user.is_admin is not self._may_act:
            self._send_snapshot()
        else:
            self._send({"type": "delta", "delta": delta if self._may_act else reduced})

    @callback
    def _send(self, message: Json) -> None:
        if self._held is not None:
            self._held.append(message)
            return
        self._connection.send_event(self._message_id, message)


def _reason(hass: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return why an entry is not loaded, in the language of Home Assistant."""
    key = entry.error_reason_translation_key
    if key is not None and entry.error_reason_translation_domain == DOMAIN:
        placeholders = entry.error_reason_translation_placeholders or {}
        text = localized(
            hass,
            "exceptions",
            f"{key}.message",
            **{name: str(value) for name, value in placeholders.items()},
        )
        if text is not None:
            return text
    return entry.reason


ATTR_QUEUE = "queue"
ATTR_JOB_ID = "job_id"
ATTR_FOR = "for"

LONGEST_IGNORED = 30 * 24 * 3600
"""Seconds that a job can be left alone for a while."""

NAME = vol.All(str, vol.Length(max=500))
"""Of a queue or a job: what is longer is none, and would only be sent back."""


def _whole_number(value: object) -> int:
    """Return a number; `true` is none, although it is an int here."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise vol.Invalid("expected int")
    return value


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/ignore_job",
        vol.Required(ATTR_ENTRY_ID): str,
        vol.Required(ATTR_QUEUE): NAME,
        vol.Required(ATTR_JOB_ID): NAME,
        vol.Optional(ATTR_FOR): vol.All(
            _whole_number, vol.Range(min=1, max=LONGEST_IGNORED)
        ),
    }
)
@websocket_api.require_admin
@websocket_api.async_response
async def ignore_job(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Leave a stuck job alone: for some seconds, or for as long as it runs."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    with translated_errors():
        await entry.runtime_data.dashboard.async_ignore(
            msg[ATTR_QUEUE], msg[ATTR_JOB_ID], msg.get(ATTR_FOR)
        )
    connection.send_result(msg["id"])


ATTR_FILTER = "filter"
ATTR_BEFORE = "before"
ATTR_LIMIT = "limit"

MOST_EVENTS = 200
"""In one page."""


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/history",
        vol.Required(ATTR_ENTRY_ID): str,
        vol.Optional(ATTR_FILTER, default="all"): vol.In(GROUPS),
        vol.Optional(ATTR_QUEUE): vol.Any(str, None),
        vol.Optional(ATTR_BEFORE): vol.Any(str, None),
        vol.Optional(ATTR_LIMIT, default=50): vol.All(
            _whole_number, vol.Range(min=1, max=MOST_EVENTS)
        ),
    }
)
@callback
def history(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer with a page of what happened, the newest first."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    runtime = entry.runtime_data
    group, queue = GROUPS[msg[ATTR_FILTER]], msg.get(ATTR_QUEUE)

    def wanted(event: Event) -> bool:
        return group(event) and (queue is None or event.queue == queue)

    known = runtime.history.history
    page, following = page_of(known, wanted, msg.get(ATTR_BEFORE), msg[ATTR_LIMIT])
    connection.send_result(
        msg["id"],
        {
            "events": [runtime.dashboard.event_item(*own) for own in page],
            "next": following,
            "days": known.days,
        },
    )


MOST_PROBLEMS = 200
"""Assets in one answer."""

LOOK_UP_WITHIN = 3.0
"""Seconds that an answer waits for the names of photos."""


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/problem_assets",
        vol.Required(ATTR_ENTRY_ID): str,
    }
)
@websocket_api.async_response
async def problem_assets(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer with the photos that got stuck more than once, the worst first."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    runtime = entry.runtime_data
    problems = runtime.history.strikes.problem_assets()[:MOST_PROBLEMS]
    try:
        async with asyncio.timeout(LOOK_UP_WITHIN):
            await runtime.history.assets.look_up(own.asset_id for own in problems)
    except TimeoutError:
        # The others are known by then; these are named the next time.
        pass
    told = {
        event.asset_id: event
        for event in reversed(list(runtime.history.history))
        if event.asset_id is not None and event.asset_path is not None
    }
    answer: list[Json] = []
    for own in problems:
        facts = runtime.dashboard.asset_facts(own.asset_id)
        asset, event = facts.asset, told.get(own.asset_id)
        thumbnail = facts.thumbnail
        if thumbnail is None and event is not None:
            thumbnail = runtime.history.thumbnail(own.asset_id)
        answer.append(
            {
                "asset_id": own.asset_id,
                "file_name": asset.file_name if asset else event and event.file_name,
                "path": asset.path if asset else event and event.asset_path,
                "thumbnail": thumbnail,
                "url": facts.url,
                "times_stuck": own.times_stuck,
                "last": own.last,
                "queues": list(own.queues),
            }
        )
    connection.send_result(msg["id"], answer)


ATTR_PERIOD = "period"
DAYS = {"today": 1, "week": 7, "month": 30}
"""Of each period; today is one of them."""


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/statistics",
        vol.Required(ATTR_ENTRY_ID): str,
        vol.Optional(ATTR_PERIOD, default="today"): vol.In(DAYS),
    }
)
@websocket_api.async_response
async def statistics(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer with a period in numbers."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    days = DAYS[msg[ATTR_PERIOD]]
    runtime = entry.runtime_data
    answer = await runtime.dashboard.async_cached(
        ("statistics", days), lambda: _statistics(hass, entry, runtime, days)
    )
    # The recorder took its time.
    if _loaded_entry(hass, connection, msg) is not None:
        connection.send_result(msg["id"], answer)


async def _statistics(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, runtime: RuntimeData, days: int
) -> Json:
    """Put a period together: the last days, up to now.

    `runtime`: the entry has it no more once it is unloaded, which may be at any wait.
    """
    now = dt_util.now()
    start = _midnight(now, days - 1)
    begin = _milliseconds(start)
    counts, missing = await _processed_counts(hass, entry, runtime, now, days)
    together = [count for own in counts.values() for count in own]
    found = processed_in(
        together,
        begin,
        _milliseconds(now),
        _milliseconds(_midnight(now, 2 * days - 1)),
    )
    if missing is None and found is None:
        missing = NOT_YET
    known = None if missing is not None else found
    events = [event for event in runtime.history.history if event.at >= begin]
    busiest = None if known is None else known.busiest
    return {
        "bars": None if known is None else bars_of(together, _bar_starts(now, days)),
        "bars_missing": missing,
        "processed": None if known is None else known.total,
        "processed_before": None if known is None else known.before,
        "busiest": None
        if busiest is None
        else {
            "start": busiest.start,
            "end": busiest.start + busiest.length,
            "jobs": busiest.jobs,
        },
        "average": _average(runtime, counts, begin),
        "gpu": await _gpu(hass, runtime, events, start),
        "stuck": kinds_of_stuck(events),
        "cleared": cleared_in(events),
        "failures": _failures(runtime, start, now),
    }


def _midnight(now: datetime, days_ago: int) -> datetime:
    """Return when a day began, in the user's time zone."""
    return dt_util.start_of_local_day(now.date() - timedelta(days=days_ago))


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _bar_starts(now: datetime, days: int) -> list[int]:
    """Return when the bars begin: hours of today, else days."""
    if days > 1:
        return [_milliseconds(_midnight(now, ago)) for ago in range(days - 1, -1, -1)]
    begin = _milliseconds(_midnight(now, 0))
    return list(range(begin, _milliseconds(now) + 1, HOUR))


async def _processed_counts(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
    runtime: RuntimeData,
    now: datetime,
    days: int,
) -> tuple[Mapping[str, list[Count]], str | None]:
    """Return the jobs of each queue up to now, or why nobody knows.

    Whole hours, then the minutes since, then what was counted since the recorder looked.
    """
    if runtime.queues.redis is None:
        return {}, NEEDS_REDIS
    if not has_recorder(hass):
        return {}, NO_RECORDER
    sensors = _sensors(hass, entry, runtime, "processed")
    if not sensors:
        return {}, SENSOR_OFF
    hours = await async_rows(hass, sensors, _midnight(now, 2 * days - 1), "hour")
    minutes = await async_rows(hass, sensors, now - timedelta(hours=2), "5minute")
    found: dict[str, list[Count]] = {}
    for entity_id, queue in sensors.items():
        view = runtime.queues.data.queues.get(queue)
        found[queue] = _joined(
            hours.get(entity_id, []),
            minutes.get(entity_id, []),
            None if view is None else view.processed,
            _milliseconds(now),
        )
    return found, None


def _joined(
    hours: list[RecordedRow], minutes: list[RecordedRow], counted: int | None, now: int
) -> list[Count]:
    """Put hours, minutes and what came since then one after the other."""
    end = hours[-1].start + HOUR if hours else 0
    found = [Count(row.start, HOUR, row.value) for row in hours]
    newer = [row for row in minutes if row.start >= end]
    found += [Count(row.start, FIVE_MINUTES, row.value) for row in newer]
    last = newer[-1] if newer else hours[-1] if hours else None
    if last is not None and last.state is not None and counted is not None:
        since = max(0.0, counted - last.state)
        # What was counted after Home Assistant had been away is taken for recent, as the
        # recorder will.
        begin = max(last.start + (FIVE_MINUTES if newer else HOUR), now - HOUR)
        found.append(Count(min(begin, now), max(1, now - begin), since))
    return found


def _sensors(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, runtime: RuntimeData, key: str
) -> dict[str, str]:
    """Return the queues of a sensor by its entity id, where it is switched on."""
    return {
        entity_id: queue
        for queue in runtime.server.data.queues
        if (entity_id := async_sensor(hass, entry, queue, key)) is not None
    }


def _average(
    runtime: RuntimeData, counts: Mapping[str, list[Count]], begin: int
) -> Json | None:
    """Return what a job of the busiest queue takes."""
    done = {
        queue: sum(count.jobs for count in own if count.start >= begin)
        for queue, own in counts.items()
    }
    queue = max(done, key=lambda name: done[name], default=None)
    view = None if queue is None else runtime.queues.data.queues.get(queue)
    seconds = None if view is None else rounded(view.average_duration)
    if queue is None or seconds is None or not done[queue]:
        return None
    label = runtime.dashboard.queue_label(queue)
    return {"queue": queue, "label": label, "seconds": seconds}


async def _gpu(
    hass: HomeAssistant,
    runtime: RuntimeData,
    events: list[Event],
    start: datetime,
) -> Json | None:
    """Return how long the hosts were on, and how often they were woken."""
    hosts = runtime.gpu_hosts.hosts
    if not hosts:
        return None
    awake: int | None = 0
    begin = _milliseconds(start)
    for host_id in hosts:
        times = await async_on_times(hass, async_online_sensor(hass, host_id), start)
        if (
            awake is None
            or times is None
            or times.known_from > begin
            or not times.complete
        ):
            awake = None
        else:
            awake += on_seconds(times.times, begin, now_ms())
    kinds = [event.type for event in events]
    return {
        "awake": awake,
        "wakes": kinds.count(EventType.GPU_WAKE),
        "failed": kinds.count(EventType.GPU_WAKE_FAILED),
    }


def _failures(runtime: RuntimeData, start: datetime, now: datetime) -> Json | None:
    """Return the jobs that failed, by Immich's telemetry; None when it is off."""
    telemetry = runtime.telemetry
    counts = telemetry.counts
    if counts.since is None or not telemetry.urls:
        return None
    days = [
        own
        for day, own in counts.days.items()
        if start.date().isoformat() <= day <= now.date().isoformat()
    ]
    return {
        "failed": sum(own.failed for own in days),
        "skipped": sum(own.skipped for own in days),
        "since": max(counts.since, _milliseconds(start)),
    }


ATTR_HOURS = "hours"
MOST_HOURS = 168
MOST_TOLD = 20
"""Events that a chart can name."""


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/speed",
        vol.Required(ATTR_ENTRY_ID): str,
        vol.Optional(ATTR_HOURS, default=24): vol.All(
            _whole_number, vol.Range(min=1, max=MOST_HOURS)
        ),
    }
)
@websocket_api.async_response
async def speed(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer with the jobs a minute of the last hours, queue by queue."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    hours: int = msg[ATTR_HOURS]
    runtime = entry.runtime_data
    answer = await runtime.dashboard.async_cached(
        ("speed", hours), lambda: _speed(hass, entry, runtime, hours)
    )
    if _loaded_entry(hass, connection, msg) is not None:
        connection.send_result(msg["id"], answer)


async def _speed(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, runtime: RuntimeData, hours: int
) -> Json:
    """Put the last hours together, in steps of five minutes."""
    length = hours * HOUR // FIVE_MINUTES
    # The step that runs is not recorded yet.
    start = now_ms() // FIVE_MINUTES * FIVE_MINUTES - length * FIVE_MINUTES
    since = dt_util.utc_from_timestamp(start / 1000)
    counted = runtime.queues.redis is not None
    sensors = {
        entity_id: queue
        for entity_id, queue in _sensors(
            hass, entry, runtime, "processed" if counted else "rate"
        ).items()
        if queue in PIPELINE
    }
    series: list[Json] = []
    missing = None
    if not has_recorder(hass):
        missing = NO_RECORDER
    elif not sensors:
        missing = SENSOR_OFF
    else:
        rows = await async_rows(
            hass, sensors, since, "5minute", "change" if counted else "mean"
        )
        # A count in five minutes is five times what was done in one.
        share = 5 if counted else 1
        series = [
            {
                "queue": queue,
                "label": runtime.dashboard.queue_label(queue),
                "values": row_of_minutes(
                    ((row.start, row.value / share) for row in rows[entity_id]),
                    start,
                    length,
                ),
            }
            for entity_id, queue in sensors.items()
            if rows.get(entity_id)
        ]
        if not series:
            missing = NOT_YET
    return {
        "start": start,
        "step": FIVE_MINUTES // 1000,
        "series": series,
        "gpu": await _awake(hass, runtime, since),
        "events": _told(runtime, start),
        "missing": missing,
    }


async def _awake(
    hass: HomeAssistant, runtime: RuntimeData, since: datetime
) -> list[Json]:
    """Return when each host was on, where that was recorded."""
    found: list[Json] = []
    for host_id, host in runtime.gpu_hosts.hosts.items():
        times = await async_on_times(hass, async_online_sensor(hass, host_id), since)
        if times is not None:
            awake = clipped(times.times, _milliseconds(since))
            found.append(
                {"host_id": host_id, "name": host.settings.name, "awake": awake}
            )
    return found


def _told(runtime: RuntimeData, start: int) -> list[Json]:
    """Return the newest jobs that got stuck, the oldest first."""
    newest: list[Json] = []
    for event in runtime.history.history:
        if event.at < start or len(newest) == MOST_TOLD:
            break
        if event.type is EventType.JOB_STUCK:
            label = event.file_name or runtime.dashboard.queue_label(event.queue or "")
            newest.append({"at": event.at, "type": event.type, "label": label})
    return newest[::-1]
