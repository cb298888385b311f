"""The clocks of others, placed on ours.

Everything is judged on Home Assistant's monotonic clock. Redis' clock (the ids of
events), the workers' clocks (`processedOn`) and Home Assistant's wall clock may each
jump at any moment, as when one is put right or another server takes over. What they
tell is turned into a monotonic time once, when it is first seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from ..bullmq.models import Heartbeat, QueueReading, RedisReading

HEARTBEAT_LIFE = 30_000
"""ms that BullMQ lets the heartbeat key live (`stalledInterval`)."""

_STEADY = 1_000
"""ms by which a measured clock may move before it is believed: network jitter."""

_SAME_CLOCK = 2_000
"""ms by which two clocks may differ before it is taken for more than delay."""


@dataclass(frozen=True, slots=True)
class PollTimes:
    """Places what one poll of Redis tells on the monotonic clock."""

    now: int
    """When the poll was begun."""
    redis_now: int
    """The same moment on the clock of Redis."""
    since: int | None = None
    """When the poll before was begun; None at the first one."""
    jumped: bool = False
    """Whether the clock of Redis jumped since then."""

    def of_event(self, at: int) -> int:
        """Return when an entry of the stream was written; the poll brought it."""
        placed = min(self.now, self.now - (self.redis_now - at))
        if self.jumped and self.since is not None:
            return max(placed, self.since)
        return placed

    def written_at(self, heartbeat: Heartbeat) -> int | None:
        """Return when a heartbeat was written, by the life that is left to it.

        None when that says nothing: no expiry, or one from before a jump.
        """
        if self.jumped or not 0 < heartbeat.ttl <= HEARTBEAT_LIFE:
            return None
        return self.now - (HEARTBEAT_LIFE - heartbeat.ttl)

    def can_time(self, queue: QueueReading) -> bool:
        """Return whether the ids of a queue's events tell times.

        After its clock went back Redis gives out ids of the same ms until that is
        reached again.
        """
        return not self.jumped and not any(
            event.time > self.redis_now + _AHEAD for event in queue.events[-1:]
        )


_AHEAD = 15_000
"""ms that events may be ahead of the beginning of the poll that read them."""


@dataclass(slots=True)
class RedisClock:
    """Notices when the clock of Redis jumps."""

    _last: PollTimes | None = None
    _latency: int = 0

    def place(self, reading: RedisReading, now: int) -> PollTimes:
        """Take in a poll that was begun at `now`."""
        latency = round(reading.latency * 1000)
        last, jumped = self._last, False
        if last is not None:
            moved = (reading.time - last.redis_now) - (now - last.now)
            # Redis tells its time at any moment of a poll.
            jumped = abs(moved) > _SAME_CLOCK + max(latency, self._latency)
        self._latency = latency
        self._last = PollTimes(
            now, reading.time, None if last is None else last.now, jumped
        )
        return self._last


@dataclass(slots=True)
class WallClock:
    """What to add to a monotonic time to show it; follows jumps of the wall clock."""

    offset: int = 0

    def place(self, now: int, wall: int) -> int:
        """Take in one moment on both clocks; return the offset.

        Small differences are left, so that what is shown does not tremble.
        """
        if abs(wall - now - self.offset) > _SAME_CLOCK:
            self.offset = wall - now
        return self.offset


@dataclass(slots=True)
class WorkerClocks:
    """By how many ms the workers' clocks are ahead of the monotonic one, per queue.

    The key is away half of the time, so the last value is kept. A queue without
    one borrows the median of the others, which mostly share its process.
    """

    _ahead: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    """Last heartbeat looked at: it tells something only once."""

    def observe(self, queues: Mapping[str, QueueReading], times: PollTimes) -> None:
        """Take in the heartbeats of one poll."""
        for name, queue in queues.items():
            beat = queue.heartbeat
            if beat is None or beat.written_at is None:
                continue
            known = self._seen.get(name)
            if beat.written_at == known:
                continue
            self._seen[name] = beat.written_at
            at = times.written_at(beat)
            if at is None:
                continue
            ahead = beat.written_at - at
            if name not in self._ahead or abs(ahead - self._ahead[name]) >= _STEADY:
                self._ahead[name] = ahead

    def ahead(self, queue: str) -> int | None:
        """Return the ms to subtract from the worker's clock; None while unknown."""
        if queue in self._ahead:
            return self._ahead[queue]
        if self._ahead:
            return round(median(self._ahead.values()))
        return None


def iso(milliseconds: int | None) -> str | None:
    """Return a time as attributes and answers have it: ISO, in UTC, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat()
