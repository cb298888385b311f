"""What became of an act that was never recorded, told from what its queue still says."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.bullmq.jobs import JobHistory, JobHistoryEvent
from custom_components.immich_admin_tools.healing.models import (
    FAIL_REASON,
    HealMode,
    Outcome,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.healing.reconciliation import (
    Reconciled,
    reconcile,
    verdict_of_reconciled,
)
from tests.support.views import queue_view

from .test_journal import act

REMOVED = JobHistoryEvent("removed", "active", None)
WAITING = JobHistoryEvent("waiting", "active", None)
STALLED = JobHistoryEvent("stalled", None, None)
STARTED = JobHistoryEvent("active", "waiting", None)
COMPLETED = JobHistoryEvent("completed", "active", None)
GIVEN_UP = JobHistoryEvent("failed", "active", FAIL_REASON)
FAILED = JobHistoryEvent("failed", "active", "job stalled more than allowable limit")


@pytest.mark.parametrize(
    ("mode", "events", "expected"),
    [
        (HealMode.REMOVE, [REMOVED], Reconciled.DONE),
        (HealMode.REMOVE, [COMPLETED], Reconciled.NOT_DONE),
        (HealMode.REMOVE, [COMPLETED, REMOVED], Reconciled.NOT_DONE),
        (HealMode.REMOVE, [WAITING, STALLED, STARTED], Reconciled.NOT_DONE),
        (HealMode.REMOVE, [STALLED, REMOVED], Reconciled.DONE),
        (HealMode.FAIL, [GIVEN_UP], Reconciled.DONE),
        (HealMode.FAIL, [FAILED], Reconciled.NOT_DONE),
        (HealMode.REQUEUE, [WAITING], Reconciled.DONE),
        (HealMode.REQUEUE, [WAITING, STARTED], Reconciled.DONE),
        (HealMode.REQUEUE, [WAITING, STALLED, STARTED], Reconciled.NOT_DONE),
        (HealMode.REQUEUE, [REMOVED], Reconciled.UNKNOWN),
        (HealMode.REMOVE, [], Reconciled.UNKNOWN),
    ],
)
def test_events_tell(
    mode: HealMode, events: list[JobHistoryEvent], expected: Reconciled
) -> None:
    """The first event that ends the run decides."""
    history = JobHistory(False, None, None, tuple(events))
    assert reconcile(replace(act(), mode=mode), history) is expected


def test_an_untouched_run_tells() -> None:
    """It is still active, and the same run."""
    done = act()
    untouched = JobHistory(True, done.processed_on, None, ())
    assert reconcile(done, untouched) is Reconciled.NOT_DONE
    assert reconcile(done, replace(untouched, processed_on=1)) is Reconciled.UNKNOWN


def test_the_reason_of_a_failed_job_tells() -> None:
    """Also when the stream was trimmed."""
    history = JobHistory(False, act().processed_on, FAIL_REASON, ())
    assert reconcile(act(), history) is Reconciled.DONE
    assert (
        reconcile(replace(act(), mode=HealMode.REMOVE), history) is Reconciled.UNKNOWN
    )


def test_verdicts() -> None:
    """Nothing more is said than is known."""
    unlocked = replace(act(), lock_token=None)
    assert verdict_of_reconciled(unlocked, Reconciled.DONE, queue_view()) == (
        Outcome.CONFIRMED,
        None,
    )
    for done, reconciled in ((act(), Reconciled.DONE), (unlocked, Reconciled.UNKNOWN)):
        assert verdict_of_reconciled(done, reconciled, queue_view()) == (
            Outcome.UNCONFIRMED,
            UnconfirmedReason.INTERRUPTED,
        )
    assert verdict_of_reconciled(act(), Reconciled.NOT_DONE, None) == (
        Outcome.FAILED,
        UnconfirmedReason.INTERRUPTED,
    )
