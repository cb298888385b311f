"""Recorded states of a real Immich are understood as what they were."""

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    QueueState,
    ServerView,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds

from .recorded import FOLDER, Recording

NAMES = sorted(
    path.name.removesuffix(".dump.jsonl") for path in FOLDER.glob("*.dump.jsonl")
)


def watch(name: str, until: int, thresholds: Thresholds | None = None) -> ServerView:
    """Poll a recorded state every 5 s while nobody works on; return the last view."""
    recording, analyst = Recording(name), Analyst()
    for later in range(0, until * 1000 + 1, 5_000):
        view = analyst.update_from_redis(
            recording.poll(later), thresholds or Thresholds()
        )
    return view


def jobs(view: ServerView) -> list[JobView]:
    """Return the active jobs of all queues."""
    return [job for queue in view.queues.values() for job in queue.jobs]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_stuck_at_first(name: str) -> None:
    """All were taken seconds after something had happened: nothing is due yet."""
    view = watch(name, 5)
    assert view.stuck_jobs == 0
    assert view.unknown_layouts == ()
    assert all(queue.worker is not False for queue in view.queues.values())


@pytest.mark.parametrize("name", ["00-idle-fresh", "18-idle-after-restart"])
def test_idle(name: str) -> None:
    """A fresh server is idle, and its workers live."""
    view = watch(name, 5)
    assert {queue.state for queue in view.queues.values()} == {QueueState.IDLE}
    alive = [queue for queue in view.queues.values() if queue.worker]
    assert len(alive) >= 18


def test_ages_of_running_jobs() -> None:
    """Seven seconds into slow machine learning."""
    view = watch("03-active-ml-slow", 0)
    assert {job.age for job in jobs(view)} == {6}
    assert len(jobs(view)) == 5
    assert all(job.asset_ids for job in jobs(view))


def test_hung_jobs_are_due_with_a_short_threshold() -> None:
    """Three seconds of a hang, with a threshold of two."""
    short = Thresholds(queues={"smartSearch": 2})
    view = watch("05-hung-in-ml-3s", 5, short)
    assert {job.job_id for job in view.stuck} == {"52", "53"}
    assert {job.queue for job in view.stuck} == {"smartSearch"}


@pytest.mark.parametrize(
    "name", ["08-after-kill9-server-down", "12-after-graceful-sigterm-active-left"]
)
def test_dead_worker(name: str) -> None:
    """Locks and heartbeats run out: orphans that wait for a worker, and a lost one."""
    view = watch(name, 90)
    assert jobs(view)
    assert {(job.kind, job.due) for job in jobs(view)} == {(StuckKind.ORPHANED, False)}
    for queue in view.queues.values():
        assert queue.worker is False
        busy = queue.waiting + queue.active > 0
        assert queue.state is (QueueState.WORKER_LOST if busy else QueueState.IDLE)


def test_blocked_by_other_queues() -> None:
    """FacialRecognitionQueueAll was waiting for the queues that were at work."""
    view = watch("10-one-failed-job-stalled-twice", 5)
    (blocked,) = view.queues["facialRecognition"].jobs
    assert (blocked.kind, blocked.due) == (StuckKind.BLOCKED, False)


def test_paused() -> None:
    """What waits in a paused queue counts, prioritized jobs too."""
    view = watch("02-50-waiting-in-paused-queue", 5)
    paused = [queue for queue in view.queues.values() if queue.is_paused]
    assert paused
    assert all(queue.state is QueueState.PAUSED for queue in paused)
    assert sum(queue.waiting for queue in paused) == 50
    prioritized = watch("14-paused-with-prioritized-job", 5)
    assert [q.waiting for q in prioritized.queues.values() if q.is_paused and q.waiting]
