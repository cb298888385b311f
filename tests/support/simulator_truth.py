"""What the simulator's own processes counted."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueTruth:
    """What really happened to a queue's jobs, as the simulator's own processes counted it.

    `started` = `finished` + `lost` + `running`; `handler_failed` and `skipped` are parts of `finished`.
    """

    added: int
    started: int
    finished: int
    handler_failed: int
    skipped: int
    deduplicated: int
    lost: int
    """Handlers that died with their process."""
    running: int
    hung_now: int
    """Of those running: promises that never resolve."""
    hangs_left: int
    """Hangs asked for that no job has taken yet."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened, in all."""

    queues: Mapping[str, QueueTruth]
    worker_pid: int | None
    api_pid: int | None
    restarts: Mapping[str, int]
    """Of the processes "api" and "worker"."""
    ml_calls: Mapping[str, int]
    """Requests that reached the machine learning host, per queue."""
    maintenance: bool
