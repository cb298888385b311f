"""The book of the leases on the disk, and the clocks that its times are read by."""

from collections.abc import Callable
import logging

from ..analysis.stored import stored_int, stored_mapping, stored_str
from .errors import EndedError, NotStoredError
from .leases import LeaseBook
from .safety import Section

_LOGGER = logging.getLogger(__name__)


class LeaseShelf:
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
                _LOGGER.warning("Pauses can't be stored: %s", error)
            self._failing = True
            self.book = book.timed(self._wall(), self._now())
