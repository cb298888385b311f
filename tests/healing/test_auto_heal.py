"""What is done about stuck jobs without being asked."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    Source,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.stuck import ORPHAN_GRACE, Thresholds
from custom_components.immich_admin_tools.healing.journal import Recent
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealMode,
    Initiator,
    Reason,
)
from custom_components.immich_admin_tools.healing.policy import (
    HOUR,
    ONCE_WITHIN,
    AutoHealMode,
    HealLimits,
    HealPlan,
    plan_heal,
)
from custom_components.immich_admin_tools.history.detector import run_of
from tests.analysis import builders
from tests.support.views import NOW, job_view, queue_view, server_view

ACTING = (AutoHealMode.CLEAR_AND_LOG, AutoHealMode.CLEAR_AND_RESTART)
HUNG = job_view("1")
LONG = job_view("2", kind=StuckKind.LONG_RUNNING)
ORPHAN = job_view("3", kind=StuckKind.ORPHANED)
GHOST = job_view("4", kind=StuckKind.GHOST)
EARLY = job_view("5", kind=StuckKind.ORPHANED, due=False)
BLOCKED = job_view("6", kind=StuckKind.BLOCKED, due=False)
ALL = (HUNG, LONG, ORPHAN, GHOST, EARLY, BLOCKED)


def recent_act(job_id: str, since: int, by: Initiator = Initiator.AUTO) -> Recent:
    """Return an act; when it was on the wall does not matter."""
    return Recent("a", job_id, 1, 0, by, since=since)


def plan(
    *jobs: JobView,
    mode: AutoHealMode = AutoHealMode.CLEAR_AND_RESTART,
    limits: HealLimits | None = None,
    recent: tuple[Recent, ...] = (),
    strikes: int = 1,
    worker: bool | None = True,
    writable: bool = True,
) -> HealPlan:
    """Plan for one queue."""
    return plan_heal(
        server_view(queue_view(jobs=jobs, worker=worker, writable=writable)),
        mode,
        limits or HealLimits(),
        recent,
        lambda _: strikes,
        NOW,
    )


@pytest.mark.parametrize(
    ("mode", "strikes", "expected"),
    [
        (AutoHealMode.OFF, 1, ()),
        (AutoHealMode.ALERT_ONLY, 1, ()),
        (
            AutoHealMode.CLEAR_AND_LOG,
            1,
            (
                Decision(HUNG, HealMode.REMOVE, Reason.HUNG),
                Decision(ORPHAN, HealMode.REQUEUE, Reason.LEFT_BEHIND),
                Decision(GHOST, HealMode.REMOVE, Reason.EMPTY_ENTRY),
            ),
        ),
        (
            AutoHealMode.CLEAR_AND_LOG,
            3,
            (
                Decision(HUNG, HealMode.REMOVE, Reason.HUNG),
                Decision(ORPHAN, HealMode.FAIL, Reason.POISON),
                Decision(GHOST, HealMode.REMOVE, Reason.EMPTY_ENTRY),
            ),
        ),
        (
            AutoHealMode.CLEAR_AND_RESTART,
            2,
            (
                Decision(HUNG, HealMode.FAIL, Reason.HUNG, retry_when_free=True),
                Decision(ORPHAN, HealMode.REQUEUE, Reason.LEFT_BEHIND),
                Decision(GHOST, HealMode.REMOVE, Reason.EMPTY_ENTRY),
            ),
        ),
        (
            AutoHealMode.CLEAR_AND_RESTART,
            3,
            (
                Decision(HUNG, HealMode.FAIL, Reason.POISON),
                Decision(ORPHAN, HealMode.FAIL, Reason.POISON),
                Decision(GHOST, HealMode.REMOVE, Reason.EMPTY_ENTRY),
            ),
        ),
    ],
)
def test_each_mode(
    mode: AutoHealMode, strikes: int, expected: tuple[Decision, ...]
) -> None:
    """Only what is certain is acted on; a poison job is given up."""
    assert plan(*ALL, mode=mode, strikes=strikes).decisions == expected


@pytest.mark.parametrize("mode", ACTING)
def test_what_is_left_to_the_user(mode: AutoHealMode) -> None:
    """Nobody works there, nobody knows, or nothing may be written."""
    assert not plan(*ALL, mode=mode, worker=False).decisions
    assert not plan(*ALL, mode=mode, worker=None).decisions
    assert not plan(*ALL, mode=mode, writable=False).decisions
    api = server_view(queue_view(jobs=ALL, source=Source.API))
    assert not plan_heal(api, mode, HealLimits(), (), lambda _: 1, NOW).decisions


def test_the_hourly_limit_holds_back() -> None:
    """What the user does doesn't count, nor what was done more than an hour ago."""
    recent = (
        recent_act("1", NOW - HOUR + 1),
        recent_act("2", NOW - HOUR),
        recent_act("3", NOW - 1, Initiator.USER),
        replace(recent_act("4", NOW - 1), counts=False),
    )
    result = plan(*ALL, limits=HealLimits(per_hour=2), recent=recent)
    assert [it.job for it in result.decisions] == [HUNG]
    assert result.held_back == (ORPHAN, GHOST)


@pytest.mark.parametrize("by", list(Initiator))
def test_the_same_run_is_left_alone_for_a_while(by: Initiator) -> None:
    """Whoever acted on it, and whatever came of it."""
    lately = Recent(*run_of(HUNG), 0, by, since=NOW - ONCE_WITHIN + 1)
    assert not plan(HUNG, recent=(lately,)).decisions
    assert plan(HUNG, recent=(replace(lately, since=NOW - ONCE_WITHIN),)).decisions
    again = replace(HUNG, processed_on=NOW)
    assert plan(again, recent=(lately,)).decisions


def test_given_up_without_blocking_its_id() -> None:
    """A failed job with an id of its own would switch its work off for good."""
    hung = replace(HUNG, job_id="QueueAll")
    orphan = replace(ORPHAN, job_id="StorageTemplate/1")
    for strikes in (1, 3):
        decisions = plan(hung, orphan, strikes=strikes).decisions
        assert not [it for it in decisions if it.mode is HealMode.FAIL]
        assert decisions[0] == Decision(hung, HealMode.REMOVE, Reason.FIXED_ID)


jobs_strategy = st.lists(
    st.builds(
        job_view,
        st.sampled_from([str(number) for number in range(6)]),
        queue=st.sampled_from(["faceDetection", "ocr", "library"]),
        kind=st.sampled_from([None, *StuckKind]),
        due=st.booleans(),
        processed_on=st.sampled_from([NOW - 5_000, NOW - 9_000]),
        age=st.integers(0, 10_000),
    ),
    max_size=12,
    unique_by=lambda job: (job.queue, job.job_id),
)


@settings(max_examples=200, deadline=None)
@given(
    polls=st.lists(
        st.tuples(jobs_strategy, st.integers(1_000, 900_000)), min_size=1, max_size=15
    ),
    mode=st.sampled_from(AutoHealMode),
    per_hour=st.integers(0, 8),
    strikes=st.integers(0, 5),
    paused=st.booleans(),
)
def test_whatever_is_seen_the_rules_hold(
    polls: list[tuple[list[JobView], int]],
    mode: AutoHealMode,
    per_hour: int,
    strikes: int,
    paused: bool,
) -> None:
    """Never twice on a run, never a live lock put back, never over the limit."""
    now = NOW
    limits = HealLimits(per_hour=per_hour)
    recent: list[Recent] = []
    for jobs, pause in polls:
        now += pause
        queues = [
            queue_view(name, jobs=[it for it in jobs if it.queue == name])
            for name in ("faceDetection", "ocr", "library")
        ]
        view = server_view(*queues, time=now)
        result = plan_heal(view, mode, limits, recent, lambda _: strikes, now)
        for decision in result.decisions:
            job = decision.job
            assert mode in ACTING
            assert job.due
            assert job.kind not in (None, StuckKind.BLOCKED, StuckKind.LONG_RUNNING)
            if decision.mode is HealMode.REQUEUE:
                assert job.lock_token is None
            if decision.retry_when_free:
                assert decision.mode is HealMode.FAIL
                assert mode is AutoHealMode.CLEAR_AND_RESTART
                assert strikes < limits.strikes
            assert not [
                it
                for it in recent
                if it.run == run_of(job) and now - it.since < 600_000
            ]
        recent += [
            Recent(*run_of(it.job), 0, Initiator.AUTO, since=now)
            for it in result.decisions
        ]
        assert sum(now - it.since < 3_600_000 for it in recent) <= max(per_hour, 0)


def _plans(
    steps: list[int], lock_lost_at: int, *, is_ghost: bool
) -> list[tuple[float, HealPlan]]:
    """Watch a job that loses its lock; return seconds without a lock, and the plan."""
    analyst = Analyst()
    now = builders.NOW
    unlocked_at = None
    plans: list[tuple[float, HealPlan]] = []
    for number, step in enumerate(steps):
        now += step * 1000
        unlocked = number >= lock_lost_at
        if unlocked and unlocked_at is None:
            unlocked_at = now
        job = builders.job(
            started=builders.NOW,
            lock=None if unlocked else "token:1",
            missing=unlocked and is_ghost,
        )
        reading = builders.reading(
            now, builders.queue(jobs=(job,), heartbeat=builders.beat(now))
        )
        # Never called stuck for its age: here it is about the lock alone.
        view = analyst.update_from_redis(reading, Thresholds({"faceDetection": 10**6}))
        mode = AutoHealMode.CLEAR_AND_RESTART
        result = plan_heal(view, mode, HealLimits(), (), lambda _: 1, view.time)
        plans.append(((now - (unlocked_at or now)) / 1000, result))
    return plans


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.integers(1, 30), min_size=2, max_size=80),
    lock_lost_at=st.integers(0, 60),
    is_ghost=st.booleans(),
)
def test_an_orphan_gets_its_grace(
    steps: list[int], lock_lost_at: int, is_ghost: bool
) -> None:
    """While a worker lives, BullMQ has 150 s to heal it by itself: from polls to plan."""
    for seconds, result in _plans(steps, lock_lost_at, is_ghost=is_ghost):
        if result.decisions:
            assert seconds * 1000 >= ORPHAN_GRACE >= 150_000


@pytest.mark.parametrize("is_ghost", [False, True])
def test_after_its_grace_an_orphan_is_acted_on(is_ghost: bool) -> None:
    """BullMQ had its time."""
    plans = _plans([5] * 40, 3, is_ghost=is_ghost)
    assert [seconds for seconds, result in plans if result.decisions][0] == 150
