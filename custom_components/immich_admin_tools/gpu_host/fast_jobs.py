"""Finds jobs that end too fast to have been done. Pure.

With the machine learning gone Immich does not keep its jobs: each fails within some
milliseconds, counts as completed, and its photo is skipped. One such job means nothing
(its photo may be gone), several in a row do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..bullmq.models import JobEvent

IN_A_ROW = 5
"""Jobs that end abnormally fast before the host is asked."""
ALWAYS_FAST = 50
"""ms: a job that ends within this time has hardly reached a GPU."""
NEVER_FAST = 1_000
"""ms: even where jobs usually take long, this is not fast."""
_MOST_STARTS = 1_000


def fast_limit(usual: float | None) -> int:
    """Return the ms below which a job ended too fast; `usual`: its median seconds."""
    if usual is None:
        return ALWAYS_FAST
    return max(ALWAYS_FAST, min(round(usual * 1000 / 3), NEVER_FAST))


@dataclass(slots=True)
class FastJobs:
    """Follows the events of one queue."""

    limit: int = ALWAYS_FAST
    in_a_row: int = 0
    """Jobs that ended too fast, up to the last one that ended."""
    _starts: dict[str, int] = field(default_factory=dict)

    @property
    def suspicious(self) -> bool:
        """Return whether the host should be asked."""
        return self.in_a_row >= IN_A_ROW

    def forget(self) -> None:
        """Begin a new row, as the host turned out to be well."""
        self.in_a_row = 0

    def observe(self, events: Iterable[JobEvent]) -> None:
        """Take in events in their order."""
        for event in events:
            if event.job_id is None:
                continue
            if event.event == "active":
                if len(self._starts) >= _MOST_STARTS:
                    self._starts.clear()
                self._starts[event.job_id] = event.time
            elif event.event == "completed":
                start = self._starts.pop(event.job_id, None)
                if start is None:
                    continue
                fast = event.time - start < self.limit
                self.in_a_row = self.in_a_row + 1 if fast else 0
