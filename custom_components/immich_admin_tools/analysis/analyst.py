"""Turns polls into views: the one door into the analysis.

It keeps what has to be remembered between two polls. Nothing here reads a clock
or does any I/O.
"""

from collections.abc import Mapping

from ..bullmq.models import JsonValue, RedisReading
from ..immich.models import ListedJob, QueueCounts
from .models import ServerView
from .thresholds import Thresholds


class Analyst:
    """Remembers one Immich from poll to poll."""

    def update_from_redis(
        self,
        reading: RedisReading,
        thresholds: Thresholds,
        now_ms: int | None = None,
    ) -> ServerView:
        """Understand a poll of Redis.

        `now_ms` is the clock that shown times are to be on, ms since the epoch;
        without it they are on the clock of Redis.
        """
        raise NotImplementedError

    def update_from_api(
        self,
        counts: tuple[QueueCounts, ...],
        listed: Mapping[str, tuple[ListedJob, ...]],
        thresholds: Thresholds,
        now_ms: int,
    ) -> ServerView:
        """Understand a poll of the API; `listed` holds the active jobs per queue."""
        raise NotImplementedError

    def note_restart(self, at_ms: int) -> None:
        """Remember that the workers were restarted: older heartbeats mean nothing.

        `at_ms` is on the same clock as `now_ms`.
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, JsonValue]:
        """Return what has to outlive a restart of Home Assistant, as JSON."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> Analyst:
        """Go on from `to_dict`; what can't be understood is left out."""
        raise NotImplementedError
