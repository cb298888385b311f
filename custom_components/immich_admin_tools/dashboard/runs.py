"""Since when a queue has had work, and how much of it is done. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..analysis.models import IDLE_AFTER, QueueView, ServerView, Source
from ..bullmq.models import JsonValue
from ..serialization import from_json, stored_mapping, to_json

ALL = ""
"""The run of all queues together."""


@dataclass(frozen=True, slots=True)
class Run:
    """Work since there last was none."""

    since: int
    """ms since the epoch."""
    done: int
    """Jobs that were seen to end; never more than there were."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A run, with what tells whether it went on meanwhile."""

    since: int
    done: int
    seen: int
    """When it was looked at last; ms since the epoch."""
    left: int
    """Jobs that waited or were active then."""
    processed: Mapping[str, int]
    """Counts of then, by queue."""


@dataclass(slots=True)
class _Work:
    """A run as it goes on."""

    since: int
    done: int
    quiet_since: int | None = None
    """Monotonic ms."""


@dataclass(slots=True)
class _Counts:
    """What a poll says of a queue, or of all of them."""

    left: int
    processed: Mapping[str, int] = field(default_factory=dict)


class Runs:
    """Follows the work with every poll, also over restarts of Home Assistant.

    What can't be known is left out: after a time in which nobody looked, a run goes on
    only where its work can't have ended meanwhile.
    """

    def __init__(self) -> None:
        self._work: dict[str, _Work] = {}
        self._counts: dict[str, _Counts] = {}
        self._stored: dict[str, _Stored] = {}
        """To be compared with the first poll."""
        self._unknown: set[str] = set()
        """Queues that have had work for nobody knows how long."""
        self._seen_at = 0
        """ms since the epoch."""
        self._looked_at: int | None = None
        """The same moment, monotonic."""

    def update(self, view: ServerView) -> None:
        """Take in a poll."""
        if view.source is not Source.REDIS:
            # What is done can't be counted; it is when Redis is back, from its events.
            return
        gap = 0 if self._looked_at is None else view.now - self._looked_at
        self._seen_at, self._looked_at = view.time, view.now
        counts = {name: _counts(queue) for name, queue in view.queues.items()}
        counts[ALL] = _Counts(
            sum(own.left for own in counts.values()),
            {key: n for own in counts.values() for key, n in own.processed.items()},
        )
        emptied = {name for name, queue in view.queues.items() if queue.restarted}
        if emptied:
            emptied.add(ALL)
        for name, own in counts.items():
            self._update(name, own, view, gap, emptied=name in emptied)
        for name in [name for name in self._counts if name not in counts]:
            self._forget(name)

    def _update(
        self, name: str, counts: _Counts, view: ServerView, gap: int, *, emptied: bool
    ) -> None:
        before = self._counts.get(name)
        self._counts[name] = counts
        if before is None:
            stored = self._stored.pop(name, None)
            if counts.left:
                if stored is not None and _went_on(stored, counts, view.time):
                    done = stored.done + _since(stored.processed, counts)
                    self._work[name] = _Work(stored.since, done)
                else:
                    self._unknown.add(name)
            return
        if emptied:
            # What waited is lost, not done.
            self._work.pop(name, None)
            self._unknown.discard(name)
        done = 0 if emptied else _since(before.processed, counts)
        work = self._work.get(name)
        if work is not None and gap >= IDLE_AFTER and done >= before.left:
            # It may have been idle while nobody looked.
            del self._work[name]
            work = None
            self._unknown.add(name)
        if counts.left or done:
            if work is not None:
                work.done += done
                work.quiet_since = None if counts.left else work.quiet_since
            elif name not in self._unknown:
                work = self._work[name] = _Work(view.time, done)
        if counts.left:
            return
        if work is None:
            self._unknown.discard(name)
        elif work.quiet_since is None:
            work.quiet_since = view.now
        elif view.now - work.quiet_since >= IDLE_AFTER:
            del self._work[name]

    def _forget(self, name: str) -> None:
        self._counts.pop(name, None)
        self._work.pop(name, None)
        self._unknown.discard(name)

    def of(self, name: str = ALL) -> Run | None:
        """Return the run of a queue; None: it has no work, or that is not known."""
        work = self._work.get(name)
        return None if work is None else Run(work.since, work.done)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON, with when it was seen."""
        return {
            name: to_json(
                _Stored(
                    work.since,
                    work.done,
                    self._seen_at,
                    self._counts[name].left,
                    self._counts[name].processed,
                )
            )
            for name, work in self._work.items()
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> Runs:
        """Go on from `to_dict`; what can't be understood is left out."""
        runs = cls()
        for name in stored:
            if (own := from_json(_Stored, stored_mapping(stored, name))) is not None:
                runs._stored[name] = own
        return runs


def _counts(queue: QueueView) -> _Counts:
    processed = queue.processed
    return _Counts(
        queue.waiting + queue.active,
        {} if processed is None else {queue.name: processed},
    )


def _since(before: Mapping[str, int], now: _Counts) -> int:
    """Return the jobs that ended meanwhile."""
    return sum(
        max(0, count - before[name])
        for name, count in now.processed.items()
        if name in before
    )


def _went_on(stored: _Stored, counts: _Counts, wall: int) -> bool:
    """Return whether the work can't have ended while nobody looked.

    The time was shorter than it takes to call a queue idle, or fewer jobs ended than
    there were.
    """
    if not stored.processed.keys() <= counts.processed.keys():
        return False
    return (
        0 <= wall - stored.seen < IDLE_AFTER
        or _since(stored.processed, counts) < stored.left
    )
