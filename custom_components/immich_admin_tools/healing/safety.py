"""Where that is written down which must outlive a crash."""

from collections.abc import Mapping
from typing import Protocol

from ..bullmq.models import JsonValue

type Stored = Mapping[str, JsonValue]


class Section(Protocol):
    """One named part of the private store. Read it once, write it before each act."""

    @property
    def data(self) -> Stored:
        """Return what was stored last; empty at first."""

    async def save(self, data: Stored) -> None:
        """Store it, and return when it is on the disk.

        Raises NotStoredError when it is not: `data` is then as it was before; EndedError
        when the entry has been unloaded meanwhile.
        """

    async def keep(self, data: Stored) -> None:
        """Store what is true already, while Home Assistant stops with its final write.

        Raises NotStoredError when it is not kept, and EndedError after the entry.
        """
