"""The clocks of the workers, which need not agree with that of Redis.

`processedOn` is written by the worker. A worker also writes its clock into the
heartbeat key, whose remaining life tells when that was on the clock of Redis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from ..bullmq.models import Heartbeat, QueueReading

HEARTBEAT_LIFE = 30_000
"""ms that BullMQ lets the heartbeat key live (`stalledInterval`)."""

_STEADY = 1_000
"""ms by which a measured skew may move before it is believed: network jitter."""


def written_at(heartbeat: Heartbeat, redis_now: int) -> int | None:
    """Return when the heartbeat was written, ms on the clock of Redis.

    None when the key has no expiry: then nobody knows.
    """
    if not 0 < heartbeat.ttl <= HEARTBEAT_LIFE:
        return None
    return redis_now - (HEARTBEAT_LIFE - heartbeat.ttl)


def skew_of(heartbeat: Heartbeat, redis_now: int) -> int | None:
    """Return by how many ms the worker's clock is ahead of that of Redis."""
    written = written_at(heartbeat, redis_now)
    if written is None or heartbeat.written_at is None:
        return None
    return heartbeat.written_at - written


@dataclass(slots=True)
class WorkerClocks:
    """The last known skew per queue.

    The key is away half of the time, so the last value is kept. A queue without
    one borrows the median of the others, which mostly share its process.
    """

    _skews: dict[str, int] = field(default_factory=dict)

    def observe(self, queues: Mapping[str, QueueReading], redis_now: int) -> None:
        """Take in the heartbeats of one poll."""
        for name, queue in queues.items():
            if queue.heartbeat is None:
                continue
            skew = skew_of(queue.heartbeat, redis_now)
            if skew is None:
                continue
            if abs(skew - self._skews.get(name, 0)) >= _STEADY:
                self._skews[name] = skew
            else:
                self._skews.setdefault(name, 0)

    def skew(self, queue: str) -> int | None:
        """Return the ms to subtract from the worker's clock; None while unknown."""
        if queue in self._skews:
            return self._skews[queue]
        if self._skews:
            return round(median(self._skews.values()))
        return None
