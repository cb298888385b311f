"""What a poll says of the work of one host. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ..analysis.models import QueueView, ServerView
from .clocks import Clocks

MINUTES_PER_HOUR = 60

MISSING_POLLS = 10
"""Polls without a queue until it is one that Immich has dropped (a choice)."""
LOOKS_NEEDED = 2
"""Polls that must find nothing active or locked, after the first one since the pause:
that one may have been under way when the pause was made."""


@dataclass(frozen=True, slots=True)
class HostWork:
    """The work of a host's queues. None: it can't be told, as queues are missing."""

    backlog: int | None
    """All jobs that wait."""
    startable: int | None
    """Those of them that the user does not hold back."""
    waited: int
    """ms that the next of these has waited."""
    busy: bool | None
    """Whether a job is active, or a lock of one alive."""


@dataclass(slots=True)
class WorkWatch:
    """Looks at the queues of one host, poll after poll."""

    queues: tuple[str, ...]
    waiting_since: dict[str, int] = field(default_factory=dict)
    """Monotonic ms, for the queues whose next job's time the API does not tell."""
    polls: int = 0
    """Polls that were seen: each is a new view."""
    _view: ServerView | None = None
    _missing: dict[str, int] = field(default_factory=dict)
    _added: dict[str, tuple[int, int]] = field(default_factory=dict)
    _held_at: int | None = None

    def see(self, view: ServerView) -> bool:
        """Take in a view; return whether it is new."""
        if view is self._view:
            return False
        self._view = view
        self.polls += 1
        for queue in self.queues:
            if queue in view.queues:
                self._missing.pop(queue, None)
            else:
                self._missing[queue] = self._missing.get(queue, 0) + 1
        return True

    @property
    def known(self) -> bool:
        """Return whether what the view says stands for all queues of the host.

        A queue that is missing for a moment may have work. One that is missing for
        long was dropped by Immich; but a host with no queue at all has a wrong name.
        """
        missing = self._missing
        return len(missing) < len(self.queues) and all(
            polls >= MISSING_POLLS for polls in missing.values()
        )

    def look(
        self,
        view: ServerView,
        held_back: Collection[str],
        locks: Callable[[str], int],
        clocks: Clocks,
    ) -> HostWork:
        """Return what a poll says.

        `held_back`: queues that the user paused. `locks` returns how many workers of
        a queue hang on to a job that was taken from them.
        """
        self.see(view)
        own = [view.queues[queue] for queue in self.queues if queue in view.queues]
        startable = [queue for queue in own if queue.name not in held_back]
        waits = sum(queue.waiting for queue in own)
        may_start = sum(queue.waiting for queue in startable)
        busy = any(_busy(queue) or locks(queue.name) for queue in own)
        known = self.known
        return HostWork(
            backlog=waits if known or waits else None,
            startable=may_start if known or may_start else None,
            waited=max((self._waited(queue, clocks) for queue in startable), default=0),
            busy=busy if known or busy else None,
        )

    def _waited(self, queue: QueueView, clocks: Clocks) -> int:
        """Return how long the next job of a queue has waited."""
        now = clocks.now()
        if queue.waiting == 0:
            self.waiting_since.pop(queue.name, None)
            self._added.pop(queue.name, None)
            return 0
        # The API does not tell: then since somebody was first seen waiting.
        first = self.waiting_since.setdefault(queue.name, now)
        if queue.next_added_at is None:
            return max(0, now - first)
        known = self._added.get(queue.name)
        if known is None or known[0] != queue.next_added_at:
            # Once for each job: the wall clock may be put right while it waits.
            known = (queue.next_added_at, clocks.monotonic_of(queue.next_added_at))
            self._added[queue.name] = known
        return max(0, now - known[1])

    def drained(self, view: ServerView, work: HostWork, *, held: bool) -> bool:
        """Return whether polls since the pause found nothing active or locked.

        `held`: whether all queues are certainly paused. To be called with each poll
        while the host is emptied.
        """
        own = [view.queues[queue] for queue in self.queues if queue in view.queues]
        paused = bool(own) and all(queue.is_paused for queue in own)
        if not held or not paused or work.busy is not False:
            self.not_drained()
            if held:
                self._held_at = self.polls
            return False
        if self._held_at is None:
            self._held_at = self.polls
        # The next poll may have begun before the pause.
        return self.polls > self._held_at + LOOKS_NEEDED

    def not_drained(self) -> None:
        """Begin anew."""
        self._held_at = None


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
