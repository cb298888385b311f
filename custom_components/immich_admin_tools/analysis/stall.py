"""The silent stall: work waits, nothing stands in its way, and nothing happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..bullmq.models import JsonValue
from ..immich.queues import DEFAULT_STUCK_THRESHOLD
from .durations import DurationStatistics

LEAST_GAP = 60_000
"""ms without progress that are never called a stall."""

_TIMES_NORMAL = 3
"""Times the gap that 95 in 100 of the queue's own gaps don't exceed.

Not the p99: one real stall among a few dozen gaps must not make the next one normal.
"""

_USUAL = 0.95

_ENOUGH_GAPS = 20


@dataclass(slots=True)
class StallWatch:
    """Whether a queue moves. Times: monotonic ms."""

    gaps: DurationStatistics = field(default_factory=DurationStatistics)
    """Pauses between two polls with progress, while work was waiting."""
    stalled: bool = False
    _quiet_since: int | None = None

    def observe(
        self,
        now: int,
        *,
        could_move: bool,
        moved: bool,
        working: bool,
        all_late: bool | None,
        threshold: int,
    ) -> None:
        """Take in one poll.

        `could_move`: work waits, not paused, worker not lost, no job that has to
        wait for others. `working`: something is active, so a job may simply be
        long; then the queue doesn't move from the moment on that all active jobs are
        called stuck (`all_late`). Where that can't be told, the queue's stuck
        threshold (s) is granted.
        """
        if not could_move:
            self._quiet_since = None
            self.stalled = False
            return
        if self._quiet_since is None:
            self._quiet_since = now
        elif moved:
            # A stall counts too, or a queue whose gaps are long would never be
            # known for it, but not as much longer than normal than it was.
            patience = self._patience(working, threshold)
            self.gaps.add(min(now - self._quiet_since, 2 * patience))
            self._quiet_since = now
        if all_late is not None:
            self.stalled = all_late and not moved
            return
        self.stalled = now - self._quiet_since > self._patience(working, threshold)

    def restore(self, gaps: Mapping[str, JsonValue]) -> None:
        """Go on from stored gaps."""
        self.gaps = DurationStatistics.from_dict(gaps)

    def _patience(self, working: bool, threshold: int) -> int:
        """Return the ms without progress that are normal here."""
        granted = (threshold or DEFAULT_STUCK_THRESHOLD) * 1000
        normal = self.gaps.quantile(_USUAL) if self.gaps.count >= _ENOUGH_GAPS else None
        if normal is None:
            return max(LEAST_GAP, granted)
        patience = max(LEAST_GAP, round(_TIMES_NORMAL * normal * 1000))
        return max(patience, granted) if working else patience
