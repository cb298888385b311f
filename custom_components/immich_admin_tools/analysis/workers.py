"""Whether a queue's worker lives.

A living worker writes the heartbeat key (30 s of life) every 30 or 60 s, so 30 s
with and 30 s without it are healthy. It also renews the locks of its jobs and
writes events. Lost = no such sign, and no key for more than 45 s in a row.
"""

from dataclasses import dataclass

from ..bullmq.models import QueueReading
from .clocks import HEARTBEAT_LIFE, PollTimes

ABSENT_TOO_LONG = 45_000
"""ms without the key, and without any other sign, after which a worker is lost."""

_GAPLESS = 25_000
"""ms between two looks below which the key can't have come and gone unseen."""

_IGNORED_TOO_LONG = 150_000
"""ms of work left lying after which a worker is lost even if heartbeats could have
come and gone between two looks: a living one would have dealt with it."""

_IGNORED_LOOKS = 3
"""Looks in a row that must agree on it."""

_SIGNS = frozenset({"active", "completed"})
"""Events that only a worker causes."""


@dataclass(slots=True)
class WorkerLiveness:
    """What is known of one queue's worker. Times: monotonic ms."""

    heartbeat_at: int | None = None
    alive_at: int | None = None
    """Last sign of life of any sort."""
    alive_since: int | None = None
    """Since when it lives without having been lost in between."""
    restarted_at: int | None = None
    """Signs from before this say nothing of the worker of now."""
    lost: bool = False
    _value: int | None = None
    """The last heartbeat that was looked at."""
    _last_look: int | None = None
    _absent_since: int | None = None
    _ignored_since: int | None = None
    _ignored_looks: int = 0

    @property
    def alive(self) -> bool | None:
        """Return whether a worker lives; None before that can be told."""
        if self.lost:
            return False
        return None if self.alive_at is None else True

    def note_restart(self, at: int) -> None:
        """Forget the signs of a worker that was told to end.

        Its heartbeat key outlives it by up to 30 s and would mask the truth.
        """
        self.restarted_at = at
        self.alive_at = self.heartbeat_at = self.alive_since = None
        self._absent_since = self._ignored_since = None
        self._ignored_looks = 0

    def observe(self, queue: QueueReading, times: PollTimes) -> None:
        """Take in one poll."""
        now = times.now
        beat = self._heartbeat(queue, times)
        if beat is not None:
            self.heartbeat_at = beat
        signs = [s for s in _other_signs(queue, times) if self._counts(s)]
        sign = max(signs if beat is None else [beat, *signs], default=None)
        if sign is not None and (self.alive_at is None or sign > self.alive_at):
            self.alive_at = sign
        gapless = self._last_look is not None and now - self._last_look <= _GAPLESS
        self._last_look = now
        if (beat is not None and _expires(queue)) or _is_masked(queue):
            self._absent_since = None
        elif self._absent_since is None or not gapless:
            self._absent_since = now
        if (beat is not None and not _is_masked(queue)) or not _ignored(queue):
            self._ignored_since = None
            self._ignored_looks = 0
        else:
            self._ignored_since = self._ignored_since or now
            self._ignored_looks += 1
        self._decide(now)

    def _heartbeat(self, queue: QueueReading, times: PollTimes) -> int | None:
        """Return when the key was written, None when it tells nothing."""
        beat = queue.heartbeat
        if beat is None:
            return None
        is_known = beat.written_at is not None and beat.written_at == self._value
        self._value = beat.written_at
        if is_known:
            # The same key as before: written when it was.
            return self.heartbeat_at
        at = times.written_at(beat)
        if at is None:
            # Without a usable expiry: it was written since the last look.
            at = self._last_look
        return at if at is not None and self._counts(at) else None

    def _counts(self, sign: int) -> bool:
        """Return whether a sign is of the worker of now."""
        return self.restarted_at is None or sign >= self.restarted_at

    def _decide(self, now: int) -> None:
        """Say lost or not from what was seen so far."""
        silent = self.alive_at is None or now - self.alive_at > ABSENT_TOO_LONG
        absent = (
            self._absent_since is not None
            and now - self._absent_since > ABSENT_TOO_LONG
        )
        # Looks far apart can miss every heartbeat; then only work that a living
        # worker could not have left lying counts.
        ignored = (
            self._ignored_since is not None
            and self._ignored_looks >= _IGNORED_LOOKS
            and now - self._ignored_since > _IGNORED_TOO_LONG
        )
        if silent and (absent or ignored):
            self.lost = True
            self.alive_since = None
        elif not silent:
            if self.lost or self.alive_since is None:
                self.alive_since = now
            self.lost = False


def _other_signs(queue: QueueReading, times: PollTimes) -> list[int]:
    """Return when a worker last renewed a lock or wrote an event."""
    signs = [
        times.now - (HEARTBEAT_LIFE - job.lock_ttl)
        for job in queue.jobs
        if job.lock_ttl is not None
        and 0 < job.lock_ttl <= HEARTBEAT_LIFE
        and not times.jumped
    ]
    signs.extend(
        times.of_event(event.time) for event in queue.events if event.event in _SIGNS
    )
    return signs


def _expires(queue: QueueReading) -> bool:
    """Return whether the key would go without a worker."""
    return queue.heartbeat is not None and queue.heartbeat.ttl > 0


def _is_masked(queue: QueueReading) -> bool:
    """Return whether the clock of Redis went back under the key.

    It then outlives its 30 s, and workers don't write a new one while it stands.
    """
    return queue.heartbeat is not None and queue.heartbeat.ttl > HEARTBEAT_LIFE


def _ignored(queue: QueueReading) -> bool:
    """Return whether there is work that no living worker would leave like this."""
    if queue.active:
        return bool(queue.jobs) and all(job.lock_token is None for job in queue.jobs)
    return queue.waiting > 0 and not queue.is_paused
