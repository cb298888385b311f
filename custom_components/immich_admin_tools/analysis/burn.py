"""Finds jobs that were burnt: ended as done within milliseconds, without being done.

With the machine learning gone, Immich fails each job at once and BullMQ records it as
completed (450 to 740 a second). One fast job means nothing, as its photo may be gone;
several in a row are suspicious, and then the machine learning has to be asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..bullmq.models import JobEvent

IN_A_ROW = 5
"""Jobs that must end too fast one after the other to be suspicious."""

_MOST_STARTS = 1_000


@dataclass(slots=True)
class BurnWatch:
    """Follows one queue from poll to poll. Counts nothing twice."""

    suspected: int = 0
    """Jobs in suspicious rows that nobody has judged yet."""
    _row: int = 0
    _starts: dict[str, int] = field(default_factory=dict)

    def update(self, events: Iterable[JobEvent], processed: int, limit: int) -> None:
        """Take in the events of one poll.

        `processed`: jobs counted since the last poll, also those whose events were
        lost. `limit`: ms below which a job ended too fast.
        """
        seen = 0
        for event in events:
            if event.job_id is None:
                continue
            if event.event == "active":
                if len(self._starts) >= _MOST_STARTS:
                    # Left by events that were lost.
                    self._starts.clear()
                self._starts[event.job_id] = event.time
            elif event.event == "completed":
                seen += 1
                start = self._starts.pop(event.job_id, None)
                if start is not None:
                    self._ended(event.time - start < limit)
            elif event.prev == "active" or event.event == "failed":
                self._starts.pop(event.job_id, None)
        if self._row >= IN_A_ROW:
            # Whose events were lost in the middle of a row was of that row.
            self.suspected += max(0, processed - seen)

    def take(self) -> int:
        """Return what is suspected, as it was judged; the row goes on."""
        suspected, self.suspected = self.suspected, 0
        return suspected

    def forget_ids(self) -> None:
        """Forget what is tied to ids, as when they began again."""
        self._starts.clear()
        self._row = 0

    def _ended(self, fast: bool) -> None:
        if not fast:
            self._row = 0
            return
        self._row += 1
        if self._row == IN_A_ROW:
            self.suspected += IN_A_ROW
        elif self._row > IN_A_ROW:
            self.suspected += 1
