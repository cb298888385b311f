"""One machine that works for several Immich instances is one box."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.gpu_host.machine import (
    LoadedHost,
    UnloadedHost,
    is_resting,
    machine_keys,
    others_of,
    overruled_since,
)
from custom_components.immich_admin_tools.gpu_host.models import Hold, HostState, Others

PEER = LoadedHost(
    host_id="b",
    state=HostState.READY,
    hold=Hold.NONE,
    slept=False,
    busy=False,
    backlog=0,
    drained=False,
    restarting=False,
    deciding_off=False,
    signalling=False,
    keep_on=False,
    overruled=False,
    asked_on_at=None,
)
MAC = "3c:52:82:1a:2b:3c"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((MAC, "http://a:3003"), ("3C-52-82-1A-2B-3C", "http://b:3003"), True),
        ((None, "http://GPU:3003/"), (MAC, "http://gpu.:3003"), True),
        ((None, "http://gpu"), (None, "http://gpu:80"), True),
        ((None, "http://gpu:3003"), (None, "http://gpu:3004"), False),
        ((None, "http://proxy/one"), (None, "http://proxy/two"), False),
        (("nonsense", "http://a:1"), ("nonsense", "http://b:1"), False),
        ((None, "http://[::1"), (None, "http://[::1"), False),
    ],
)
def test_same_machine(
    one: tuple[str | None, str], other: tuple[str | None, str], same: bool
) -> None:
    """A network port or an address in common, however they are spelt."""
    assert (not machine_keys(*one).isdisjoint(machine_keys(*other))) is same


def test_alone() -> None:
    """Without others all is as if there were none."""
    assert others_of("a", HostState.READY, []) == Others()
    assert not is_resting([])


def test_one_that_cannot_be_asked() -> None:
    """An entry that is not loaded may have work: nobody knows."""
    others = others_of(
        "a", HostState.DRAINING, [replace(PEER, drained=True), UnloadedHost("c")]
    )
    assert (others.busy, others.backlog, others.kept_on) == (None, None, None)
    assert (others.drained, others.unknown, others.resting) == (False, True, False)
    assert others_of("a", HostState.READY, [UnloadedHost("c", leaving=True)]).resting
    busy = others_of(
        "a", HostState.READY, [replace(PEER, busy=True), UnloadedHost("c")]
    )
    assert busy.busy is True


def test_of_two_that_empty_it_one_switches_it_off() -> None:
    """A power button pressed twice is on again."""
    draining = replace(PEER, state=HostState.DRAINING, drained=True)
    assert not others_of("a", HostState.DRAINING, [draining]).switching_off
    assert others_of("c", HostState.DRAINING, [draining]).switching_off
    at_it = replace(draining, deciding_off=True)
    assert others_of("a", HostState.DRAINING, [at_it]).switching_off
    leaves = replace(PEER, state=HostState.SHUTTING_DOWN)
    assert others_of("a", HostState.DRAINING, [leaves]).switching_off


@pytest.mark.parametrize("hold", [Hold.ON, Hold.BY_HAND])
def test_kept_on_for_all(hold: Hold) -> None:
    """Who switched it on for one Immich does not lose it to another."""
    assert others_of("a", HostState.READY, [replace(PEER, hold=hold)]).kept_on


def test_the_last_word_counts() -> None:
    """Asking for the box in one entry ends its going off in another."""
    asked = replace(PEER, asked_on_at=100)
    assert overruled_since(99, [asked])
    assert not overruled_since(100, [asked])
    assert overruled_since(100, [replace(PEER, overruled=True)])
