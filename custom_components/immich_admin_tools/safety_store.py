"""What must be on the disk before something is done: sections of one private file."""

import asyncio
from contextlib import suppress

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .healing.errors import EndedError, NotStoredError
from .healing.safety import Stored
from .healing.to_the_end import to_the_end
from .stored_file import Data, async_read

SAFETY_VERSION = 1


class SafetyStore:
    """Sections that must be on the disk before something is done."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        """Name the file."""
        self._hass = hass
        self._key = key
        self._store = self._new_store()
        self._data: Stored = {}
        self._lock = asyncio.Lock()
        self._closed = False

    def _new_store(self) -> Store[Data]:
        """Return a view on the file; it holds cookies, so it is private."""
        return Store(
            self._hass, SAFETY_VERSION, self._key, private=True, atomic_writes=True
        )

    async def async_load(self) -> str | None:
        """Read the file; return where an unreadable one was put."""
        self._data, aside = await async_read(self._hass, self._store)
        return aside

    def section(self, name: str) -> StoredSection:
        """Return one part of it."""
        return StoredSection(self, name)

    def get(self, name: str) -> Stored:
        """Return what a section holds."""
        stored = self._data.get(name)
        return stored if isinstance(stored, dict) else {}

    async def async_put(self, name: str, data: Stored, *, late: bool = False) -> None:
        """Write a section and check that it arrived. Raises NotStoredError.

        `late`: while Home Assistant stops, its final write is early enough. A write that
        was begun comes to its end before anything else, also when it is cancelled.
        """
        await to_the_end(self._put(name, data, late=late))

    async def _put(self, name: str, data: Stored, *, late: bool) -> None:
        """Write one section, one write at a time."""
        async with self._lock:
            if self._closed:
                raise EndedError("The entry was unloaded: nothing is written any more")
            wanted: Data = {**self._data, name: dict(data)}
            if wanted == self._data:
                return
            await self._store.async_save(wanted)
            # Home Assistant only logs a write that failed, and puts it off while
            # it stops: so it is read back.
            with suppress(HomeAssistantError):
                if await self._new_store().async_load() == wanted:
                    self._data = wanted
                    return
            if late and self._hass.state is CoreState.stopping:
                self._data = wanted
                return
            # Else a write that was put off would bring it back.
            await self._store.async_save(dict(self._data))
            raise NotStoredError("The storage of Home Assistant can't be written")

    async def async_close(self) -> None:
        """Let the write that is under way end, and refuse all others."""
        self._closed = True
        async with self._lock:
            pass

    async def async_remove(self) -> None:
        """Delete the file."""
        await self.async_close()
        await self._store.async_remove()


class StoredSection:
    """A part of the safety file, as the healing knows it."""

    def __init__(self, store: SafetyStore, name: str) -> None:
        """Keep to one name."""
        self._store = store
        self._name = name

    @property
    def data(self) -> Stored:
        """Return what was stored last; empty at first."""
        return self._store.get(self._name)

    async def save(self, data: Stored) -> None:
        """Store it, and return when it is on the disk. Raises NotStoredError."""
        await self._store.async_put(self._name, data)

    async def keep(self, data: Stored) -> None:
        """Store what is true already, at the latest with the final write.

        Raises NotStoredError.
        """
        await self._store.async_put(self._name, data, late=True)
