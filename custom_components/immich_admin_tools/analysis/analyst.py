"""Turns polls into views: the one door into the analysis.

It keeps what has to be remembered between two polls. Nothing here reads a clock
or does any I/O.
"""

from collections.abc import Mapping

from ..bullmq.layout import Layout
from ..bullmq.models import JsonValue, RedisReading
from ..immich.models import ListedJob, QueueCounts
from .clocks import WorkerClocks
from .durations import DurationStatistics
from .models import QueueView, ServerView, Source
from .queue_memory import Moment, QueueMemory
from .queue_views import view_from_api, view_from_redis
from .steady import significant
from .stored import stored_int, stored_mapping
from .thresholds import Thresholds

VERSION = 1
"""Of the stored form."""

_SAME_CLOCK = 2_000
"""ms by which two clocks may differ before it is taken for more than delay."""


class Analyst:
    """Remembers one Immich from poll to poll."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._queues: dict[str, QueueMemory] = {}
        self._clocks = WorkerClocks()
        self._offset = 0

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
        if (
            now_ms is not None
            and abs(now_ms - reading.time - self._offset) > _SAME_CLOCK
        ):
            self._offset = now_ms - reading.time
        self._clocks.observe(reading.queues, reading.time)
        moment = Moment(
            now=reading.time + self._offset,
            offset=self._offset,
            run_id=reading.run_id,
            thresholds=thresholds,
            active={name: queue.active for name, queue in reading.queues.items()},
        )
        views = {
            name: view_from_redis(
                self._memory(name), queue, self._clocks.skew(name), moment
            )
            for name, queue in reading.queues.items()
        }
        return _server_view(Source.REDIS, moment.now, views)

    def update_from_api(
        self,
        counts: tuple[QueueCounts, ...],
        listed: Mapping[str, tuple[ListedJob, ...]],
        thresholds: Thresholds,
        now_ms: int,
    ) -> ServerView:
        """Understand a poll of the API; `listed` holds the active jobs per queue."""
        moment = Moment(
            now=now_ms,
            offset=self._offset,
            run_id="",
            thresholds=thresholds,
            active={queue.queue: queue.active for queue in counts},
        )
        views = {
            queue.queue: view_from_api(
                self._memory(queue.queue), queue, listed.get(queue.queue, ()), moment
            )
            for queue in counts
        }
        return _server_view(Source.API, moment.now, views)

    def note_restart(self, at_ms: int) -> None:
        """Remember that the workers were restarted: older heartbeats mean nothing.

        `at_ms` is on the same clock as `now_ms`.
        """
        for memory in self._queues.values():
            memory.worker.note_restart(at_ms - self._offset)

    def suggested_thresholds(self) -> dict[str, int]:
        """Return seconds per job name, learned, where enough was observed."""
        return {
            name: suggested
            for memory in self._queues.values()
            for name, durations in memory.durations.by_name.items()
            if (suggested := durations.suggested_threshold) is not None
        }

    def durations(self, queue: str) -> Mapping[str, DurationStatistics]:
        """Return what is known of how long a queue's jobs take, per job name."""
        memory = self._queues.get(queue)
        return {} if memory is None else memory.durations.by_name

    def usual_duration(self, queue: str, name: str | None = None) -> float | None:
        """Return the median seconds of a queue's jobs, or of one name's."""
        memory = self._queues.get(queue)
        if memory is None:
            return None
        durations = (
            memory.durations.whole if name is None else memory.durations.of(name)
        )
        return None if durations is None else durations.median

    @property
    def positions(self) -> dict[str, str]:
        """Return per queue the id of the last event that was counted.

        For `QueueReader.restore_positions` after `from_dict`: then no event is
        lost or counted twice over a restart of Home Assistant.
        """
        return {
            name: position
            for name, memory in self._queues.items()
            if (position := memory.throughput.position) is not None
        }

    def to_dict(self) -> dict[str, JsonValue]:
        """Return what has to outlive a restart of Home Assistant, as JSON."""
        return {
            "version": VERSION,
            "queues": {name: own.to_dict() for name, own in self._queues.items()},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> Analyst:
        """Go on from `to_dict`; what can't be understood is left out."""
        own = cls()
        if stored_int(stored, "version") == VERSION:
            queues = stored_mapping(stored, "queues")
            own._queues = {
                name: QueueMemory.from_dict(name, stored_mapping(queues, name))
                for name in queues
            }
        return own

    def _memory(self, queue: str) -> QueueMemory:
        return self._queues.setdefault(queue, QueueMemory(queue))


def _server_view(
    source: Source, now: int, queues: Mapping[str, QueueView]
) -> ServerView:
    """Sum up the queues."""
    rates = [
        queue.rate_per_minute
        for queue in queues.values()
        if queue.rate_per_minute is not None
    ]
    timed = [
        (queue.eta, name) for name, queue in queues.items() if queue.eta is not None
    ]
    longest = max(timed, key=lambda item: item[0].finish, default=(None, None))
    return ServerView(
        source=source,
        time=now,
        queues=queues,
        waiting=sum(queue.waiting for queue in queues.values()),
        active=sum(queue.active for queue in queues.values()),
        failed=sum(queue.failed for queue in queues.values()),
        rate_per_minute=significant(sum(rates)) if rates else None,
        rate_is_estimate=source is Source.API,
        eta=longest[0],
        eta_queue=longest[1],
        unknown_layouts=tuple(
            name
            for name, queue in queues.items()
            if queue.layout is Layout.UNKNOWN
            or (queue.layout is not None and not queue.writable)
        ),
    )
