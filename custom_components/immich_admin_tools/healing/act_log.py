"""The book of acts on the disk: written before each act is done."""

import asyncio
from collections.abc import Callable

from .act_book import ActBook
from .safety import Section

type Step = Callable[[ActBook], ActBook]


class ActLog:
    """The book on the disk, changed one step at a time."""

    def __init__(self, section: Section) -> None:
        """Go on from what is stored."""
        self._section = section
        self._book = ActBook.from_dict(section.data)
        self._lock = asyncio.Lock()

    @property
    def book(self) -> ActBook:
        """Return what is known."""
        return self._book

    async def change(self, step: Step) -> None:
        """Take a step over, once it is on the disk.

        Raises NotStoredError when it can't be written: then nothing has changed.
        """
        async with self._lock:
            book = step(self._book)
            if book != self._book:
                await self._section.save(book.to_dict())
                self._book = book
