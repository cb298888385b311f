"""What a poll says of the work of one host. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ..analysis.models import QueueView, ServerView

MINUTES_PER_HOUR = 60

SAME_CLOCK = 2_000
"""ms by which the time of a poll may be off: clocks that differ by less count as one."""


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a host's queues."""

    backlog: int
    """All jobs that wait."""
    startable: int
    """Those of them that the user does not hold back."""
    waited: int
    """ms that the next of these has waited."""
    busy: bool
    """Whether a job is active, or a lock of one alive."""


@dataclass(slots=True)
class WorkWatch:
    """Looks at the queues of one host, poll after poll."""

    queues: tuple[str, ...]
    _waiting_since: dict[str, int] = field(default_factory=dict)
    _held_since: int | None = None
    _clear: set[int] = field(default_factory=set)

    def look(
        self,
        view: ServerView,
        held_back: Collection[str],
        locks: Callable[[str], int],
        now: int,
    ) -> Work:
        """Return what a poll says.

        `held_back`: queues that the user paused. `locks` returns how many workers of
        a queue hang on to a job that was taken from them.
        """
        own = [view.queues[queue] for queue in self.queues if queue in view.queues]
        startable = [queue for queue in own if queue.name not in held_back]
        return Work(
            backlog=sum(queue.waiting for queue in own),
            startable=sum(queue.waiting for queue in startable),
            waited=max((self._waited(queue, now) for queue in startable), default=0),
            busy=any(_busy(queue) or locks(queue.name) for queue in own),
        )

    def _waited(self, queue: QueueView, now: int) -> int:
        """Return how long the next job of a queue has waited."""
        if queue.waiting == 0:
            self._waiting_since.pop(queue.name, None)
            return 0
        # The API does not tell: then since somebody was first seen waiting.
        first = self._waiting_since.setdefault(queue.name, now)
        return max(0, now - (queue.next_added_at or first))

    def drained(self, view: ServerView, work: Work, *, held: bool, now: int) -> bool:
        """Return whether two polls since the pause found nothing active or locked.

        `held`: whether all queues are certainly paused. To be called with each poll
        while the host is emptied.
        """
        paused = all(
            view.queues[queue].is_paused
            for queue in self.queues
            if queue in view.queues
        )
        if not held or not paused or work.busy:
            self.not_drained()
            if held:
                self._held_since = now
            return False
        if self._held_since is None:
            self._held_since = now
        if view.time > self._held_since + SAME_CLOCK:
            self._clear.add(view.time)
        return len(self._clear) >= 2

    def not_drained(self) -> None:
        """Begin anew."""
        self._held_since = None
        self._clear.clear()


def _busy(queue: QueueView) -> bool:
    return queue.active > 0 or bool(queue.jobs)


def measured_rates(
    queues: Collection[str], view: ServerView, before: Mapping[str, int]
) -> Mapping[str, int]:
    """Return the jobs an hour of each queue, as measured now or else before."""
    rates = dict(before)
    for name in queues:
        queue = view.queues.get(name)
        if queue is not None and queue.active and queue.rate_per_minute:
            rates[name] = max(1, round(queue.rate_per_minute * MINUTES_PER_HOUR))
    return rates


def expected_run(
    queues: Collection[str], view: ServerView, rates: Mapping[str, int]
) -> int | None:
    """Return the seconds that the work that waits will take; None: not known yet."""
    longest = 0
    for name in queues:
        queue = view.queues.get(name)
        if queue is None or queue.waiting == 0:
            continue
        if not (rate := rates.get(name)):
            return None
        longest = max(longest, round(queue.waiting * 3600 / rate))
    return longest
