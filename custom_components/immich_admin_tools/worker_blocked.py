"""How it is shown that a worker hangs on to a job that was taken from it."""

from typing import TYPE_CHECKING

from .analysis.models import QueueState, QueueView

if TYPE_CHECKING:
    from .data import RuntimeData
    from .healing.manager import EntryHealing

WORKER_BLOCKED = "worker_blocked"
"""A queue that nobody works on, as its workers hang: only a restart frees them."""

QUEUE_STATES = [*(state.value for state in QueueState), WORKER_BLOCKED]


def shown_state(view: QueueView, runtime: RuntimeData) -> str:
    """Return the state of a queue as a user sees it."""
    blocked = blocked_workers(runtime.healing, view.name) or 0
    concurrency = runtime.server.data.concurrency
    nothing_moves = view.state in (
        QueueState.IDLE,
        QueueState.STALLED,
        QueueState.WORKER_LOST,
    ) or (
        # Shown as running for a while after its last job.
        view.state is QueueState.RUNNING and not view.active and not view.waiting
    )
    nobody_left = (
        view.state is QueueState.RUNNING
        and not view.active
        and concurrency is not None
        # Those that Immich has no number for work on one job at a time.
        and blocked >= concurrency.get(view.name, 1)
    )
    if blocked and (nothing_moves or nobody_left):
        return WORKER_BLOCKED
    return view.state.value


def blocked_workers(
    healing: EntryHealing | None, queue: str | None = None
) -> int | None:
    """Return how many workers are blocked; None while Redis can't tell."""
    if healing is None or not healing.reachable:
        return None
    return healing.lost_slots(queue)
