"""What can be told without Redis: by watching the API's counts and lists."""

from dataclasses import dataclass

from ..immich.models import QueueCounts

_IMPLAUSIBLE = 1_000
"""Jobs a second that no Immich works off: such a drop is a clear."""


@dataclass(slots=True)
class CountWatch:
    """Estimates what a queue processed from how its counts fell.

    What was added in between is not seen, so this is what the backlog shrank by,
    never more than what was processed, unless jobs were cleared.
    """

    _last: QueueCounts | None = None
    _last_at: int = 0

    def observe(self, counts: QueueCounts, now: int) -> int:
        """Return the jobs processed since the last poll, as an estimate."""
        last, self._last = self._last, counts
        seconds = (now - self._last_at) / 1000
        self._last_at = now
        if last is None or seconds <= 0:
            return 0
        fell = _somewhere(last) - _somewhere(counts)
        if fell <= 0 or fell > _IMPLAUSIBLE * seconds:
            return 0
        cleared = last.backlog > 0 and counts.backlog == 0
        if cleared and counts.active == last.active > 0 and fell > 2 * last.active:
            # Nobody takes the last jobs of many and leaves the active ones as they were.
            return 0
        return fell


def _somewhere(counts: QueueCounts) -> int:
    return counts.backlog + counts.active + counts.delayed + counts.failed
