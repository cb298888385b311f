"""Which GPU hosts of all entries are the same machine: one box, whoever uses it."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .clock import monotonic_ms
from .const import DOMAIN
from .gpu_host.machine import Absent, Fellow, machine_keys
from .gpu_host.models import LEAVING
from .gpu_host.policy import OFF_WITHIN
from .gpu_host.service_restart import DOWN_FOR
from .gpu_settings import CONF_MAC, CONF_ML_URL, SUBENTRY_GPU_HOST

if TYPE_CHECKING:
    from .entry_gpu import GpuHost


def machine_of(subentry: ConfigSubentry) -> frozenset[str]:
    """Return what the machine of a subentry is known by."""
    data = subentry.data
    return machine_keys(data.get(CONF_MAC), data.get(CONF_ML_URL, ""))


class Machines:
    """The hosts of all loaded entries."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know none yet."""
        self._hass = hass
        self._hosts: dict[str, GpuHost] = {}
        self._off_actions: dict[str, asyncio.Future[None]] = {}
        """Those that were begun; they outlive a reload."""
        self._restarts: dict[str, int | None] = {}
        """When their restart actions were over; None while they are under way."""
        self._leaving: dict[str, int] = {}
        """Hosts that were unloaded while they switched the box off, and until when."""

    @callback
    def async_add(self, host: GpuHost) -> CALLBACK_TYPE:
        """Take a host in until it is unloaded."""
        host_id = host.settings.host_id
        self._hosts[host_id] = host
        self._leaving.pop(host_id, None)

        @callback
        def remove() -> None:
            """Its entry is unloaded: from now on nobody knows of it."""
            if self._hosts.get(host_id) is host:
                del self._hosts[host_id]
            if host.controller.power.state in LEAVING:
                self._leaving[host_id] = monotonic_ms() + OFF_WITHIN
            self.async_changed(host_id)

        return remove

    @callback
    def async_fellows(self, host_id: str) -> Collection[Fellow]:
        """Return how the other hosts stand that are the same machine."""
        return [
            host.controller.peer if host is not None else self._absent(other_id)
            for other_id, host in self._same(host_id)
        ]

    @callback
    def async_switch_off(self, host_id: str, action: asyncio.Future[None]) -> None:
        """Note that the off action of a host is under way."""
        self._off_actions[host_id] = action

    @callback
    def async_goes_off(self, host_id: str) -> bool:
        """Return whether an off action of the same machine is under way."""
        hosts = {host_id, *(other_id for other_id, _ in self._same(host_id))}
        return any(
            not action.done()
            for own, action in self._off_actions.items()
            if own in hosts
        )

    @callback
    def async_restart(self, host_id: str, action: asyncio.Future[None]) -> None:
        """Note that the restart action of a host is under way."""
        self._restarts[host_id] = None

        def over(_: asyncio.Future[None]) -> None:
            """Note when it was over."""
            self._restarts[host_id] = monotonic_ms()

        action.add_done_callback(over)

    @callback
    def async_restarts(self, host_id: str) -> bool:
        """Return whether its restart action is under way, or was a moment ago.

        An answer may still be that of before.
        """
        if host_id not in self._restarts:
            return False
        over_at = self._restarts[host_id]
        return over_at is None or monotonic_ms() - over_at < DOWN_FOR

    @callback
    def async_changed(self, host_id: str) -> None:
        """Let the others with the same machine see that one stands differently now."""
        for _, host in self._same(host_id):
            if host is not None:
                host.async_updated()

    def _same(self, host_id: str) -> list[tuple[str, GpuHost | None]]:
        """Return the other hosts with the same machine; None: not loaded."""
        machines = {
            other_id: machine_of(sub)
            for entry in self._hass.config_entries.async_entries(DOMAIN)
            for other_id, sub in entry.subentries.items()
            if sub.subentry_type == SUBENTRY_GPU_HOST
        }
        own = machines.get(host_id, frozenset())
        return [
            (other_id, self._hosts.get(other_id))
            for other_id, machine in machines.items()
            if other_id != host_id and not own.isdisjoint(machine)
        ]

    def _absent(self, host_id: str) -> Absent:
        """Return what is known of a host whose entry is not loaded."""
        until = self._leaving.get(host_id)
        return Absent(host_id, until is not None and monotonic_ms() < until)


MACHINES: Final[HassKey[Machines]] = HassKey(f"{DOMAIN}_gpu_machines")


@callback
def async_machines(hass: HomeAssistant) -> Machines:
    """Return the one of this Home Assistant."""
    if MACHINES not in hass.data:
        hass.data[MACHINES] = Machines(hass)
    return hass.data[MACHINES]
