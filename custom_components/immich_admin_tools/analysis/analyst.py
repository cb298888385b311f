"""Turns polls into views: the one door into the analysis.

It keeps what has to be remembered between two polls. Nothing here reads a clock
or does any I/O.
"""

from collections.abc import Collection, Mapping

from ..bullmq.keys import Layout
from ..bullmq.models import JsonValue, RedisReading
from ..immich.models import ListedJob, QueueCounts
from ..serialization import stored_int, stored_mapping
from .clocks import RedisClock, WallClock, WorkerClocks
from .durations import DurationStatistics
from .ignored import IgnoredRuns
from .models import QueueState, QueueView, ServerView, Source
from .pace import significant
from .queue_state import PollContext, QueueMemory, view_from_api, view_from_redis
from .stuck import Thresholds

VERSION = 1
"""Of the stored form."""

USUAL_INTERVAL = 5_000
"""ms between two polls."""


class Analyst:
    """Remembers one Immich from poll to poll."""

    def __init__(self) -> None:
        self._queues: dict[str, QueueMemory] = {}
        self._redis_clock = RedisClock()
        self._worker_clocks = WorkerClocks()
        self._wall_clock = WallClock()
        self.ignored = IgnoredRuns()
        self._told_last: str | None = None
        """The queue whose end was told as the server's."""

    def update_from_redis(
        self,
        reading: RedisReading,
        thresholds: Thresholds,
        now: int | None = None,
        wall: int | None = None,
        interval: int = USUAL_INTERVAL,
    ) -> ServerView:
        """Understand a poll of Redis.

        `now`: when it was begun, ms on a monotonic clock; all is judged by it.
        `wall`: the same moment, ms since the epoch; all is shown by it. A recording
        without either is played on the clock of Redis.
        """
        now = reading.time if now is None else now
        times = self._redis_clock.place(reading, now)
        self._worker_clocks.observe(reading.queues, times)
        moment = PollContext(
            now=now,
            wall_offset=self._wall_clock.place(now, now if wall is None else wall),
            redis_offset=now - reading.time,
            run_id=reading.run_id,
            thresholds=thresholds,
            interval=interval,
            ignored=self.ignored,
            active={name: queue.active for name, queue in reading.queues.items()},
        )
        views = {
            name: view_from_redis(
                self._memory(name),
                queue,
                times,
                self._worker_clocks.ahead(name),
                moment,
            )
            for name, queue in reading.queues.items()
        }
        return _server_view(
            Source.REDIS, moment, views, self._last_to_end(views), reading.latency
        )

    def update_from_api(
        self,
        counts: tuple[QueueCounts, ...],
        listed: Mapping[str, tuple[ListedJob, ...]],
        thresholds: Thresholds,
        now: int,
        wall: int | None = None,
    ) -> ServerView:
        """Understand a poll of the API; `listed` holds the active jobs per queue.

        `now` and `wall` as for `update_from_redis`.
        """
        moment = PollContext(
            now=now,
            wall_offset=self._wall_clock.place(now, now if wall is None else wall),
            redis_offset=None,
            run_id="",
            thresholds=thresholds,
            interval=USUAL_INTERVAL,
            ignored=self.ignored,
            active={queue.queue: queue.active for queue in counts},
        )
        views = {
            queue.queue: view_from_api(
                self._memory(queue.queue), queue, listed.get(queue.queue, ()), moment
            )
            for queue in counts
        }
        return _server_view(Source.API, moment, views, self._last_to_end(views))

    def note_restart(self, at: int) -> None:
        """Remember that the workers were restarted: older heartbeats mean nothing.

        `at` is on the monotonic clock, as `now`.
        """
        for memory in self._queues.values():
            memory.worker.note_restart(at)

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

    def long_duration(self, queue: str) -> float | None:
        """Return the seconds within which nearly all of a queue's jobs end."""
        memory = self._queues.get(queue)
        return None if memory is None else memory.durations.whole.p99

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

    @property
    def counted_so_far(self) -> dict[str, tuple[int | str | None, ...]]:
        """Return what differs when there is something new to store."""
        return {name: memory.counted_so_far for name, memory in self._queues.items()}

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

    def _last_to_end(self, views: Mapping[str, QueueView]) -> str | None:
        """Return the queue that is done last.

        It stays the one that was told until another one's end lies beyond its range:
        two queues of about the same length would take turns at every poll.
        """
        ends = {name: view.eta for name, view in views.items() if view.eta is not None}
        longest = max(ends, key=lambda name: ends[name].finish, default=None)
        told = ends.get(self._told_last) if self._told_last is not None else None
        if longest is None or told is None or ends[longest].finish > told.high:
            self._told_last = longest
        return self._told_last

    def _memory(self, queue: str) -> QueueMemory:
        memory = self._queues.get(queue)
        if memory is None:
            memory = self._queues[queue] = QueueMemory(queue)
        return memory


def _server_view(
    source: Source,
    moment: PollContext,
    queues: Mapping[str, QueueView],
    last_to_end: str | None,
    latency: float | None = None,
) -> ServerView:
    """Sum up the queues."""
    return ServerView(
        source=source,
        time=moment.shown(moment.now),
        now=moment.now,
        latency=latency,
        run_id=moment.run_id or None,
        queues=queues,
        waiting=sum(queue.waiting for queue in queues.values()),
        active=sum(queue.active for queue in queues.values()),
        failed=sum(queue.failed for queue in queues.values()),
        rate_per_minute=_rate(queues.values()),
        rate_is_estimate=source is Source.API,
        eta=None if last_to_end is None else queues[last_to_end].eta,
        eta_queue=last_to_end,
        unknown_layouts=tuple(
            name
            for name, queue in queues.items()
            if queue.layout is Layout.UNKNOWN
            or (queue.layout is not None and not queue.writable)
        ),
    )


def _rate(queues: Collection[QueueView]) -> float | None:
    """Return what the running queues do together; 0 when there is nothing to do."""
    running = [queue for queue in queues if queue.state is QueueState.RUNNING]
    counted = running or [q for q in queues if q.state is not QueueState.PAUSED]
    rates = [q.rate_per_minute for q in counted if q.rate_per_minute is not None]
    return significant(sum(rates)) if rates else None
