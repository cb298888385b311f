"""Which queues are paused on behalf of a host. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
import logging

from ..analysis.models import ServerView
from ..healing.errors import EndedError, NotStoredError
from ..immich.errors import ImmichError
from ..pauses.keeper import LeaseKeeper
from ..pauses.leases import LeaseKind, LeaseReason, Phase
from .models import LEAVING, HostState


@dataclass(frozen=True, slots=True)
class HostStatus:
    """How a host stands, as far as pauses depend on it."""

    queues: tuple[str, ...]
    state: HostState
    safe: bool | None
    """Whether it answers; None before that is known."""
    pause_offline: bool
    restarting: bool = False
    """Whether its machine learning is being restarted."""
    resting: bool = False
    """Whether another Immich is emptying the same machine or switching it off."""

    @property
    def serves(self) -> bool:
        """Return whether jobs that are begun now are done by it."""
        return self.safe is True and not self.is_resting

    @property
    def is_resting(self) -> bool:
        """Return whether no job may be begun on purpose."""
        return self.restarting or self.resting or self.state in LEAVING


def queues_to_pause(
    host: str, hosts: Mapping[str, HostStatus]
) -> Collection[str] | None:
    """Return the queues that must not begin jobs because of a host.

    None: that is not known yet, and everything stays as it is. While a host is
    emptied, all its queues rest: nobody can tell which host a job went to. A host that
    does not answer is no reason where another one serves the queue.
    """
    own = hosts[host]
    if own.is_resting:
        return own.queues
    if not own.pause_offline or own.safe:
        return ()
    if own.safe is None:
        return None
    served = {
        queue
        for name, other in hosts.items()
        if name != host and other.serves
        for queue in other.queues
    }
    return tuple(queue for queue in own.queues if queue not in served)


_LOGGER = logging.getLogger(__name__)


class HostLeases:
    """What one host has to do with the leases of its Immich."""

    def __init__(
        self,
        leases: LeaseKeeper,
        host_id: str,
        queues: tuple[str, ...],
        polls: Callable[[], int],
    ) -> None:
        """Hold leases in the name of a host; `polls` counts the views that were seen."""
        self.reason = LeaseReason(LeaseKind.GPU_OFFLINE, host_id)
        self._leases = leases
        self._queues = queues
        self._polls = polls
        self._let_go_at: dict[str, int] = {}
        self._failing: frozenset[str] = frozenset()

    def held_back(self, view: ServerView) -> Collection[str]:
        """Return the queues that the user paused, by hand or for a while."""
        return [
            queue
            for queue in self._queues
            if queue in view.queues
            and self._is_users(queue, is_paused=self._was_paused(queue, view))
        ]

    def _was_paused(self, queue: str, view: ServerView) -> bool:
        """Return whether a queue is paused; a poll from before we let it go is old news."""
        if not view.queues[queue].is_paused:
            return False
        # The next one may have been under way then.
        let_go_at = self._let_go_at.get(queue)
        return let_go_at is None or self._polls() > let_go_at + 1

    def _is_users(self, queue: str, *, is_paused: bool) -> bool:
        owner = self._leases.owner(queue)
        if owner is None:
            return is_paused and queue not in self._leases.book.pauses
        return owner.reason is None or owner.reason.kind is LeaseKind.USER

    def all_held(self, view: ServerView) -> bool:
        """Return whether leases hold all queues, and Immich has confirmed it."""
        pauses = self._leases.book.pauses
        seen = [queue for queue in self._queues if queue in view.queues]
        return bool(seen) and all(
            (pause := pauses.get(queue)) is not None and pause.phase is Phase.HELD
            for queue in seen
        )

    @property
    def overruled(self) -> frozenset[str]:
        """Return the queues that the user let go on in spite of this host."""
        blocked = self._leases.book.blocked
        return frozenset(queue for queue, of in blocked if of == self.reason)

    @property
    def holding(self) -> frozenset[str]:
        """Return the queues with a lease of this host."""
        return frozenset(
            queue
            for queue, pause in self._leases.book.pauses.items()
            if any(lease.reason == self.reason for lease in pause.leases)
        )

    async def apply(self, wanted: Collection[str], view: ServerView | None) -> None:
        """Hold leases on these queues and on no others."""
        known = self.holding | self.overruled
        missing = [
            queue
            for queue in wanted
            if queue not in known and (view is None or queue in view.queues)
        ]
        if missing:
            await self.take(missing)
        else:
            self._failing = frozenset()
        if over := known - set(wanted):
            try:
                await self._leases.end(self.reason, over)
            except EndedError:
                # Whoever sets the entry up again goes on from what is stored.
                return
            self.note_let_go(over)

    def note_let_go(self, queues: Collection[str]) -> None:
        """Note that we let queues go on: earlier polls say that they are paused."""
        self._let_go_at |= dict.fromkeys(queues, self._polls())

    async def take(self, queues: Collection[str]) -> None:
        """Pause queues; what can't be done now is tried again.

        Logs a queue's first failure of a row, and its end: it is tried with every probe.
        """
        try:
            await self._leases.take(self.reason, queues)
        except EndedError:
            # Whoever sets the entry up again goes on from what is stored.
            return
        except (ImmichError, NotStoredError) as error:
            if not self._failing.issuperset(queues):
                _LOGGER.warning(
                    "Queues of the GPU box cannot be paused (%s): %s",
                    ", ".join(queues),
                    error,
                )
            self._failing |= set(queues)
            return
        if again := self._failing.intersection(queues):
            _LOGGER.info(
                "Queues of the GPU box can be paused again: %s",
                ", ".join(sorted(again)),
            )
        self._failing -= again
