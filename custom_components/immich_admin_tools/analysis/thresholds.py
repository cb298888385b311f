"""How long a job may run before it is called stuck."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..immich.queues import default_stuck_threshold


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Seconds per queue, and per job name where a job is unlike its queue.

    A job name goes before its queue. 0 means never called stuck.
    """

    queues: Mapping[str, int] = field(default_factory=dict)
    job_names: Mapping[str, int] = field(default_factory=dict)

    def of_queue(self, queue: str) -> int:
        """Return the seconds for a queue, by default Immich's usual ones."""
        return self.queues.get(queue, default_stuck_threshold(queue))

    def of_job(self, queue: str, name: str | None) -> int:
        """Return the seconds for a job of a queue."""
        if name is not None and name in self.job_names:
            return self.job_names[name]
        return self.of_queue(queue)
