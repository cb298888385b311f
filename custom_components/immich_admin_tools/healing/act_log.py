"""The book of acts on the disk: written before each act is done."""

import asyncio
from collections.abc import Callable
import logging

from .act_book import ActBook
from .errors import NotStoredError
from .safety import Section

_LOGGER = logging.getLogger(__name__)

type Step = Callable[[ActBook], ActBook]

RETRY_AFTER = 60_000
"""ms between two tries to store what was settled: a full disk stays full for a while."""


class ActLog:
    """The book on the disk, changed one step at a time."""

    def __init__(
        self,
        section: Section,
        now: Callable[[], int] = lambda: 0,
        monotonic_of: Callable[[int], int] = int,
    ) -> None:
        """Go on from what is stored; `now` is monotonic."""
        self._section = section
        self._now = now
        self._book = ActBook.from_dict(section.data, monotonic_of)
        self._lock = asyncio.Lock()
        self._unstored = False
        self._failed_at: int | None = None

    @property
    def book(self) -> ActBook:
        """Return what is known."""
        return self._book

    @property
    def unstored(self) -> bool:
        """Return whether the disk lags behind."""
        return self._unstored

    async def change(self, step: Step) -> None:
        """Take a step over, once it is on the disk: for what comes before an act.

        Raises NotStoredError when it can't be written: then nothing has changed.
        """
        async with self._lock:
            book = step(self._book)
            if book == self._book:
                return
            await self._section.save(book.to_dict())
            self._book = book
            self._stored()

    async def settle(self, step: Step) -> None:
        """Take a step over at once, and store it as soon as that works.

        For what comes after an act: it is true whether or not the disk is full. What
        never got stored is looked up at the next start.
        """
        async with self._lock:
            book = step(self._book)
            if book != self._book:
                self._book = book
                self._unstored = True
            await self._store()

    async def retry(self) -> None:
        """Store what could not be stored, at most once a minute."""
        if self._unstored:
            async with self._lock:
                await self._store()

    async def _store(self) -> None:
        """Write what is not written yet; complain once."""
        if not self._unstored or (
            self._failed_at is not None and self._now() - self._failed_at < RETRY_AFTER
        ):
            return
        try:
            await self._section.save(self._book.to_dict())
        except NotStoredError as err:
            if self._failed_at is None:
                _LOGGER.error(
                    "What became of an act can't be written down; it is tried again"
                    " every minute: %s",
                    err,
                )
            self._failed_at = self._now()
        else:
            self._stored()

    def _stored(self) -> None:
        """Note that disk and memory agree."""
        if self._failed_at is not None:
            _LOGGER.info("What became of the acts is written down now")
        self._unstored = False
        self._failed_at = None
