"""What probes mean, one after the other."""

import pytest

from custom_components.immich_admin_tools.gpu_host.models import Connectivity, HostState
from custom_components.immich_admin_tools.gpu_host.pauses import (
    HostStatus,
    queues_to_pause,
)
from custom_components.immich_admin_tools.gpu_host.probe import (
    OFFLINE_AFTER,
    Availability,
    Probe,
)

A, G, S, O = Probe.ANSWERS, Probe.GONE, Probe.SLOW, Probe.OTHER  # noqa: E741
F, U = Probe.FAILS, Probe.UNKNOWN


def contact(*probes: Probe, every: int = 2000) -> Availability:
    """Return what probes lead to that are some ms apart."""
    known = Availability()
    for number, probe in enumerate(probes):
        known = known.after(probe, 1_000_000 + number * every)
    return known


@pytest.mark.parametrize(
    ("probes", "reach", "safe"),
    [
        ([], "unknown", None),
        ([A], "online", True),
        # One no stops jobs at once; that the box is off takes some.
        ([G], "unknown", False),
        ([O], "unknown", False),
        ([G, G], "offline", False),
        ([O, O], "offline", False),
        ([S], "unknown", None),
        # Who is busy, or fails at its work, is there; whoever can't be asked says nothing.
        ([S] * 30, "unknown", False),
        ([A, *[S] * 30], "online", False),
        ([A, *[F] * 30], "online", False),
        ([A, *[U] * 30], "online", True),
        ([U] * 30, "unknown", None),
        ([*[G] * 6, F], "unknown", False),
        ([*[G] * 6, S], "unknown", False),
        ([*[G] * 6, U], "offline", False),
        ([*[G] * 6, S, G], "offline", False),
        # One refusal stops new jobs at once, but the host is not off yet.
        ([A, G], "online", False),
        ([A, O], "online", False),
        ([A, G, A], "online", False),
        ([A, G, A, A], "online", True),
        # A slow answer may be a busy GPU.
        ([A, S], "online", True),
        ([A, S, A], "online", True),
        ([A, S, S], "online", False),
        ([A, S, G], "online", False),
        ([A, G, G, G, G, G, G], "offline", False),
        ([*[G] * 6, A], "offline", False),
        ([*[G] * 6, A, A], "online", True),
        # Flapping never counts as safe.
        ([A, A, *[G, A] * 20], "online", False),
    ],
)
def test_contact(probes: list[Probe], reach: str, safe: bool | None) -> None:
    """Jobs are stopped at once and begun again after two answers."""
    known = contact(*probes)
    assert (known.reach, known.safe) == (reach, safe)


def test_offline_takes_time() -> None:
    """Only silence that lasts is a host that is off."""
    assert contact(A, G, G, every=OFFLINE_AFTER).reach is Connectivity.OFFLINE
    assert contact(A, G, G, every=OFFLINE_AFTER - 1).reach is Connectivity.ONLINE
    assert contact(A, G, every=OFFLINE_AFTER * 10).reach is Connectivity.ONLINE


def status(
    safe: bool | None,
    *,
    state: HostState = HostState.READY,
    queues: tuple[str, ...] = ("ocr", "smartSearch"),
    pause_offline: bool = True,
) -> HostStatus:
    """Return a host that serves two queues."""
    return HostStatus(queues, state, safe, pause_offline)


def test_pauses_of_one_host() -> None:
    """It pauses while nobody answers and while it is emptied."""
    off = HostState.OFF
    for one, expected in (
        (status(True), ()),
        (status(False), ("ocr", "smartSearch")),
        (status(False, state=off), ("ocr", "smartSearch")),
        (status(None, state=off), None),
        (status(False, pause_offline=False), ()),
        (status(True, state=HostState.DRAINING), ("ocr", "smartSearch")),
        (status(True, state=HostState.DRAINING, pause_offline=False), ("ocr", "smartSearch")),
        (status(False, state=HostState.SHUTTING_DOWN), ("ocr", "smartSearch")),
    ):  # fmt: skip
        assert queues_to_pause("a", {"a": one}) == expected


def test_pauses_of_two_hosts() -> None:
    """A queue that another host serves goes on."""
    off = status(False, state=HostState.OFF)
    half = status(True, queues=("ocr",))
    assert queues_to_pause("a", {"a": off, "b": half}) == ("smartSearch",)
    assert queues_to_pause("a", {"a": off, "b": off}) == ("ocr", "smartSearch")
    leaving = status(True, state=HostState.DRAINING)
    assert queues_to_pause("a", {"a": off, "b": leaving}) == ("ocr", "smartSearch")
    unknown = status(None)
    assert queues_to_pause("a", {"a": off, "b": unknown}) == ("ocr", "smartSearch")
