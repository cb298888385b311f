"""What became of an act that was never recorded, told from what its queue still says."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.bullmq.jobs import JobTrail, TrailEvent
from custom_components.immich_admin_tools.healing.models import (
    FAIL_REASON,
    HealMode,
    Outcome,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.healing.verification import (
    Fate,
    fate_of,
    verdict_of_fate,
)
from tests.support.views import queue_view

from .test_journal import act

REMOVED = TrailEvent("removed", "active", None)
WAITING = TrailEvent("waiting", "active", None)
STALLED = TrailEvent("stalled", None, None)
STARTED = TrailEvent("active", "waiting", None)
COMPLETED = TrailEvent("completed", "active", None)
GIVEN_UP = TrailEvent("failed", "active", FAIL_REASON)
FAILED = TrailEvent("failed", "active", "job stalled more than allowable limit")


@pytest.mark.parametrize(
    ("mode", "events", "expected"),
    [
        (HealMode.REMOVE, [REMOVED], Fate.DONE),
        (HealMode.REMOVE, [COMPLETED], Fate.NOT_DONE),
        (HealMode.REMOVE, [COMPLETED, REMOVED], Fate.NOT_DONE),
        (HealMode.REMOVE, [WAITING, STALLED, STARTED], Fate.NOT_DONE),
        (HealMode.REMOVE, [STALLED, REMOVED], Fate.DONE),
        (HealMode.FAIL, [GIVEN_UP], Fate.DONE),
        (HealMode.FAIL, [FAILED], Fate.NOT_DONE),
        (HealMode.REQUEUE, [WAITING], Fate.DONE),
        (HealMode.REQUEUE, [WAITING, STARTED], Fate.DONE),
        (HealMode.REQUEUE, [WAITING, STALLED, STARTED], Fate.NOT_DONE),
        (HealMode.REQUEUE, [REMOVED], Fate.UNKNOWN),
        (HealMode.REMOVE, [], Fate.UNKNOWN),
    ],
)
def test_events_tell(mode: HealMode, events: list[TrailEvent], expected: Fate) -> None:
    """The first event that ends the run decides."""
    trail = JobTrail(False, None, None, tuple(events))
    assert fate_of(replace(act(), mode=mode), trail) is expected


def test_an_untouched_run_tells() -> None:
    """It is still active, and the same run."""
    done = act()
    untouched = JobTrail(True, done.processed_on, None, ())
    assert fate_of(done, untouched) is Fate.NOT_DONE
    assert fate_of(done, replace(untouched, processed_on=1)) is Fate.UNKNOWN


def test_the_reason_of_a_failed_job_tells() -> None:
    """Also when the stream was trimmed."""
    trail = JobTrail(False, act().processed_on, FAIL_REASON, ())
    assert fate_of(act(), trail) is Fate.DONE
    assert fate_of(replace(act(), mode=HealMode.REMOVE), trail) is Fate.UNKNOWN


def test_verdicts() -> None:
    """Nothing more is said than is known."""
    unlocked = replace(act(), lock_token=None)
    assert verdict_of_fate(unlocked, Fate.DONE, queue_view()) == (
        Outcome.CONFIRMED,
        None,
    )
    for done, fate in ((act(), Fate.DONE), (unlocked, Fate.UNKNOWN)):
        assert verdict_of_fate(done, fate, queue_view()) == (
            Outcome.UNCONFIRMED,
            UnconfirmedReason.INTERRUPTED,
        )
    assert verdict_of_fate(act(), Fate.NOT_DONE, None) == (
        Outcome.FAILED,
        UnconfirmedReason.INTERRUPTED,
    )
