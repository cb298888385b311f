"""What one GPU host asks of Home Assistant and of its Immich."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .analysis.models import ServerView
from .clock import now_ms
from .const import DOMAIN
from .gpu_host.machine import Fellow
from .gpu_host.models import News, Trouble
from .gpu_host.pauses import HostStand
from .gpu_host.settings import HostSettings
from .gpu_machines import async_machines
from .gpu_settings import (
    CONF_GATE_ENTITY,
    CONF_KEEP_ON_ENTITY,
    CONF_OFF_ACTION,
    CONF_ON_ACTION,
    CONF_RESTART_ACTION,
    SUBENTRY_GPU_HOST,
    is_allowed_hour,
    is_kept_on,
    is_unclear,
    may_wake,
)
from .history.events import Event, EventType
from .user_actions import async_run_actions

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry

GPU_WAKE_FAILED = "gpu_wake_failed"
GPU_SLEEP_FAILED = "gpu_sleep_failed"
GPU_ISSUES = (GPU_WAKE_FAILED, GPU_SLEEP_FAILED)

ACTIONS_TIMEOUT = 300.0
"""Seconds for the user's own actions."""

EVENTS = {
    News.WAKE: EventType.GPU_WAKE,
    News.READY: EventType.GPU_READY,
    News.WAKE_FAILED: EventType.GPU_WAKE_FAILED,
    News.SLEEP: EventType.GPU_SLEEP,
    News.LOST: EventType.GPU_SLEEP,
    News.NOT_DRAINED: EventType.GPU_SLEEP_FAILED,
    News.OFF_FAILED: EventType.GPU_SLEEP_FAILED,
}
RAISED = {
    Trouble.WAKE_FAILED: (GPU_WAKE_FAILED, "gpu_wake_failed"),
    Trouble.NOT_DRAINED: (GPU_SLEEP_FAILED, "gpu_not_drained"),
    Trouble.OTHERS_UNKNOWN: (GPU_SLEEP_FAILED, "gpu_others_unknown"),
    Trouble.OFF_FAILED: (GPU_SLEEP_FAILED, "gpu_sleep_failed"),
}
"""Issue and text of each trouble."""


@callback
def async_remove_gpu_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take all issues of an entry's hosts back, as the entry goes."""
    for host_id, sub in entry.subentries.items():
        if sub.subentry_type == SUBENTRY_GPU_HOST:
            for key in GPU_ISSUES:
                ir.async_delete_issue(hass, DOMAIN, f"{key}_{host_id}")


class GpuHouse:
    """The house of one host."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        subentry: ConfigSubentry,
        settings: HostSettings,
        stands: Callable[[], Mapping[str, HostStand]],
        changed: Callable[[], None],
    ) -> None:
        """`stands` and `changed` belong to all hosts of the entry."""
        self._hass = hass
        self._entry = entry
        self._data = subentry.data
        self._settings = settings
        self.stands = stands
        self.changed = changed

    def view(self) -> ServerView | None:
        """Return the last poll; None when it failed."""
        queues = self._entry.runtime_data.queues
        return queues.data if queues.last_update_success else None

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""
        await self._entry.runtime_data.queues.async_refresh()
        return self.view()

    def lost_slots(self, queue: str) -> int:
        """Return how many workers hang on to a job that was taken from them."""
        healing = self._entry.runtime_data.healing
        return 0 if healing is None else healing.lost_slots(queue)

    def may_wake(self) -> bool | None:
        """Return whether the hours and the gate allow the policy to wake the host."""
        return may_wake(self._hass, self._data)

    def keep_on(self) -> bool | None:
        """Return whether the user's entity wants it on; None: it says nothing."""
        return is_kept_on(self._hass, self._data)

    def is_gate_unclear(self) -> bool:
        """Return whether only the gate's odd word keeps the policy from waking it."""
        gate = self._data.get(CONF_GATE_ENTITY)
        hours = is_allowed_hour(self._data, dt_util.now())
        return hours and is_unclear(self._hass, gate)

    def is_keep_on_unclear(self) -> bool:
        """Return whether the user's entity says an odd word, which keeps nothing on."""
        return is_unclear(self._hass, self._data.get(CONF_KEEP_ON_ENTITY))

    def fellows(self) -> Collection[Fellow]:
        """Return the hosts of other entries that are the same machine."""
        return async_machines(self._hass).async_fellows(self._settings.host_id)

    async def send_packet(self) -> None:
        """Send the magic packet. Raises NotSentError."""
        if self._settings.packet is not None:
            await self._hass.async_add_executor_job(self._settings.packet.send)

    async def run_on_action(self) -> None:
        """Run the user's on action. Raises OwnActionsError."""
        await self._run(CONF_ON_ACTION)

    async def run_off_action(self) -> None:
        """Run the user's off action. Raises OwnActionsError."""
        await self._run(CONF_OFF_ACTION)

    def off_action_runs(self) -> bool:
        """Return whether an off action of the box is under way, whoever runs it."""
        return async_machines(self._hass).async_goes_off(self._settings.host_id)

    def restart_action_runs(self) -> bool:
        """Return whether the restart action is under way, also from before a reload."""
        return async_machines(self._hass).async_restarts(self._settings.host_id)

    async def run_restart_action(self) -> None:
        """Run the user's restart action. Raises OwnActionsError."""
        await self._run(CONF_RESTART_ACTION)

    async def _run(self, key: str) -> None:
        name = f"{self._settings.name} {key}"
        variables = {
            "entry_id": self._entry.entry_id,
            "instance": self._entry.title,
            "host": self._settings.name,
        }
        task = self._hass.async_create_background_task(
            async_run_actions(
                self._hass, self._data[key], name, variables, ACTIONS_TIMEOUT
            ),
            name,
        )
        if key == CONF_OFF_ACTION:
            async_machines(self._hass).async_switch_off(self._settings.host_id, task)
        elif key == CONF_RESTART_ACTION:
            async_machines(self._hass).async_restart(self._settings.host_id, task)
        # A reload must not break it off; then nobody is left to ask for its error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(task)

    async def tell(self, news: News, reason: str | None = None) -> None:
        """Tell what happened with the host."""
        await self._entry.runtime_data.activity.async_tell(
            Event(
                EVENTS[news],
                now_ms(),
                host=self._settings.host_id,
                reason=reason or news.value,
            )
        )

    def issue_id(self, key: str) -> str:
        """Return the id of an issue of this host."""
        return f"{key}_{self._settings.host_id}"

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Ask the user to look after the box, or take that back."""
        raised, text = (None, "") if trouble is None else RAISED[trouble]
        for key in GPU_ISSUES:
            if key != raised:
                ir.async_delete_issue(self._hass, DOMAIN, self.issue_id(key))
        if raised is None:
            return
        packet = self._settings.packet
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self.issue_id(raised),
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=text,
            translation_placeholders={
                "name": self._settings.name,
                "url": self._settings.ml_url,
                "mac": "–" if packet is None else packet.mac,
                "broadcast": "–"
                if packet is None
                else f"{packet.address}:{packet.port}",
            },
        )
