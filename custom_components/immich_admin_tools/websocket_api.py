"""What the dashboard asks for: pushed while it is open, and asked for once."""

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
import voluptuous as vol

from .const import CONF_REDIS_URL, DOMAIN
from .dashboard.delta import Json
from .data import AdminToolsConfigEntry
from .permissions import async_may_read
from .settings import SUBENTRY_GPU_HOST, host_settings_of
from .texts import localized

ATTR_ENTRY_ID = "entry_id"


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (subscribe_instances, subscribe):
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
    connection.send_result(msg["id"])
    subscription = _Subscription(hass, connection, msg["id"], entry)
    connection.subscriptions[msg["id"]] = subscription.stop


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
        self._stop = async_dispatcher_connect(
            hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )
        self._look()

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
        not_loaded = {
            "type": "not_loaded",
            "title": entry.title,
            "state": ConfigEntryState.NOT_LOADED.value
            if removed or not readable
            else entry.state.value,
            "reason": None if not readable else _reason(self._hass, entry),
        }
        if not_loaded != self._sent:
            self._send(not_loaded)
            self._sent = not_loaded

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
