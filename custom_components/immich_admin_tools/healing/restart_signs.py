"""By what a poll tells that the workers of a queue are others than before. Pure.

A worker's locks carry an id that it makes up when it starts (`<id>:<number>`). One
that was never seen is of a worker that is new. It may have come beside the old one, so
nothing more follows from it than that it must be seen anew whether the old one lives.
"""

from ..analysis.models import ServerView


class RestartSigns:
    """Compares polls."""

    def __init__(self) -> None:
        """Know no worker yet."""
        self._known: dict[str, set[str]] = {}
        self._without: set[str] = set()

    def note_worker(self, queue: str, lock_token: str | None) -> None:
        """Take in the worker that an act took a job from."""
        if lock_token is not None:
            self._known.setdefault(queue, set()).add(_worker_of(lock_token))

    def new_workers(self, view: ServerView) -> set[str]:
        """Return the queues with a worker that was not there at the last poll."""
        new: set[str] = set()
        for name, queue in view.queues.items():
            seen = {
                _worker_of(job.lock_token)
                for job in queue.jobs
                if job.lock_token is not None
            }
            known = self._known.setdefault(name, set())
            if known and seen - known:
                new.add(name)
            known |= seen
            if queue.worker is False:
                self._without.add(name)
            elif queue.worker and name in self._without:
                self._without.discard(name)
                new.add(name)
        return new


def _worker_of(lock_token: str) -> str:
    """Return the part that stays the same from job to job."""
    return lock_token.rpartition(":")[0]
