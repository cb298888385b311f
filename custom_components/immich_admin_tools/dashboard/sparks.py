"""How many jobs each of the last minutes brought. Pure."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..analysis.models import QueueView, ServerView

MINUTE = 60_000
MINUTES = 60

LONGEST_GAP = 90_000
"""ms between two polls over which nobody can tell when jobs were done, unless polls are
meant to be rarer."""

WHOLE = 0.9
"""Part of a minute that must have been watched, so that its count says something."""


@dataclass(slots=True)
class _Minute:
    """What was seen of the minute that runs."""

    watched: float = 0
    """ms."""
    jobs: float = 0


@dataclass(slots=True)
class _QueueMinutes:
    """One queue. Minutes are those of the monotonic clock."""

    done: deque[int | None] = field(
        default_factory=lambda: deque([None] * MINUTES, maxlen=MINUTES)
    )
    now: _Minute = field(default_factory=_Minute)
    processed: int | None = None

    def end_minute(self) -> None:
        """Begin a new minute."""
        known = self.now.watched >= WHOLE * MINUTE
        self.done.append(round(self.now.jobs) if known else None)
        self.now = _Minute()


class Sparks:
    """Counts with every poll; the minute that still runs is not shown."""

    def __init__(self) -> None:
        self._queues: dict[str, _QueueMinutes] = {}
        self._minute: int | None = None
        self._at = 0

    def update(self, view: ServerView, interval: int) -> None:
        """Take in a poll; `interval`: ms between two polls, as planned."""
        now = view.now
        minute = now // MINUTE
        for name in [name for name in self._queues if name not in view.queues]:
            del self._queues[name]
        for name in view.queues:
            self._queues.setdefault(name, _QueueMinutes())
        begun, self._at = self._at, now
        if self._minute is None or now < begun:
            self._minute = minute
            begun = now
        watched = now - begun <= max(LONGEST_GAP, 3 * interval)
        found = {
            name: self._jobs(own, view.queues[name], now - begun, watched=watched)
            for name, own in self._queues.items()
        }
        if minute - self._minute > MINUTES:
            self._minute = minute - MINUTES
        while self._minute < minute:
            end = (self._minute + 1) * MINUTE
            self._share(found, begun, end, now)
            begun = max(begun, end)
            for own in self._queues.values():
                own.end_minute()
            self._minute += 1
        self._share(found, begun, now, now)

    def _share(
        self, found: Mapping[str, float | None], begun: int, end: int, now: int
    ) -> None:
        """Give the minute that runs its part of what a poll found; the rest is left."""
        if end <= begun:
            return
        for name, rate in found.items():
            if rate is not None:
                own = self._queues[name].now
                own.watched += end - begun
                own.jobs += rate * (end - begun)

    @staticmethod
    def _jobs(
        own: _QueueMinutes, view: QueueView, passed: int, *, watched: bool
    ) -> float | None:
        """Return the jobs per ms since the last poll; None: nobody can tell."""
        estimate = view.rate_is_estimate or view.processed is None
        # What Redis counts when it is back belongs to minutes that are over.
        before, own.processed = own.processed, None if estimate else view.processed
        if not watched or passed <= 0:
            return None
        if estimate:
            # Immich's API counts no jobs: what the rate is believed to be.
            rate = view.rate_per_minute
            return None if rate is None else rate / MINUTE
        if before is None or view.processed is None:
            return None
        return max(0, view.processed - before) / passed

    def shown(self) -> dict[str, list[int | None]]:
        """Return the whole minutes of each queue, the newest last."""
        return {name: list(own.done) for name, own in self._queues.items()}
