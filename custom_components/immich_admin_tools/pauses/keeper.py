"""Keeps the leases: what the book says is done in Immich, also after a crash."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import logging
from typing import Protocol

from ..healing.errors import EndedError, NotStoredError
from ..healing.safety import Section
from ..immich.errors import ImmichError, UnknownQueueError
from ..immich.models import QueueCounts
from ..immich.queues import RESUMED_AT_START
from ..serialization import stored_int, stored_mapping, stored_str
from .leases import USER, Lease, LeaseBook, LeaseKind, LeaseReason, Phase


class PauseApi(Protocol):
    """What of Immich's API is needed. Pauses go through nothing else."""

    async def queue(self, name: str) -> QueueCounts:
        """Return one queue."""

    async def pause(self, name: str) -> QueueCounts:
        """Pause a queue."""

    async def resume(self, name: str) -> QueueCounts:
        """Let a queue go on."""


@dataclass(frozen=True, slots=True)
class PauseOwner:
    """Who keeps a queue paused. Times: ms since the epoch."""

    reason: LeaseReason | None
    """None: the user, by hand and without a time."""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class PauseChange:
    """A queue was paused, or let go on, by us or through us."""

    queue: str
    is_paused: bool
    reason: LeaseReason | None
    """Why it was paused, or why it had been; None: by hand."""
    by_user: bool
    at: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking leases."""

    held: tuple[str, ...] = ()
    """Queues that are certainly paused."""
    begun: tuple[str, ...] = ()
    """Those of them that had no lease before, and that one request has paused."""
    pending: Mapping[str, ImmichError] = field(default_factory=dict)
    """Queues that could not be paused yet; it is tried again with every poll."""
    blocked: tuple[str, ...] = ()
    """Queues that the user let go on in spite of this reason."""


_LOGGER = logging.getLogger(__name__)


class LeaseStore:
    """Holds the book, and writes it down when it changes.

    While Home Assistant runs, leases end by a clock that never jumps. Stored is the wall
    time of the end, and with `at` how long each lease had left when it was written.
    After a restart only the wall clock can tell how much time has passed. When it was
    put back meanwhile, a lease lasts what it had left when it was written, never longer.
    """

    def __init__(
        self, section: Section, wall: Callable[[], int], now: Callable[[], int]
    ) -> None:
        """Go on from what is stored; `now` never jumps, both in ms."""
        self._section = section
        self._wall = wall
        self._now = now
        stored = section.data
        self.run = stored_str(stored, "run")
        """The run of Redis that was seen last."""
        self.book = LeaseBook.from_dict(stored_mapping(stored, "book")).timed(
            wall(), now(), stored_int(stored, "at")
        )
        self._written = self.book
        self._failing = False

    @property
    def behind(self) -> bool:
        """Return whether the disk does not have what is known."""
        return self.book != self._written

    async def store(self, book: LeaseBook, *, late: bool = False) -> None:
        """Write a book down and take it over. Raises NotStoredError.

        `late`: it tells what is so already, and may go with the final write.
        """
        wall, now = self._wall(), self._now()
        book = book.timed(wall, now).shown(wall, now)
        if book != self._written:
            write = self._section.keep if late else self._section.save
            await write({"book": book.to_dict(), "run": self.run, "at": wall})
            self._written = book
            self._failing = False
        self.book = book

    async def try_to_store(self, book: LeaseBook) -> None:
        """Take a book over even if it can't be written down; that is tried again.

        Raises EndedError: then it is not this book any more that counts.
        """
        try:
            await self.store(book, late=True)
        except EndedError:
            raise
        except NotStoredError as error:
            if not self._failing:
                _LOGGER.warning("Pauses cannot be stored: %s", error)
            self._failing = True
            self.book = book.timed(self._wall(), self._now())


type Started = Callable[[], Awaitable[bool | None]]
"""Returns whether Immich has just started anew; None when nobody can tell."""

INSIST_WITHIN = 600_000
"""ms: where it can't be told whether Immich's start or the user resumed a queue, a
second resume within this time is the user's."""


class LeaseKeeper:
    """Pauses and resumes the queues of one Immich as its book says.

    One step at a time: each is stored, then done. What can't be done is tried again
    with every poll. A queue that is resumed in spite of a lease, and not by us, was
    resumed by the user in Immich's own pages; but when Redis was started anew
    (`run` differs), it was Redis that forgot, and the queue is paused again. So are the
    queues that Immich itself resumes whenever it starts.
    """

    def __init__(
        self,
        api: PauseApi,
        section: Section,
        wall: Callable[[], int],
        on_change: Callable[[PauseChange], None] | None = None,
        *,
        now: Callable[[], int] | None = None,
        started: Started | None = None,
        before_resume: Callable[[Collection[str]], Awaitable[None]] | None = None,
    ) -> None:
        """Go on from what is stored.

        `before_resume` is awaited just before queues go on; it must return soon and
        never raise.
        `wall` returns ms since the epoch, `now` ms on a clock that never jumps; where
        the wall clock is made and never does, it serves as both.
        """
        self._api = api
        self._wall = wall
        self._now = now or wall
        self._on_change = on_change
        self._started = started
        self._before_resume = before_resume
        self._lease_store = LeaseStore(section, wall, self._now)
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
        return self._lease_store.book

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
        await self._lease_store.store(book)

    async def _try_to_store(self, book: LeaseBook) -> None:
        """Take a book over even if it can't be written down. Raises EndedError."""
        await self._lease_store.try_to_store(book)

    def _report(
        self, queue: str, is_paused: bool, reason: LeaseReason | None, *, by_user: bool
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
            _LOGGER.warning(
                "%s cannot be paused or resumed, retrying: %s", queue, error
            )
        elif self._failing and not failed:
            _LOGGER.info("Queues can be paused and resumed again")
        self._failing = bool(failed)

    async def take(
        self,
        reason: LeaseReason,
        queues: Collection[str],
        until: int | None = None,
        *,
        running: Collection[str] = (),
    ) -> Taken:
        """Pause queues until `end`, or until a time (ms since the epoch).

        `running`: those that are known not to be paused, and need not be asked for.
        Raises NotStoredError, and ImmichError when a queue can't even be looked at:
        then nothing was changed.
        """
        async with self._lock:
            self._check()
            book = self._book
            lease = Lease(reason, self._wall(), until)
            blocked = tuple(queue for queue in queues if book.is_blocked(queue, reason))
            wanted = [queue for queue in queues if queue not in blocked]
            # In a queue that has leases, a pause is no sign of the user.
            to_ask = [
                queue for queue in wanted if queue not in book.pauses.keys() | running
            ]
            found = await asyncio.gather(*map(self.is_paused, to_ask))
            paused = {
                it for it, is_paused in zip(to_ask, found, strict=True) if is_paused
            }
            begun = [
                queue
                for queue in wanted
                if queue not in book.pauses and queue not in paused
            ]
            for queue in wanted:
                book = book.taken(queue, lease, is_paused=queue in paused)
            await self._store(book)
            # What is to go on waits for the next poll: another pause may be on its way.
            if failed := await self._pause():
                self._log(failed)
            return Taken(
                held=tuple(queue for queue in wanted if queue not in failed),
                begun=tuple(queue for queue in begun if queue not in failed),
                pending={queue: failed[queue] for queue in wanted if queue in failed},
                blocked=blocked,
            )

    async def end(
        self, reason: LeaseReason, queues: Collection[str] | None = None
    ) -> Mapping[str, ImmichError]:
        """Say that a reason is gone, for all queues or for some; let them go on.

        Returns the queues that could not be resumed yet.
        """
        await self._get_ready(self._book.ended(reason, queues).ending)
        async with self._lock:
            return await self._go_on(self._book.ended(reason, queues))

    async def leave(self, paused: Collection[str]) -> Mapping[str, ImmichError]:
        """End all leases but those of GPU hosts on some queues, and take no new ones.

        Those stay in the book, for when somebody goes on from it. Returns the queues
        that could not be resumed.
        """
        async with self._lock:
            book = self._book
            for queue, pause in self._book.pauses.items():
                for lease in pause.leases:
                    if lease.reason.kind is LeaseKind.GPU_OFFLINE and queue in paused:
                        continue
                    book = book.ended(lease.reason, [queue])
            try:
                return await self._go_on(book)
            finally:
                self._ended = True

    async def adopt(self, reason: LeaseReason, queue: str) -> None:
        """Take a pause over that is there already, such as one found after a restore.

        Raises NotStoredError.
        """
        async with self._lock:
            self._check()
            pause = self._book.pauses.get(queue)
            # A lease may lie over it by now: it was found paused all the same.
            if pause is None or pause.by_hand:
                lease = Lease(reason, self._wall())
                await self._store(self._book.adopted(queue, lease))

    async def pass_on(
        self, queue: str, reason: LeaseReason, heirs: Collection[LeaseReason]
    ) -> None:
        """Let others stand behind a lease: nothing changes in Immich."""
        async with self._lock:
            self._check()
            await self._try_to_store(self._book.passed_on(queue, reason, heirs))

    async def hand_over(self, queues: Collection[str]) -> None:
        """Leave queues paused, as the user's from now on. Raises NotStoredError."""
        async with self._lock:
            self._check()
            book = self._book
            for queue in queues:
                book = book.without(queue)
            await self._store(book)

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
            self._check()
            # Nothing is done that can't be stored, but Immich goes first: what it
            # refused would after a crash be held for the user's.
            await self._store(self._book)
            await self._api.pause(queue)
            await self._try_to_store(self._book.paused_by_user(queue).confirmed(queue))
            self._paused_by_user.add(queue)
            self._report(queue, True, None, by_user=True)

    async def note_by_hand(self, queue: str) -> None:
        """Note that the user has paused a queue in Immich's own pages, beside our lease.

        Raises NotStoredError.
        """
        async with self._lock:
            self._check()
            await self._store(self._book.paused_by_user(queue))
            self._paused_by_user.add(queue)

    async def user_resumes(self, queue: str) -> None:
        """Let a queue go on for the user, whoever paused it. Raises ImmichError.

        Then too the user's word ends our leases: what we paused goes on with Immich.
        """
        self._check()
        await self._get_ready([queue])
        async with self._lock:
            self._check()
            owner = self.owner(queue)
            await self._try_to_store(self._book.resumed_by_user(queue))
            await self._api.resume(queue)
            self._paused_by_user.discard(queue)
            await self._try_to_store(self._book.without(queue))
            self._report(queue, False, owner.reason if owner else None, by_user=True)

    async def update(self, seen: Mapping[str, bool], run: str | None) -> None:
        """Take in a poll: whether each queue is paused, and in which run of Redis.

        Ends leases whose time is over, tries again what failed, notices what the
        user did elsewhere. Skipped while another step is under way.
        """
        if self._ended or self._lock.locked():
            return
        async with self._lock:
            self._away -= seen.keys()
            self._paused_by_user -= {
                queue
                for queue, is_paused in seen.items()
                if not is_paused and queue not in self._left_alone
            }
            if run is not None and run != self._lease_store.run:
                forgotten = self._lease_store.run is not None
                self._lease_store.run = run
                self._interrupted |= forgotten
            if not self._book.pauses:
                self._interrupted = False
                if self._lease_store.behind:
                    await self._try_to_store(self._book)
                return
            if self._interrupted:
                self._interrupted = False
                await self._try_to_store(self._book.unsure())
            await self._notice(seen)
            ended = self._owners()
            await self._try_to_store(self._book.expired(self._now()))
            failed = await self._pause()
            to_resume = self._to_resume()
        # What was seen is from before this: no more is concluded from it afterwards.
        await self._get_ready(to_resume)
        async with self._lock:
            self._log(failed | await self._do_all(self._to_resume(), ended))

    def note_interruption(self) -> None:
        """Note that nobody could look for a while: pauses may have been lost."""
        self._interrupted = True

    async def reassert(self, queues: Collection[str]) -> None:
        """Pause again those of some queues that have leases."""
        async with self._lock:
            self._check()
            await self._try_to_store(self._book.unsure(queues))
            if failed := await self._pause():
                self._log(failed)

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
            if queue in RESUMED_AT_START and await self._was_immich(queue):
                await self._try_to_store(self._book.unsure([queue]))
                continue
            owner = self.owner(queue)
            book = self._book.resumed_by_user(queue).without(queue)
            await self._try_to_store(book)
            self._report(queue, False, owner.reason if owner else None, by_user=True)

    async def _go_on(self, book: LeaseBook) -> Mapping[str, ImmichError]:
        """Take over a book that only lets queues go on, and do what it says.

        Not being able to store it is no reason to keep a queue paused: after a crash
        it would be found resumed, which ends its leases as well.
        """
        self._check()
        ended = self._owners()
        await self._try_to_store(book)
        # Pauses first: each millisecond may skip a photo.
        failed = await self._pause()
        failed |= await self._do_all(self._to_resume(), ended)
        self._log(failed)
        return failed

    def _owners(self) -> Mapping[str, LeaseReason | None]:
        """Return why each queue with a lease is paused."""
        return {
            queue: owner.reason
            for queue in self._book.pauses
            if (owner := self.owner(queue)) is not None
        }

    def _to_resume(self) -> list[str]:
        """Return the queues that are to go on, of those that Immich knows."""
        return [queue for queue in self._book.ending if queue not in self._away]

    async def _pause(self) -> dict[str, ImmichError]:
        """Pause what is to be paused; return the queues where it failed."""
        pauses = self._book.pauses
        return await self._do_all(
            [pause for pause in pauses if pauses[pause].phase is Phase.WANTED]
        )

    async def _do_all(
        self,
        queues: Collection[str],
        ended: Mapping[str, LeaseReason | None] | None = None,
    ) -> dict[str, ImmichError]:
        """Do what the phases of some queues say, all at once; write down what was done."""
        if not queues:
            return {}
        self._check()
        failed: dict[str, ImmichError] = {}
        book = self._book
        pauses = self._book.pauses
        errors = await asyncio.gather(*map(self._do, queues))
        for queue, error in zip(queues, errors, strict=True):
            if isinstance(error, UnknownQueueError):
                if pauses[queue].phase is Phase.ENDING:
                    # A version that has it again would find it paused still.
                    self._away.add(queue)
                else:
                    book = book.without(queue)
                continue
            if error is not None:
                failed[queue] = error
                continue
            owner = self.owner(queue)
            book = book.confirmed(queue)
            if pauses[queue].phase is Phase.ENDING:
                self._report(queue, False, (ended or {}).get(queue), by_user=False)
            else:
                self._report(
                    queue, True, owner.reason if owner else None, by_user=False
                )
        await self._try_to_store(book)
        return failed

    async def _do(self, queue: str) -> ImmichError | None:
        """Do what the phase of a queue says; return why it failed."""
        ending = self._book.pauses[queue].phase is Phase.ENDING
        try:
            await (self._api.resume if ending else self._api.pause)(queue)
        except ImmichError as error:
            return error
        return None

    async def _get_ready(self, queues: Collection[str]) -> None:
        """Let whoever has to see their first jobs get ready.

        Never within a step: a pause of another call would wait for it.
        """
        if queues and self._before_resume is not None:
            await self._before_resume(queues)
