"""One machine that works for several Immich instances is one box. Pure."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import InvalidMacError
from .models import (
    ALONE,
    COMING,
    GONE,
    KEEPING_ON,
    LEAVING,
    ON,
    Hold,
    HostState,
    Others,
)
from .wake import normalise_mac

_DEFAULT_PORTS = {"http": 80, "https": 443}


def machine_keys(mac: str | None, ml_url: str) -> frozenset[str]:
    """Return what a machine is known by: two hosts with one of them in common are one."""
    keys: set[str] = set()
    if mac:
        # One that is none can't wake anything either.
        with suppress(InvalidMacError):
            keys.add(f"mac {normalise_mac(mac)}")
    try:
        parts = urlsplit(ml_url.strip())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return frozenset(keys)
    if parts.hostname:
        host = parts.hostname.rstrip(".")
        keys.add(f"ml {host}:{port}{parts.path.rstrip('/')}")
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class LoadedHost:
    """How the host of another entry stands that is the same machine."""

    host_id: str
    state: HostState
    hold: Hold
    slept: bool
    busy: bool | None
    backlog: int | None
    drained: bool
    restarting: bool
    deciding_off: bool
    """Whether its off action is about to be run."""
    signalling: bool
    """Whether it is about to wake the box."""
    keep_on: bool | None
    overruled: bool
    """Whether the user let one of its queues go on although it rests."""
    asked_on_at: int | None
    """When the user last asked for it to be on (monotonic ms)."""


@dataclass(frozen=True, slots=True)
class UnloadedHost:
    """One whose entry is not loaded: nobody knows whether its Immich has work."""

    host_id: str
    leaving: bool = False
    """Whether it was switching the box off a moment ago."""


type OtherHost = LoadedHost | UnloadedHost


def others_of(
    host_id: str, state: HostState, other_hosts: Collection[OtherHost]
) -> Others:
    """Return what all others say, for a host in a state."""
    if not other_hosts:
        return ALONE
    peers = [other for other in other_hosts if isinstance(other, LoadedHost)]
    absent = [other for other in other_hosts if isinstance(other, UnloadedHost)]
    return Others(
        busy=_any([*(peer.busy for peer in peers), *(None for _ in absent)]),
        backlog=_sum([*(peer.backlog for peer in peers), *(None for _ in absent)]),
        drained=not absent and all(peer.drained for peer in peers),
        resting=is_resting(other_hosts),
        switching_off=any(
            peer.deciding_off
            or peer.state is HostState.SHUTTING_DOWN
            # Of two that empty it at the same time, one runs its off action.
            or (
                state is HostState.DRAINING
                and peer.state is HostState.DRAINING
                and peer.host_id < host_id
            )
            for peer in peers
        ),
        coming=any(peer.signalling or peer.state in COMING for peer in peers),
        woken=any(peer.state in ON and peer.hold is not Hold.BY_HAND for peer in peers),
        slept=any(peer.state is HostState.OFF and peer.slept for peer in peers),
        kept_on=_any([*(_keeps_on(peer) for peer in peers), *(None for _ in absent)]),
        held_off=any(
            peer.hold is Hold.OFF and peer.state in GONE | LEAVING for peer in peers
        ),
        unknown=bool(absent),
    )


def is_resting(other_hosts: Iterable[OtherHost]) -> bool:
    """Return whether no job may be begun as the machine is about to go off."""
    return any(
        peer.state in LEAVING or peer.restarting
        if isinstance(peer, LoadedHost)
        else peer.leaving
        for peer in other_hosts
    )


def overruled_since(since: int | None, other_hosts: Iterable[OtherHost]) -> bool:
    """Return whether somebody elsewhere wants it on since it began to be emptied."""
    return any(
        peer.overruled
        or (peer.asked_on_at is not None and peer.asked_on_at > (since or 0))
        for peer in other_hosts
        if isinstance(peer, LoadedHost)
    )


def _keeps_on(peer: LoadedHost) -> bool | None:
    """Return whether a peer wants the box to stay on."""
    return True if peer.hold in KEEPING_ON else peer.keep_on


def _any(values: Collection[bool | None]) -> bool | None:
    """Return whether one is true; None when none is, and one is not known."""
    if any(values):
        return True
    return None if None in values else False


def _sum(values: Collection[int | None]) -> int | None:
    """Return the sum; what is not known is left out where something is."""
    known = sum(value or 0 for value in values)
    return None if known == 0 and None in values else known
