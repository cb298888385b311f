"""Locked jobs that are stuck, and what must not be taken for one."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.durations import DurationStatistics
from custom_components.immich_admin_tools.analysis.models import QueueState, StuckKind
from custom_components.immich_admin_tools.analysis.stuck import (
    JobContext,
    Run,
    Thresholds,
    judge_listed,
)
from custom_components.immich_admin_tools.bullmq.models import (
    ActiveJob,
    JobEvent,
    QueueReading,
)

from .builders import NOW, SECOND, beat, event, job, queue
from .watching import FACES, LIMIT, Poll, first, kinds, since, watch


def usual_jobs(until: int) -> Poll:
    """Return polls of a queue that does a job of 2 s every 5 s, then only ours."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        second = (now - NOW) // SECOND
        events = peers(now, second) if second <= until else ()
        jobs = (job(started=NOW + until * SECOND),) if second >= until else ()
        return (queue(jobs=jobs, heartbeat=beat(now), events=events),)

    return poll


def test_long_running_then_hung() -> None:
    """Far beyond its threshold and what such jobs are known to take: hung."""
    views = watch(usual_jobs(600), 1_600)
    late = {s: (first(v).kind, first(v).due) for s, v in views.items() if s >= 600}
    assert late[895] == (None, False)
    assert late[900] == late[1_495] == (StuckKind.LONG_RUNNING, True)
    assert late[1_500] == late[1_600] == (StuckKind.HUNG, True)


def test_age_alone_is_never_a_hang() -> None:
    """Nobody knows how big a job is: without anything to compare it is merely long."""
    views = watch(lambda now: (queue(jobs=(job(),), heartbeat=beat(now)),), 7_200)
    assert kinds(views)[295] == (None, False)
    assert since(views, StuckKind.LONG_RUNNING, due=True) == 300
    assert views[300].stuck_jobs == 1
    assert first(views[300]).age == 300
    assert first(views[300]).since == NOW


def test_a_hang_is_watched_before_it_is_called_one() -> None:
    """The start is the word of another clock: after a restart of ours it has to last."""
    analyst = Analyst()
    watch(usual_jobs(600), 900, analyst=analyst)
    again = Analyst.from_dict(analyst.to_dict())
    views = watch(usual_jobs(600), 3_400, analyst=again, begin=3_000)
    assert kinds(views)[3_005] == (StuckKind.LONG_RUNNING, True)
    assert since(views, StuckKind.HUNG, due=True) == 3_300


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("IntegrityChecksumFiles", 7_200),
        ("StorageTemplateMigration", 0),
        ("LibraryScanQueueAll", 0),
        ("LibrarySyncFilesQueueAll", 0),
        ("AssetDetectFaces", LIMIT),
    ],
)
def test_what_immich_means_to_run_long(name: str, seconds: int) -> None:
    """Such a job is granted its time, whatever its queue's threshold."""
    views = watch(
        lambda now: (queue(jobs=(job(name=name),), heartbeat=beat(now)),), 9_000
    )
    late = [s for s, view in views.items() if view.stuck_jobs]
    assert late[:1] == ([seconds] if seconds else [])


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        (Thresholds({FACES: 9_000}), 9_000),
        (Thresholds({FACES: 60}), 7_200),
        (Thresholds({FACES: 0}), 0),
        (Thresholds({FACES: 60}, {"IntegrityChecksumFiles": 90}), 90),
    ],
)
def test_the_users_word_on_such_a_job(thresholds: Thresholds, expected: int) -> None:
    """The more patient one holds, but for what the user says of that very job."""
    assert thresholds.of_job(FACES, "IntegrityChecksumFiles") == expected


def test_an_orphan_of_a_long_job_is_told() -> None:
    """Never late for its age, but left behind it is stuck."""
    left = job(name="StorageTemplateMigration", lock=None)
    views = watch(lambda now: (queue(jobs=(left,), heartbeat=beat(now)),), 200)
    assert since(views, StuckKind.ORPHANED, due=True) == 150


def test_a_film_among_clips_is_not_hung() -> None:
    """However many clips come and go meanwhile, 90 minutes are no hang; a night is."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        second = (now - NOW) // SECOND
        film = job("7", started=NOW + 600_000, name="AssetEncodeVideo")
        jobs = (film,) if second >= 600 else ()
        events = peers(now, second, "AssetEncodeVideo")
        return (queue(jobs=jobs, heartbeat=beat(now), events=events),)

    views = watch(poll, 600 + 6 * 3_600 + 60)
    assert first(views[600 + 5_400]).kind is StuckKind.LONG_RUNNING
    assert first(views[600 + 6 * 3_600 - 5]).kind is StuckKind.LONG_RUNNING
    assert first(views[600 + 6 * 3_600]).kind is StuckKind.HUNG


def test_due_at_the_second_poll_when_already_old() -> None:
    """What hung before we came is shown after two polls."""
    views = watch(
        lambda now: (queue(jobs=(job(started=NOW - 400_000),), heartbeat=beat(now)),), 5
    )
    assert first(views[0]).kind is None
    assert (first(views[5]).kind, first(views[5]).due) == (StuckKind.LONG_RUNNING, True)


@pytest.mark.parametrize("skew", [-7_200_000, -90_000, 90_000, 7_200_000])
def test_age_by_the_workers_clock(skew: int) -> None:
    """A worker whose clock is off makes no job older or younger."""
    views = watch(
        lambda now: (
            queue(jobs=(job(started=NOW + skew),), heartbeat=beat(now, skew=skew)),
        ),
        400,
    )
    assert first(views[250]).age == 250
    assert since(views, StuckKind.LONG_RUNNING, due=True) == 300


def test_unknown_clock_is_not_trusted() -> None:
    """Without a heartbeat anywhere, only what was watched counts."""
    views = watch(lambda _: (queue(jobs=(job(started=NOW - 9_000_000),)),), 310)
    assert first(views[290]).age == 290
    assert first(views[290]).kind is None
    assert first(views[300]).due


@pytest.mark.parametrize(
    ("thresholds", "due_at"),
    [
        (Thresholds(queues={FACES: 60}), 60),
        (Thresholds(queues={FACES: 60}, job_names={"AssetDetectFaces": 120}), 120),
        (Thresholds(job_names={"AssetDetectFaces": 30}), 30),
        (Thresholds(job_names={"Other": 30}), 300),
        (Thresholds(), 300),
    ],
)
def test_thresholds(thresholds: Thresholds, due_at: int) -> None:
    """A job's name goes before its queue, the queue before the default."""
    views = watch(
        lambda now: (queue(jobs=(job(),), heartbeat=beat(now)),),
        320,
        thresholds=thresholds,
    )
    assert not first(views[due_at - 5]).due
    assert first(views[due_at]).due
    assert first(views[due_at]).threshold == due_at


@pytest.mark.parametrize("one", [job(), job(lock=None), job(missing=True, lock=None)])
def test_zero_is_never(one: ActiveJob) -> None:
    """With a threshold of 0 nothing is called stuck."""
    views = watch(
        lambda now: (queue(jobs=(one,), heartbeat=beat(now)),),
        5_000,
        thresholds=Thresholds(queues={FACES: 0}),
    )
    assert all(view.stuck_jobs == 0 for view in views.values())


def peers(
    now: int, second: int, name: str = "AssetDetectFaces"
) -> tuple[JobEvent, ...]:
    """Return the events of one job of 2 s that ran beside."""
    number = str(1_000 + second)
    return (
        event(f"{now - 3_000}-0", "added", number, name=name),
        event(f"{now - 3_000}-1", "active", number),
        event(f"{now - 1_000}-0", "completed", number, prev="active"),
    )


def test_hung_by_evidence() -> None:
    """While others of its name come and go in 2 s, it is hung at its threshold."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        events = peers(now, (now - NOW) // SECOND)
        one = job(started=NOW + 600_000)
        jobs = (one,) if now >= NOW + 600_000 else ()
        return (queue(jobs=jobs, heartbeat=beat(now), events=events),)

    views = watch(poll, 910)
    assert views[600].queues[FACES].suggested_threshold == 60
    assert first(views[895]).kind is None
    assert first(views[900]).kind is StuckKind.HUNG


def test_blocked() -> None:
    """Immich lets this one wait for others, and says nothing of it."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        waiting = job(name="FacialRecognitionQueueAll")
        others = 1 if now < NOW + 2_000_000 else 0
        return (
            queue("facialRecognition", jobs=(waiting,), heartbeat=beat(now), wait=9),
            queue("thumbnailGeneration", active=others, heartbeat=beat(now)),
        )

    views = watch(poll, 2_400)
    own = {s: view.queues["facialRecognition"] for s, view in views.items()}
    assert own[1_995].jobs[0].kind is StuckKind.BLOCKED
    assert own[1_995].stuck == ()
    assert own[1_995].state is QueueState.RUNNING
    # Its time begins when it may go on.
    assert own[2_290].jobs[0].kind is None
    assert own[2_295].jobs[0].due


def test_the_same_job_elsewhere_is_not_blocked() -> None:
    """Nothing active elsewhere, nothing to wait for."""
    views = watch(
        lambda now: (
            queue(
                "facialRecognition",
                jobs=(job(name="FacialRecognitionQueueAll"),),
                heartbeat=beat(now),
            ),
            queue("faceDetection", heartbeat=beat(now)),
        ),
        400,
    )
    assert first(views[10], "facialRecognition").kind is None
    assert first(views[300], "facialRecognition").due


def test_going_through_the_library_takes_long() -> None:
    """A job that can be seen adding thousands of others is at work."""

    def poll(now: int) -> tuple[QueueReading, ...]:
        adding = min(now - NOW, 1_000_000)
        return (
            queue(
                jobs=(job(name="AssetDetectFacesQueueAll"),),
                heartbeat=beat(now),
                job_counter=adding // 5,
            ),
        )

    views = watch(poll, 1_400)
    assert kinds(views)[1_000] == (None, False)
    assert kinds(views)[1_295] == (None, False)
    assert kinds(views)[1_300] == (StuckKind.LONG_RUNNING, True)


def test_a_few_new_photos_are_no_excuse() -> None:
    """Ids also grow when photos are uploaded: that shows nothing of this job."""
    views = watch(
        lambda now: (
            queue(
                jobs=(job(name="AssetDetectFacesQueueAll"),),
                heartbeat=beat(now),
                job_counter=(now - NOW) // 100,
            ),
        ),
        310,
    )
    assert first(views[300]).due


def test_hung_stays_hung_when_long_becomes_usual() -> None:
    """What was learned later does not turn a hung job into a long one."""
    usual, slow = DurationStatistics(), DurationStatistics()
    for _ in range(200):
        usual.add(1_000)
        slow.add(1_000_000)
    run = Run(NOW, NOW, peers_before=0, polls=2)
    around = JobContext(
        now=NOW + 400 * SECOND,
        threshold=300,
        hung_after=0,
        ignored=False,
        worker=True,
        worker_since=NOW,
        worker_seen=NOW,
        blocked=False,
        at_work=False,
        finished=50,
        durations=usual,
    )
    assert judge_listed(run, around).kind is StuckKind.HUNG
    assert judge_listed(run, replace(around, durations=slow)).kind is StuckKind.HUNG
    fresh = Run(NOW, NOW, peers_before=0, polls=2)
    slowly = judge_listed(fresh, replace(around, durations=slow))
    assert slowly.kind is StuckKind.LONG_RUNNING
    few = judge_listed(fresh, replace(around, finished=19))
    assert few.kind is StuckKind.LONG_RUNNING


def test_no_start_in_the_future() -> None:
    """A worker's clock that was set right meanwhile leaves no start ahead of us."""
    views = watch(
        lambda now: (queue(jobs=(job(started=NOW + 90_000),), heartbeat=beat(now)),), 5
    )
    assert first(views[0]).since == NOW
    assert first(views[5]).age == 5


@pytest.mark.parametrize("new_run_id", [True, False])
def test_flush(new_run_id: bool) -> None:
    """After a flush the same id is a young job, whatever was known of the old one."""
    analyst = Analyst()
    old = watch(
        lambda now: (queue(jobs=(job(),), heartbeat=beat(now), job_counter=900),),
        400,
        analyst=analyst,
    )
    assert first(old[400]).due
    new = watch(
        lambda now: (
            queue(
                jobs=(job(started=NOW + 404_000),), heartbeat=beat(now), job_counter=1
            ),
        ),
        500,
        analyst=analyst,
        begin=405,
        run_id="run-2" if new_run_id else "run-1",
    )
    assert all(first(view).kind is None for view in new.values())
    assert first(new[500]).age == 96


def test_requeued_job_is_another_run() -> None:
    """The same id with another start is young again."""
    analyst = Analyst()
    watch(
        lambda now: (queue(jobs=(job(),), heartbeat=beat(now)),), 400, analyst=analyst
    )
    later = watch(
        lambda now: (queue(jobs=(job(started=NOW + 403_000),), heartbeat=beat(now)),),
        410,
        analyst=analyst,
        begin=405,
    )
    assert first(later[410]).kind is None
    assert first(later[410]).polls_seen == 2


def test_oldest_first_and_assets() -> None:
    """Jobs come longest running first, with their assets."""
    asset = "0B2A6D1C-4c3f-4a4e-9d4e-7b8f3c1d2e3f"
    views = watch(
        lambda now: (
            queue(
                jobs=(job("2", started=NOW - 1_000), job("1", data={"id": asset})),
                heartbeat=beat(now),
            ),
        ),
        5,
    )
    found = views[5].queues[FACES]
    assert [one.job_id for one in found.jobs] == ["2", "1"]
    assert found.jobs[1].asset_ids == (asset.lower(),)
    assert found.oldest_active == 6
