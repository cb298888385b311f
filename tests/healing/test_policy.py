"""Which jobs an order of the user may act on."""

import pytest

from custom_components.immich_admin_tools.analysis.models import JobView, StuckKind
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealMode,
    Reason,
    SkipReason,
)
from custom_components.immich_admin_tools.healing.policy import decide, reason_to_skip

from .views import job_view

HUNG = job_view()
LONG = job_view(kind=StuckKind.LONG_RUNNING, age=400)
ORPHAN = job_view(kind=StuckKind.ORPHANED)
FRESH_ORPHAN = job_view(kind=StuckKind.ORPHANED, due=False, age=1_000)
GHOST = job_view(kind=StuckKind.GHOST, age=None)
BLOCKED = job_view(kind=StuckKind.BLOCKED, due=False, age=9_000)
FINE = job_view(kind=None, due=False, age=200)
NEW = job_view(kind=None, due=False, age=None)


@pytest.mark.parametrize(
    ("job", "mode", "older_than", "expected"),
    [
        (HUNG, HealMode.REMOVE, None, None),
        (HUNG, HealMode.FAIL, None, None),
        (HUNG, HealMode.REQUEUE, None, SkipReason.LIVE_LOCK),
        (HUNG, HealMode.REMOVE, 2_000, SkipReason.NOT_STUCK),
        (LONG, HealMode.REMOVE, None, None),
        (LONG, HealMode.REQUEUE, 0, SkipReason.LIVE_LOCK),
        (ORPHAN, HealMode.REMOVE, None, None),
        (ORPHAN, HealMode.REQUEUE, None, None),
        (ORPHAN, HealMode.FAIL, None, None),
        (FRESH_ORPHAN, HealMode.REQUEUE, None, SkipReason.BULLMQ_HEALS),
        (FRESH_ORPHAN, HealMode.REMOVE, 0, SkipReason.BULLMQ_HEALS),
        (GHOST, HealMode.REMOVE, None, None),
        (GHOST, HealMode.REQUEUE, None, SkipReason.ONLY_REMOVE),
        (GHOST, HealMode.FAIL, None, SkipReason.ONLY_REMOVE),
        (BLOCKED, HealMode.REMOVE, None, SkipReason.BLOCKED),
        (BLOCKED, HealMode.REMOVE, 0, SkipReason.BLOCKED),
        (FINE, HealMode.REMOVE, None, SkipReason.NOT_STUCK),
        (FINE, HealMode.REMOVE, 100, None),
        (FINE, HealMode.REMOVE, 200, SkipReason.NOT_STUCK),
        (FINE, HealMode.REQUEUE, 100, SkipReason.LIVE_LOCK),
        (NEW, HealMode.REMOVE, 0, SkipReason.NOT_STUCK),
    ],
)
def test_each_kind(
    job: JobView, mode: HealMode, older_than: float | None, expected: SkipReason | None
) -> None:
    """What a mode may do to a kind."""
    assert reason_to_skip(job, mode, older_than) is expected


def test_before_a_restart_a_held_job_is_put_back_later() -> None:
    """Given up first: so it can't run twice, whatever becomes of the restart."""
    decisions, skipped = decide(
        [HUNG, ORPHAN, GHOST], HealMode.REQUEUE, before_restart=True
    )
    assert decisions == (
        Decision(HUNG, HealMode.FAIL, Reason.ASKED, retry_when_free=True),
        Decision(ORPHAN, HealMode.REQUEUE, Reason.ASKED),
    )
    assert [it.reason for it in skipped] == [SkipReason.ONLY_REMOVE]
