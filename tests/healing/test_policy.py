"""Which jobs an order of the user may act on."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.models import JobView, StuckKind
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealMode,
    Reason,
    SkipReason,
)
from custom_components.immich_admin_tools.healing.policy import (
    Order,
    decide,
    decide_one,
)
from tests.support.views import job_view, queue_view

HUNG = job_view()
LONG = job_view(kind=StuckKind.LONG_RUNNING, age=400)
ORPHAN = job_view(kind=StuckKind.ORPHANED)
FRESH_ORPHAN = job_view(kind=StuckKind.ORPHANED, due=False, age=1_000)
GHOST = job_view(kind=StuckKind.GHOST, age=None)
FRESH_GHOST = job_view(kind=StuckKind.GHOST, due=False, age=None)
BLOCKED = job_view(kind=StuckKind.BLOCKED, due=False, age=9_000)
FINE = job_view(kind=None, due=False, age=200)
NEW = job_view(kind=None, due=False, age=None)
ALL = (HUNG, LONG, ORPHAN, FRESH_ORPHAN, GHOST, FRESH_GHOST, BLOCKED, FINE, NEW)

REMOVE, REQUEUE, FAIL = HealMode.REMOVE, HealMode.REQUEUE, HealMode.FAIL


@pytest.mark.parametrize(
    ("job", "mode", "older_than", "expected"),
    [
        (HUNG, REMOVE, None, REMOVE),
        (HUNG, FAIL, None, FAIL),
        (HUNG, REQUEUE, None, SkipReason.LIVE_LOCK),
        (HUNG, REMOVE, 2_000, SkipReason.YOUNGER_THAN_ASKED),
        (LONG, REMOVE, None, REMOVE),
        (LONG, REQUEUE, 0, SkipReason.LIVE_LOCK),
        (ORPHAN, REMOVE, None, REMOVE),
        (ORPHAN, REQUEUE, None, REQUEUE),
        (ORPHAN, FAIL, None, FAIL),
        (ORPHAN, FAIL, 2_000, SkipReason.YOUNGER_THAN_ASKED),
        (FRESH_ORPHAN, REQUEUE, None, SkipReason.BULLMQ_HEALS),
        (FRESH_ORPHAN, REMOVE, 0, SkipReason.BULLMQ_HEALS),
        (GHOST, REMOVE, None, REMOVE),
        (GHOST, REQUEUE, None, SkipReason.ONLY_REMOVE),
        (GHOST, FAIL, None, SkipReason.ONLY_REMOVE),
        (BLOCKED, REMOVE, None, SkipReason.BLOCKED),
        (BLOCKED, REMOVE, 0, SkipReason.BLOCKED),
        (FINE, REMOVE, None, SkipReason.NOT_STUCK),
        (FINE, REMOVE, 100, REMOVE),
        (FINE, REMOVE, 200, SkipReason.YOUNGER_THAN_ASKED),
        (FINE, REQUEUE, 100, SkipReason.LIVE_LOCK),
        (NEW, REMOVE, 0, SkipReason.NOT_STUCK),
        # No mode: what loses no work.
        (HUNG, None, None, REMOVE),
        (LONG, None, None, REMOVE),
        (ORPHAN, None, None, REQUEUE),
        (GHOST, None, None, REMOVE),
        (FRESH_ORPHAN, None, None, SkipReason.BULLMQ_HEALS),
        (FINE, None, 100, REMOVE),
    ],
)
def test_each_kind(
    job: JobView,
    mode: HealMode | None,
    older_than: float | None,
    expected: HealMode | SkipReason,
) -> None:
    """What a mode may do to a kind."""
    decided = decide_one(job, True, Order(mode, older_than))
    assert (decided.mode if isinstance(decided, Decision) else decided) is expected


@pytest.mark.parametrize("mode", [None, *HealMode])
def test_what_has_just_lost_its_worker_is_left_to_bullmq(mode: HealMode | None) -> None:
    """Its age is no reason: the next worker resumes it, and this one counts as alive."""
    unlocked = job_view(kind=None, due=False, token=None)
    not_renewed = replace(job_view(kind=None, due=False), renewal_missed=True)
    for job in (unlocked, not_renewed):
        decided = decide_one(job, True, Order(mode, older_than=0))
        assert decided is SkipReason.BULLMQ_HEALS


@pytest.mark.parametrize("worker", [False, None])
@pytest.mark.parametrize("mode", [None, *HealMode])
@pytest.mark.parametrize("older_than", [None, 0.0])
@pytest.mark.parametrize("before_restart", [False, True])
def test_while_no_worker_is_seen_nothing_is_touched(
    worker: bool | None,
    mode: HealMode | None,
    older_than: float | None,
    before_restart: bool,
) -> None:
    """As while Immich restarts: BullMQ resumes these jobs, whatever `due` says."""
    order = Order(mode, older_than, before_restart=before_restart)
    decisions, skipped = decide([queue_view(jobs=ALL, worker=worker)], order)
    assert not decisions
    reasons = {it.reason for it in skipped}
    assert reasons <= {
        SkipReason.NO_WORKER,
        SkipReason.NOT_STUCK,
        SkipReason.BLOCKED,
    }
    assert SkipReason.NO_WORKER in reasons


@pytest.mark.parametrize("job", [ORPHAN, FRESH_ORPHAN])
def test_an_order_about_one_job_may_insist(job: JobView) -> None:
    """Nobody may ever come back; then the user names the job and what is to be done."""
    for mode in HealMode:
        decided = decide_one(job, False, Order(mode, job_id=job.job_id))
        assert decided == Decision(job, mode, Reason.ASKED)
    assert decide_one(job, False, Order(job_id=job.job_id)) is SkipReason.NO_WORKER
    # While somebody lives, BullMQ has its time all the same.
    if not job.due:
        for mode in HealMode:
            decided = decide_one(job, True, Order(mode, job_id=job.job_id))
            assert decided is SkipReason.BULLMQ_HEALS


def test_only_the_job_that_was_named() -> None:
    """The others of its queue are not even mentioned."""
    queue = queue_view(jobs=[job_view("1"), job_view("2")])
    decisions, skipped = decide([queue], Order(job_id="2"))
    assert [it.job.job_id for it in decisions] == ["2"]
    assert not skipped


def test_a_job_with_an_id_of_its_own_is_never_left_failed() -> None:
    """A failed job blocks its id: the same work could never be added again."""
    for job_id in ("QueueAll", "0192c1c4-7d6a-7f3e-8a5b-3c2d1e0f9a8b", "²"):
        job = job_view(job_id)
        assert decide_one(job, True, Order(FAIL)) == Decision(
            job, REMOVE, Reason.FIXED_ID
        )
    assert decide_one(job_view("77"), True, Order(FAIL)) == Decision(
        job_view("77"), FAIL, Reason.ASKED
    )


def test_before_a_restart_a_held_job_is_put_back_later() -> None:
    """Given up first: so it can't run twice, whatever becomes of the restart."""
    fixed = job_view("QueueAll")
    decisions, skipped = decide(
        [queue_view(jobs=[HUNG, ORPHAN, GHOST, fixed])],
        Order(REQUEUE, before_restart=True),
    )
    assert decisions == (
        Decision(HUNG, FAIL, Reason.ASKED, retry_when_free=True),
        Decision(ORPHAN, REQUEUE, Reason.ASKED),
    )
    # The restart alone puts the last one back.
    assert [it.reason for it in skipped] == [
        SkipReason.ONLY_REMOVE,
        SkipReason.BULLMQ_HEALS,
    ]


def test_an_ignored_job_has_to_be_named() -> None:
    """What is asked for all of them leaves it alone, however old it is."""
    for kind in (StuckKind.HUNG, StuckKind.ORPHANED):
        job = replace(job_view(kind=kind), due=False, ignored=True)
        for order in (Order(), Order(REMOVE), Order(REMOVE, older_than=1)):
            assert decide_one(job, True, order) is SkipReason.NOT_STUCK
        named = decide_one(job, True, Order(REMOVE, job_id="1"))
        assert isinstance(named, Decision)
        assert named.mode is REMOVE
