"""Keeps the leases: what the book says is done in Immich, also after a crash."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
import logging

from ..analysis.stored import stored_mapping, stored_str
from ..immich.errors import CannotConnectError, ImmichError, UnknownQueueError
from .errors import NotStoredError
from .lease_models import PauseApi, PauseChange, PauseOwner, Taken
from .leases import USER, Lease, LeaseBook, Phase, Reason
from .safety import Section

_LOGGER = logging.getLogger(__name__)


class LeaseKeeper:
    """Pauses and resumes the queues of one Immich as its book says.

    One step at a time: each is stored, then done. What can't be done is tried again
    with every poll. A queue that is resumed in spite of a lease, and not by us, was
    resumed by the user in Immich's own pages; but when Redis was started anew
    (`run` differs), it was Redis that forgot, and the queue is paused again.
    """

    def __init__(
        self,
        api: PauseApi,
        section: Section,
        now: Callable[[], int],
        on_change: Callable[[PauseChange], None] | None = None,
    ) -> None:
        """Go on from what is stored; `now` returns ms since the epoch."""
        self._api = api
        self._section = section
        self._now = now
        self._on_change = on_change
        self.before_resume: Callable[[Collection[str]], Awaitable[None]] | None = None
        """Awaited just before queues go on; must return soon and never raise."""
        self._book = LeaseBook.from_dict(stored_mapping(section.data, "book"))
        self._run = stored_str(section.data, "run")
        self._lock = asyncio.Lock()
        self._left_alone: frozenset[str] = frozenset()
        self._paused_by_user: set[str] = set()
        self._failing = False
        self._interrupted = False

    @property
    def book(self) -> LeaseBook:
        """Return what is known."""
        return self._book

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
        """Return whether the user paused a queue through us, as far as is known."""
        return queue in self._paused_by_user

    async def is_paused(self, queue: str) -> bool:
        """Ask Immich whether a queue is paused. Raises ImmichError."""
        return (await self._api.queue(queue)).is_paused

    async def take(
        self, reason: Reason, queues: Collection[str], until: int | None = None
    ) -> Taken:
        """Pause queues until `end`, or until a time (ms since the epoch).

        Raises NotStoredError, and ImmichError when a queue can't even be looked at:
        then nothing was changed.
        """
        async with self._lock:
            book = self._book
            lease = Lease(reason, self._now(), until)
            blocked = tuple(it for it in queues if book.is_blocked(it, reason))
            wanted = [queue for queue in queues if queue not in blocked]
            for queue in wanted:
                # In a queue that has leases, a pause is no sign of the user.
                is_paused = queue not in book.pauses and (await self.is_paused(queue))
                book = book.taken(queue, lease, is_paused=is_paused)
            await self._store(book)
            failed = await self._enforce()
            return Taken(
                held=tuple(queue for queue in wanted if queue not in failed),
                pending={it: failed[it] for it in wanted if it in failed},
                blocked=blocked,
            )

    async def end(
        self, reason: Reason, queues: Collection[str] | None = None
    ) -> Mapping[str, ImmichError]:
        """Say that a reason is gone, for all queues or for some; let them go on.

        Returns the queues that could not be resumed yet.
        """
        async with self._lock:
            return await self._go_on(self._book.ended(reason, queues))

    async def end_all(self) -> Mapping[str, ImmichError]:
        """End all leases, as nobody will be there to do it later."""
        async with self._lock:
            book = self._book
            for pause in self._book.pauses.values():
                for lease in pause.leases:
                    book = book.ended(lease.reason)
            return await self._go_on(book)

    async def user_pauses(self, queue: str, until: int | None = None) -> None:
        """Pause a queue for the user. Raises ImmichError and NotStoredError.

        Without a time it is never undone by us.
        """
        if until is not None:
            taken = await self.take(USER, [queue], until)
            if error := taken.pending.get(queue):
                await self.end(USER, [queue])
                raise error
            return
        async with self._lock:
            before = self._book
            await self._store(before.paused_by_user(queue))
            try:
                await self._api.pause(queue)
            except ImmichError:
                await self._try_to_store(before)
                raise
            self._paused_by_user.add(queue)
            await self._try_to_store(self._book.confirmed(queue))
            self._tell(queue, True, None, by_user=True)

    async def user_resumes(self, queue: str) -> None:
        """Let a queue go on for the user, whoever paused it. Raises ImmichError."""
        async with self._lock:
            before = self._book
            owner = self.owner(queue)
            await self._try_to_store(before.resumed_by_user(queue))
            await self._get_ready([queue])
            try:
                await self._api.resume(queue)
            except ImmichError:
                await self._try_to_store(before)
                raise
            self._paused_by_user.discard(queue)
            await self._try_to_store(self._book.without(queue))
            self._tell(queue, False, owner.reason if owner else None, by_user=True)

    async def update(self, seen: Mapping[str, bool], run: str | None) -> None:
        """Take in a poll: whether each queue is paused, and in which run of Redis.

        Ends leases whose time is over, tries again what failed, notices what the
        user did elsewhere. Skipped while another step is under way.
        """
        if self._lock.locked():
            return
        async with self._lock:
            self._paused_by_user -= {
                queue
                for queue, is_paused in seen.items()
                if not is_paused and queue not in self._left_alone
            }
            if run is not None and run != self._run:
                forgotten = self._run is not None
                self._run = run
                self._interrupted |= forgotten
            if not self._book.pauses:
                self._interrupted = False
                return
            if self._interrupted:
                self._interrupted = False
                await self._try_to_store(self._book.unsure())
            await self._notice(seen)
            await self._go_on(self._book.expired(self._now()))

    def note_interruption(self) -> None:
        """Note that nobody could look for a while: pauses may have been lost."""
        self._interrupted = True

    async def reassert(self, queues: Collection[str]) -> None:
        """Pause again those of some queues that have leases."""
        async with self._lock:
            await self._go_on(self._book.unsure(queues))

    @contextmanager
    def leaving_alone(self, queues: Collection[str]) -> Iterator[None]:
        """Do not take it for the user's act when these queues are resumed meanwhile."""
        self._left_alone = frozenset(queues)
        try:
            yield
        finally:
            self._left_alone = frozenset()

    async def _notice(self, seen: Mapping[str, bool]) -> None:
        """End the leases of queues that the user resumed in Immich's own pages."""
        for queue, pause in self._book.pauses.items():
            if (
                pause.phase is not Phase.HELD
                or seen.get(queue, True)
                or queue in self._left_alone
            ):
                continue
            try:
                # What was seen may be older than our own last step.
                if await self.is_paused(queue):
                    continue
            except UnknownQueueError:
                await self._try_to_store(self._book.without(queue))
                continue
            except ImmichError:
                return
            owner = self.owner(queue)
            book = self._book.resumed_by_user(queue).without(queue)
            await self._try_to_store(book)
            self._tell(queue, False, owner.reason if owner else None, by_user=True)

    async def _go_on(self, book: LeaseBook) -> Mapping[str, ImmichError]:
        """Take over a book that only lets queues go on, and do what it says.

        Not being able to store it is no reason to keep a queue paused: after a crash
        it would be found resumed, which ends its leases as well.
        """
        ended = {
            queue: owner.reason
            for queue in self._book.pauses
            if (owner := self.owner(queue)) is not None
        }
        await self._try_to_store(book)
        return await self._enforce(ended)

    async def _enforce(
        self, ended: Mapping[str, Reason | None] | None = None
    ) -> Mapping[str, ImmichError]:
        """Do what the phases say; return the queues where it failed."""
        failed: dict[str, ImmichError] = {}
        book = self._book
        lost: ImmichError | None = None
        pauses = self._book.pauses
        await self._get_ready([it for it in pauses if pauses[it].phase is Phase.ENDING])
        for queue, pause in pauses.items():
            if pause.phase is Phase.HELD:
                continue
            if lost is not None:
                failed[queue] = lost
                continue
            ending = pause.phase is Phase.ENDING
            owner = self.owner(queue)
            try:
                await (self._api.resume if ending else self._api.pause)(queue)
            except UnknownQueueError:
                book = book.without(queue)
                continue
            except ImmichError as error:
                failed[queue] = error
                if isinstance(error, CannotConnectError):
                    # The others would only wait for the same time-out.
                    lost = error
                continue
            book = book.confirmed(queue)
            if ending:
                self._tell(queue, False, (ended or {}).get(queue), by_user=False)
            else:
                self._tell(queue, True, owner.reason if owner else None, by_user=False)
        await self._try_to_store(book)
        self._log(failed)
        return failed

    async def _get_ready(self, queues: Collection[str]) -> None:
        """Let whoever has to see their first jobs get ready."""
        if queues and self.before_resume is not None:
            await self.before_resume(queues)

    async def _store(self, book: LeaseBook) -> None:
        """Write a book down and take it over. Raises NotStoredError."""
        if book != self._book:
            await self._section.save({"book": book.to_dict(), "run": self._run})
            self._book = book

    async def _try_to_store(self, book: LeaseBook) -> None:
        """Take a book over even if it can't be written down."""
        try:
            await self._store(book)
        except NotStoredError as error:
            _LOGGER.warning("Pauses can't be stored: %s", error)
            self._book = book

    def _tell(
        self, queue: str, is_paused: bool, reason: Reason | None, *, by_user: bool
    ) -> None:
        """Report a change."""
        if self._on_change is not None:
            self._on_change(PauseChange(queue, is_paused, reason, by_user, self._now()))

    def _log(self, failed: Mapping[str, ImmichError]) -> None:
        """Log the first failure of a row, and its end."""
        if failed and not self._failing:
            queue, error = next(iter(failed.items()))
            _LOGGER.warning("%s can't be paused or resumed yet: %s", queue, error)
        elif self._failing and not failed:
            _LOGGER.info("Queues are paused and resumed as planned again")
        self._failing = bool(failed)
