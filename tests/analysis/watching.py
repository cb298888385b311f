"""Polls of Redis over some time, and what was said of the one job in it."""

from collections.abc import Callable

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    ServerView,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import QueueReading

from .builders import NOW, SECOND, reading

FACES = "faceDetection"
LIMIT = 300
THRESHOLDS = Thresholds(queues={FACES: LIMIT})

type Poll = Callable[[int], tuple[QueueReading, ...]]
"""The queues at a time (ms)."""


def watch(
    poll: Poll,
    until: int,
    *,
    analyst: Analyst | None = None,
    begin: int = 0,
    thresholds: Thresholds = THRESHOLDS,
    run_id: str = "run-1",
) -> dict[int, ServerView]:
    """Poll every 5 s from `begin` up to and with `until` (s)."""
    analyst = analyst or Analyst()
    views: dict[int, ServerView] = {}
    for second in range(begin, until + 1, 5):
        now = NOW + second * SECOND
        read = reading(now, *poll(now), run_id=run_id)
        views[second] = analyst.update_from_redis(read, thresholds)
    return views


def first(view: ServerView, name: str = FACES) -> JobView:
    """Return the only job of a queue."""
    (one,) = view.queues[name].jobs
    return one


def kinds(views: dict[int, ServerView]) -> dict[int, tuple[StuckKind | None, bool]]:
    """Return kind and due by second."""
    return {s: (first(view).kind, first(view).due) for s, view in views.items()}


def since(views: dict[int, ServerView], kind: StuckKind, *, due: bool) -> int:
    """Return from which second on it stayed so."""
    wanted = (kind, due)
    seconds = [s for s, found in kinds(views).items() if found == wanted]
    assert seconds == sorted(kinds(views))[-len(seconds) :], "it changed in between"
    return seconds[0]
