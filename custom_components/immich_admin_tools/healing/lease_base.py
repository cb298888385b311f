"""What is known of the leases of one Immich, and how that is stored and told."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
import logging

from ..immich.errors import ImmichError
from .errors import EndedError
from .lease_models import PauseApi, PauseChange, PauseOwner
from .lease_shelf import LeaseShelf
from .leases import LeaseBook, Phase, Reason
from .safety import Section

_LOGGER = logging.getLogger(__name__)

type Started = Callable[[], Awaitable[bool | None]]
"""Returns whether Immich has just started anew; None when nobody can tell."""

INSIST_WITHIN = 600_000
"""ms: where it can't be told whether Immich's start or the user resumed a queue, a
second resume within this time is the user's."""


class LeaseBase:
    """The book, its shelf, and whom to ask and to tell; the keeper acts on it."""

    def __init__(
        self,
        api: PauseApi,
        section: Section,
        wall: Callable[[], int],
        on_change: Callable[[PauseChange], None] | None = None,
        *,
        now: Callable[[], int] | None = None,
        started: Started | None = None,
    ) -> None:
        """Go on from what is stored.

        `wall` returns ms since the epoch, `now` ms on a clock that never jumps; where
        the wall clock is made and never does, it serves as both.
        """
        self._api = api
        self._wall = wall
        self._now = now or wall
        self._on_change = on_change
        self._started = started
        self.before_resume: Callable[[Collection[str]], Awaitable[None]] | None = None
        """Awaited just before queues go on; must return soon and never raise."""
        self._shelf = LeaseShelf(section, wall, self._now)
        self._ended = False
        self._insisted: dict[str, int] = {}
        """When queues were paused again that Immich, or the user, had resumed."""
        self._lock = asyncio.Lock()
        self._left_alone: frozenset[str] = frozenset()
        self._paused_by_user: set[str] = set()
        self._away: set[str] = set()
        """Queues to be resumed that Immich does not know, until they are seen again."""
        self._failing = False
        self._interrupted = False

    @property
    def book(self) -> LeaseBook:
        """Return what is known."""
        return self._book

    @property
    def _book(self) -> LeaseBook:
        return self._shelf.book

    def close(self) -> None:
        """Do nothing any more: the entry has ended, and another keeper may be at work."""
        self._ended = True

    def _check(self) -> None:
        """Raise EndedError after the end of the entry."""
        if self._ended:
            raise EndedError("The entry was unloaded: nothing is paused or resumed")

    def owner(self, queue: str) -> PauseOwner | None:
        """Return who keeps a queue paused; None when no lease does."""
        pause = self._book.pauses.get(queue)
        if pause is None or pause.phase is Phase.ENDING:
            return None
        if pause.by_hand:
            return PauseOwner(None)
        last = pause.longest
        return PauseOwner(last.reason, last.since, last.until)

    def paused_by_user(self, queue: str) -> bool:
        """Return whether a pause is known to be the user's, such as one through us."""
        return queue in self._paused_by_user

    async def is_paused(self, queue: str) -> bool:
        """Ask Immich whether a queue is paused. Raises ImmichError."""
        return (await self._api.queue(queue)).is_paused

    async def _was_immich(self, queue: str) -> bool:
        """Return whether Immich itself resumed a queue, as it does when it starts.

        Where nobody can tell, the first time counts as that, and the second soon
        afterwards as the user's.
        """
        started = None if self._started is None else await self._started()
        if started is None:
            last = self._insisted.get(queue)
            started = last is None or self._now() - last > INSIST_WITHIN
        if started:
            self._insisted[queue] = self._now()
        return started

    async def _store(self, book: LeaseBook) -> None:
        """Write a book down and take it over. Raises NotStoredError."""
        await self._shelf.store(book)

    async def _try_to_store(self, book: LeaseBook) -> None:
        """Take a book over even if it can't be written down. Raises EndedError."""
        await self._shelf.try_to_store(book)

    def _tell(
        self, queue: str, is_paused: bool, reason: Reason | None, *, by_user: bool
    ) -> None:
        """Report a change."""
        if self._on_change is not None:
            self._on_change(
                PauseChange(queue, is_paused, reason, by_user, self._wall())
            )

    def _log(self, failed: Mapping[str, ImmichError]) -> None:
        """Log the first failure of a row, and its end."""
        if failed and not self._failing:
            queue, error = next(iter(failed.items()))
            _LOGGER.warning("%s can't be paused or resumed yet: %s", queue, error)
        elif self._failing and not failed:
            _LOGGER.info("Queues are paused and resumed as planned again")
        self._failing = bool(failed)
