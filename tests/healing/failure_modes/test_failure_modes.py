"""Each failure mode is told apart, and healed right, on three versions of BullMQ."""

import pytest

from custom_components.immich_admin_tools.analysis.models import QueueState, StuckKind
from custom_components.immich_admin_tools.healing.models import (
    HealMode,
    Outcome,
    SkipReason,
    UnconfirmedReason,
)

from .conftest import Scenarios
from .installation import Version

pytestmark = pytest.mark.timeout(420)


async def test_killed_and_nobody_restarts(
    scenarios: Scenarios, version: Version
) -> None:
    """Orphans and a ghost without a worker: left alone, unless the user insists."""
    seen = await scenarios.seen("killed_for_good", version)
    assert seen.kinds == {
        "migration": StuckKind.ORPHANED,
        "library": StuckKind.ORPHANED,
        "notifications": StuckKind.ORPHANED,
        "sidecar": StuckKind.GHOST,
    }
    assert seen.other["states"] == {QueueState.WORKER_LOST}
    assert seen.other["due_before_lost"] is False
    # The queue is what is wrong: its jobs go on when a worker comes.
    assert seen.other["due"] is False
    assert 45 < seen.seconds["lost"] < 110
    # Nobody would work on them; BullMQ puts them back when somebody comes.
    assert not seen.wishes
    for queue in seen.events:
        for default in (None, HealMode.REMOVE):
            report = seen.reports[f"{queue}_{default}"]
            assert not report.healed
            assert [it.reason for it in report.skipped] == [SkipReason.NO_WORKER]
    # Only an order about that very job, with a mode, is carried out.
    for queue, mode in (
        ("migration", HealMode.REQUEUE),
        ("library", HealMode.FAIL),
        ("notifications", HealMode.REMOVE),
        ("sidecar", HealMode.REMOVE),
    ):
        (job,) = seen.reports[queue].healed
        assert (job.act.mode, job.outcome, job.doubt) == (
            mode,
            Outcome.UNCONFIRMED,
            UnconfirmedReason.NO_WORKER,
        )
    assert [it.reason for it in seen.reports["ghost_requeue"].skipped] == [
        SkipReason.ONLY_REMOVE
    ]
    # The one put back ran again, the one given up and the one removed did not.
    assert (seen.truth["migration"].started, seen.truth["migration"].lost) == (2, 1)
    assert seen.truth["library"].started == seen.other["failed"] == 1
    # Its deduplication key went with it, so the next one was not swallowed.
    assert seen.other["dedup_key"] == 0
    assert seen.truth["notifications"].deduplicated == 0
    assert (seen.truth["notifications"].started, seen.truth["notifications"].added) == (
        2,
        2,
    )
    for queue in seen.events:
        assert "worker_back" in seen.events[queue], queue
        assert "worker_lost" in seen.events[queue], queue
        assert "job_stuck" not in seen.events[queue], queue
        assert "job_recovered" not in seen.events[queue], queue


async def test_killed_and_restarted(scenarios: Scenarios, version: Version) -> None:
    """BullMQ is given its time, and does it: once. The second stall is its last."""
    seen = await scenarios.seen("killed_and_restarted", version)
    assert [it.reason for it in seen.reports["too_early"].skipped] == [
        SkipReason.BULLMQ_HEALS
    ]
    assert not seen.wishes
    assert seen.seconds["orphaned"] + seen.seconds["healed"] < 150
    first = seen.truth["after_first"]
    assert (first.started, first.lost, first.running) == (2, 1, 1)
    assert seen.other["retried"] == 1
    last = seen.truth["migration"]
    assert (last.started, last.lost, last.finished) == (3, 2, 1)
    # It was never overdue, so nobody was bothered.
    assert "job_stuck" not in seen.events["migration"]


async def test_unresolved_promise(scenarios: Scenarios, version: Version) -> None:
    """Long first, surely hung later; cleared, and its worker is known to be lost."""
    seen = await scenarios.seen("hanging", version)
    assert seen.kinds["ocr_first"] is StuckKind.LONG_RUNNING
    # Shown at the first look after it is due.
    assert 0 <= seen.seconds["shown_after_due"] <= 1.5
    assert {(it.job.queue, it.mode, it.retry_when_free) for it in seen.wishes} == {
        ("ocr", HealMode.FAIL, True)
    }
    assert [it.reason for it in seen.reports["ocr_requeue"].skipped] == [
        SkipReason.LIVE_LOCK
    ]
    (job,) = seen.reports["ocr"].healed
    assert job.act.kind is StuckKind.HUNG
    assert (job.outcome, job.doubt) == (Outcome.SLOT_LOST, None)
    assert seen.lost_slots["after"] == 1
    # Not one of the others could run.
    assert seen.truth["blocked"].started == 1
    assert (seen.truth["ocr"].started, seen.truth["ocr"].finished) == (3, 3)
    assert seen.seconds["slot_free"] < 35
    assert "job_recovered" not in seen.events["ocr"]


async def test_merely_long(scenarios: Scenarios, version: Version) -> None:
    """Told, left alone by auto-heal, and told again when it is done."""
    seen = await scenarios.seen("hanging", version)
    assert seen.kinds["migration"] is StuckKind.LONG_RUNNING
    assert [it for it in seen.events["migration"] if it.startswith("job_")] == [
        "job_stuck",
        "job_recovered",
    ]
    assert seen.truth["migration"].finished == 1


async def test_waiting_its_turn(scenarios: Scenarios, version: Version) -> None:
    """Immich itself makes it wait: never called stuck, never touched."""
    seen = await scenarios.seen("hanging", version)
    assert seen.kinds["facialRecognition"] is StuckKind.BLOCKED
    assert [it.reason for it in seen.reports["facialRecognition_remove"].skipped] == [
        SkipReason.BLOCKED
    ]
    assert not [it for it in seen.events["facialRecognition"] if it.startswith("job_")]
    assert seen.truth["facialRecognition"].running == 1


async def test_blocked_event_loop(scenarios: Scenarios, version: Version) -> None:
    """It looks dead and comes back; nobody acts in between."""
    seen = await scenarios.seen("blocked_and_flushed", version)
    assert [it.reason for it in seen.reports["blocked"].skipped] == [
        SkipReason.BULLMQ_HEALS
    ]
    assert not [wish for wish in seen.wishes if wish.job.queue == "migration"]
    assert not [it for it in seen.events["migration"] if it.startswith("job_")]
    # BullMQ refused the late finish and ran it again, as it does.
    assert seen.truth["blocked"].started == 2


async def test_flush(scenarios: Scenarios, version: Version) -> None:
    """Ids begin at 1 again: the same id is another job, and is not called stuck."""
    seen = await scenarios.seen("blocked_and_flushed", version)
    assert seen.other["new_id"] == "1"
    assert seen.other["stuck_after_flush"] == []
    assert seen.other["old_decision"] in ("layout", "raced")
    assert seen.truth["sidecar"].running == 1
