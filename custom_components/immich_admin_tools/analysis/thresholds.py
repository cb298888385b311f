"""How long a job may run before it is called stuck."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..immich.queues import default_job_threshold, default_stuck_threshold


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Seconds per queue, and per job name where a job is unlike its queue.

    What the user says of a job name goes before its queue, and both before what is
    known of Immich; but a job that Immich itself means to run long is granted its time
    whatever the queue's threshold. 0 means never called stuck.
    """

    queues: Mapping[str, int] = field(default_factory=dict)
    job_names: Mapping[str, int] = field(default_factory=dict)

    def of_queue(self, queue: str) -> int:
        """Return the seconds for a queue, by default Immich's usual ones."""
        return self.queues.get(queue, default_stuck_threshold(queue))

    def of_job(self, queue: str, name: str | None) -> int:
        """Return the seconds for a job of a queue; 0: never late, however old."""
        if name is not None and name in self.job_names:
            return self.job_names[name]
        seconds = self.of_queue(queue)
        granted = None if name is None else default_job_threshold(name)
        if granted is None:
            return seconds
        return max(seconds, granted) if seconds and granted else 0

    def ignores(self, queue: str, name: str | None) -> bool:
        """Return whether the user wants to hear of no stuck job, whatever its kind."""
        if name is not None and name in self.job_names:
            return self.job_names[name] == 0
        return self.of_queue(queue) == 0
