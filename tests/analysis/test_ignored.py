"""Runs that the user wants to be left alone are called stuck no more."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.ignored import IgnoredRuns, RunId
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    QueueState,
    ServerView,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import ActiveJob, JsonValue
from custom_components.immich_admin_tools.immich.models import ListedJob, QueueCounts

from .builders import NOW, beat, job, queue, reading

MINUTE = 60_000
THRESHOLDS = Thresholds(queues={"faceDetection": 60})
STUCK = job("7", started=NOW - 3_600_000)
RUN = RunId("7", NOW - 3_600_000, NOW - 3_600_001)


def poll(analyst: Analyst, at: int, *jobs: ActiveJob, wait: int = 0) -> ServerView:
    """Look some ms later; a worker lives, and its clock is right."""
    now = NOW + at
    return analyst.update_from_redis(
        reading(now, queue(jobs=jobs, wait=wait, heartbeat=beat(now))), THRESHOLDS
    )


def only(view: ServerView) -> JobView:
    """Return the one job."""
    (found,) = view.queues["faceDetection"].jobs
    return found


def test_it_is_called_stuck_no_more() -> None:
    """It is known that it would be."""
    analyst = Analyst()
    poll(analyst, 0, STUCK)
    assert only(poll(analyst, MINUTE, STUCK)).due
    analyst.ignored.add("faceDetection", RUN, None, NOW + MINUTE, NOW + MINUTE)
    view = poll(analyst, 2 * MINUTE, STUCK)
    assert view.stuck == ()
    assert only(view).ignored
    assert not only(view).due
    assert only(poll(analyst, 10**9, STUCK)).ignored


def test_another_run_counts_anew() -> None:
    """Of the same job; and the run that is over is forgotten."""
    analyst = Analyst()
    analyst.ignored.add("faceDetection", RUN, None, NOW, NOW)
    again = job("7", started=NOW - 600_000)
    poll(analyst, 0, again)
    view = poll(analyst, MINUTE, again)
    assert only(view).due
    assert not only(view).ignored
    assert analyst.ignored.to_dict() == {"runs": []}


def test_for_a_while() -> None:
    """Judged by the clock that never jumps."""
    analyst = Analyst()
    poll(analyst, 0, STUCK)
    analyst.ignored.add("faceDetection", RUN, 30 * MINUTE, NOW, NOW + 10**9)
    assert only(poll(analyst, 29 * MINUTE, STUCK)).ignored
    view = poll(analyst, 30 * MINUTE, STUCK)
    assert only(view).due
    assert not only(view).ignored


def test_not_all_is_listed() -> None:
    """A run that is not among the listed ones may go on."""
    analyst = Analyst()
    analyst.ignored.add("faceDetection", RUN, None, NOW, NOW)
    analyst.update_from_redis(
        reading(NOW, queue(jobs=(job("8"),), active=500, heartbeat=beat(NOW))),
        THRESHOLDS,
    )
    poll(analyst, 5_000, STUCK)
    assert only(poll(analyst, MINUTE, STUCK)).ignored


def test_it_is_known_by_either_source() -> None:
    """The API tells when a job was added; Redis then which run it is."""
    analyst = Analyst()
    assert STUCK.added_at is not None
    counts = QueueCounts(
        "faceDetection",
        is_paused=False,
        active=1,
        waiting=0,
        paused=0,
        delayed=0,
        failed=0,
    )
    listed = ListedJob("7", "AssetDetectFaces", STUCK.added_at, None)

    def ask(at: int) -> ServerView:
        return analyst.update_from_api(
            (counts,), {"faceDetection": (listed,)}, THRESHOLDS, NOW + at, NOW + at
        )

    ask(0)
    assert only(ask(2 * MINUTE)).due
    analyst.ignored.add(
        "faceDetection", RunId("7", None, STUCK.added_at), None, NOW, NOW
    )
    assert only(ask(3 * MINUTE)).ignored
    poll(analyst, 4 * MINUTE, STUCK)
    poll(analyst, 5 * MINUTE, STUCK)
    assert only(poll(analyst, 6 * MINUTE, STUCK)).ignored
    (stored,) = analyst.ignored._runs
    assert stored.processed_on == STUCK.processed_on


@pytest.mark.parametrize(
    ("kind", "covered"),
    [
        (StuckKind.LONG_RUNNING, False),
        (StuckKind.HUNG, False),
        (StuckKind.ORPHANED, True),
        (StuckKind.GHOST, True),
        (None, True),
    ],
)
def test_its_worker_is_gone(kind: StuckKind | None, covered: bool) -> None:
    """That is news to whoever left a job alone that merely ran long; also after a restart."""
    analyst = Analyst()
    poll(analyst, 0, STUCK)
    assert only(poll(analyst, MINUTE, STUCK)).due
    analyst.ignored.add("faceDetection", RUN, None, NOW, NOW, kind)
    assert only(poll(analyst, 2 * MINUTE, STUCK)).ignored
    stored = analyst.ignored.to_dict()
    analyst.ignored = IgnoredRuns.from_dict(stored, NOW, NOW)
    lost = replace(STUCK, lock_token=None, lock_ttl=None)
    for minute in range(3, 10):
        view = poll(analyst, minute * MINUTE, lost)
    assert only(view).kind is StuckKind.ORPHANED
    assert only(view).ignored is covered
    assert only(view).due is not covered


@pytest.mark.parametrize(
    "times",
    [
        {"until": "soon", "lasts": 1_800_000},
        {"lasts": 1_800_000},
        {"until": "soon", "lasts": "long"},
        {"until": -1},
    ],
)
def test_an_end_that_can_not_be_read(times: dict[str, JsonValue]) -> None:
    """It is not ignored any more, rather than for ever."""
    run: dict[str, JsonValue] = {"queue": "ocr", "job_id": "7"}
    assert IgnoredRuns.from_dict({"runs": [run]}, 0, 0).to_dict() == {"runs": [run]}
    assert IgnoredRuns.from_dict({"runs": [run | times]}, 0, 0).to_dict() == {
        "runs": []
    }


def test_over_a_restart() -> None:
    """What is left of the time is left, however the wall clock was set meanwhile."""
    ignored = IgnoredRuns()
    ignored.add("faceDetection", RUN, 30 * MINUTE, 5, NOW)
    for wall, left in (
        (NOW + 10 * MINUTE, 20 * MINUTE),
        (NOW - 10**9, 30 * MINUTE),
        (NOW + 10**9, 0),
    ):
        own = IgnoredRuns.from_dict(ignored.to_dict(), 1_000, wall)
        assert not left or own.covers("faceDetection", RUN, 1_000 + left - 1)
        assert not own.covers("faceDetection", RUN, 1_000 + left)
    for_good = IgnoredRuns()
    for_good.add("faceDetection", RUN, None, 5, NOW)
    own = IgnoredRuns.from_dict(for_good.to_dict(), 0, NOW)
    assert own.covers("faceDetection", RUN, 10**15)
    assert not own.covers("ocr", RUN, 0)
    assert IgnoredRuns.from_dict({"runs": ["x", {}, 3]}, 0, 0).to_dict() == {"runs": []}


def test_redis_was_emptied() -> None:
    """Ids begin again: the same one is another job."""
    ignored = IgnoredRuns()
    ignored.add("faceDetection", RunId("7", None, None), None, 0, 0)
    ignored.over("faceDetection")
    assert not ignored.covers("faceDetection", RunId("7", None, None), 0)


def test_the_queue_is_not_called_stalled() -> None:
    """The user says that it is normal, as with a threshold of 0."""
    analyst = Analyst()
    for minute in range(4):
        view = poll(analyst, minute * MINUTE, STUCK, wait=5)
    assert view.queues["faceDetection"].state is QueueState.STALLED
    analyst.ignored.add("faceDetection", RUN, None, NOW, NOW)
    view = poll(analyst, 4 * MINUTE, STUCK, wait=5)
    assert view.queues["faceDetection"].state is QueueState.RUNNING
