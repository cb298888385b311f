"""The hosts of all loaded entries: which of them are one machine, and what runs there."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from .machine import LoadedHost, OtherHost, UnloadedHost
from .models import LEAVING
from .policy import OFF_WITHIN
from .restart import DOWN_FOR


class Member(Protocol):
    """A host of a loaded entry."""

    @property
    def host_id(self) -> str:
        """Return the id that it keeps over a reload."""

    @property
    def peer(self) -> LoadedHost:
        """Return how it stands."""

    def async_updated(self) -> None:
        """See how the others stand now."""


class Machines:
    """The hosts of all loaded entries."""

    def __init__(
        self,
        machines: Callable[[], Mapping[str, frozenset[str]]],
        now: Callable[[], int],
    ) -> None:
        """Know none yet.

        `machines` returns what the machine of each host is known by, loaded or not;
        `now` ms on a monotonic clock.
        """
        self._machines = machines
        self._now = now
        self._hosts: dict[str, Member] = {}
        self._off_actions: dict[str, asyncio.Future[None]] = {}
        """Those that were begun; they outlive a reload."""
        self._restarts: dict[str, int | None] = {}
        """When their restart actions were over; None while they are under way."""
        self._leaving: dict[str, int] = {}
        """Hosts that were unloaded while they switched the box off, and until when."""

    def add(self, host: Member) -> Callable[[], None]:
        """Take a host in; return what takes it out as its entry is unloaded."""
        host_id = host.host_id
        self._hosts[host_id] = host
        self._leaving.pop(host_id, None)

        def remove() -> None:
            """Its entry is unloaded: from now on nobody knows of it."""
            if self._hosts.get(host_id) is host:
                del self._hosts[host_id]
            if host.peer.state in LEAVING:
                self._leaving[host_id] = self._now() + OFF_WITHIN
            self.changed(host_id)

        return remove

    def other_hosts(self, host_id: str) -> Collection[OtherHost]:
        """Return how the other hosts stand that are the same machine."""
        return [
            host.peer if host is not None else self._absent(other_id)
            for other_id, host in self._same(host_id)
        ]

    def note_off_action(self, host_id: str, action: asyncio.Future[None]) -> None:
        """Note that the off action of a host is under way."""
        self._off_actions[host_id] = action

    def off_action_runs(self, host_id: str) -> bool:
        """Return whether an off action of the same machine is under way."""
        hosts = {host_id, *(other_id for other_id, _ in self._same(host_id))}
        return any(
            not action.done()
            for own, action in self._off_actions.items()
            if own in hosts
        )

    def note_restart_action(self, host_id: str, action: asyncio.Future[None]) -> None:
        """Note that the restart action of a host is under way."""
        self._restarts[host_id] = None

        def over(_: asyncio.Future[None]) -> None:
            """Note when it was over."""
            self._restarts[host_id] = self._now()

        action.add_done_callback(over)

    def restart_action_runs(self, host_id: str) -> bool:
        """Return whether its restart action is under way, or was a moment ago.

        An answer may still come from before it.
        """
        if host_id not in self._restarts:
            return False
        over_at = self._restarts[host_id]
        return over_at is None or self._now() - over_at < DOWN_FOR

    def changed(self, host_id: str) -> None:
        """Let the others with the same machine see that one stands differently now."""
        for _, host in self._same(host_id):
            if host is not None:
                host.async_updated()

    def _same(self, host_id: str) -> list[tuple[str, Member | None]]:
        """Return the other hosts with the same machine; None: not loaded."""
        machines = self._machines()
        own = machines.get(host_id, frozenset())
        return [
            (other_id, self._hosts.get(other_id))
            for other_id, machine in machines.items()
            if other_id != host_id and not own.isdisjoint(machine)
        ]

    def _absent(self, host_id: str) -> UnloadedHost:
        """Return what is known of a host whose entry is not loaded."""
        until = self._leaving.get(host_id)
        return UnloadedHost(host_id, until is not None and self._now() < until)
