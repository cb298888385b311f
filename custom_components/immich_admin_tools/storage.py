"""What outlives a restart: three files per entry in Home Assistant's own storage.

*safety* is written before an act and checked on the disk; *counters* and *history*
are written now and then, and at the latest when the entry or Home Assistant ends.
A file that can't be read is kept under another name, and a new one is begun.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .bullmq.models import JsonValue
from .const import DOMAIN, LOGGER
from .healing.errors import EndedError, NotStoredError
from .healing.safety import Stored
from .healing.to_the_end import to_the_end
from .pauses.keeper import LeaseKeeper
from .texts import plain_placeholders

type Data = dict[str, JsonValue]


_ENDED = frozenset(
    {
        ConfigEntryState.NOT_LOADED,
        ConfigEntryState.SETUP_ERROR,
        ConfigEntryState.SETUP_RETRY,
    }
)


async def async_read(
    hass: HomeAssistant, store: Store[Data]
) -> tuple[Stored, str | None]:
    """Return what a file holds, and where it was put if it can't be read."""
    try:
        stored: object = await store.async_load()
        if stored is None:
            return {}, None
        if isinstance(stored, dict):
            return stored, None
        problem = "unexpected content"
    except (HomeAssistantError, NotImplementedError) as err:
        # Broken JSON is dealt with by Home Assistant. Here: a newer version after a
        # downgrade, or a file that the system can't read.
        problem = str(err)
    except (AttributeError, KeyError, TypeError) as err:
        # JSON, but not what Home Assistant's storage writes.
        problem = f"not a storage file: {err!r}"
    aside = f"{store.path}.unreadable.{dt_util.utcnow():%Y%m%d%H%M%S}"
    LOGGER.error(
        "%s cannot be read (%s) and was kept as %s", store.path, problem, aside
    )
    try:
        await hass.async_add_executor_job(Path(store.path).rename, aside)
    except OSError as err:
        LOGGER.error("%s cannot be renamed: %s", store.path, err)
    return {}, aside


SAFETY_VERSION = 1


class SafetyStore:
    """Sections that must be on the disk before something is done."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
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


COUNTERS_VERSION = 1
HISTORY_VERSION = 1

COUNTERS_DELAY = 60.0
HISTORY_DELAY = 300.0
"""Seconds from a change to the disk, so that a busy queue does not wear it out."""

STORED_DATA_UNREADABLE = "stored_data_unreadable"

OPEN_STORES: HassKey[dict[str, EntryStores]] = HassKey(f"{DOMAIN}_stores")
"""Those that were loaded last, by entry: the next ones close them first."""


class EntryStores:
    """The files of one entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self.safety = SafetyStore(hass, _key(entry_id, "safety"))
        self.counters = DelayedStore(
            hass, _key(entry_id, "counters"), COUNTERS_VERSION, COUNTERS_DELAY
        )
        self.history = DelayedStore(
            hass, _key(entry_id, "history"), HISTORY_VERSION, HISTORY_DELAY
        )

    async def async_load(self) -> None:
        """Read all files. Never fails: what can't be read starts empty.

        What the entry's earlier stores still write comes first.
        """
        known = self._hass.data.setdefault(OPEN_STORES, {})
        before, known[self._entry_id] = known.get(self._entry_id), self
        if before is not None:
            await before.async_close()
        aside = [
            path
            for store in (self.safety, self.counters, self.history)
            if (path := await store.async_load()) is not None
        ]
        if aside:
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                f"{STORED_DATA_UNREADABLE}_{self._entry_id}",
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="stored_data_unreadable",
                translation_placeholders=plain_placeholders(
                    {"files": ", ".join(aside)}
                ),
            )

    async def async_flush(self) -> None:
        """Write what still waits to be written."""
        await self.counters.async_flush()
        await self.history.async_flush()

    async def async_close(self) -> None:
        """Write what still waits, then write nothing any more."""
        for store in (self.safety, self.counters, self.history):
            await store.async_close()

    async def async_remove(self) -> None:
        """Delete the files, with the entry."""
        ir.async_delete_issue(
            self._hass, DOMAIN, f"{STORED_DATA_UNREADABLE}_{self._entry_id}"
        )
        for store in (self.safety, self.counters, self.history):
            await store.async_remove()
        self._hass.data.get(OPEN_STORES, {}).pop(self._entry_id, None)


class DelayedStore:
    """Data that may be lost for as long as its delay, written off the event loop.

    Home Assistant's own delayed write starts its delay anew with every call, which
    with a call per poll means never: so the delay is kept here.
    """

    def __init__(
        self, hass: HomeAssistant, key: str, version: int, delay: float
    ) -> None:
        """Name the file; `delay` in seconds."""
        self.data: Stored = {}
        """What was read at the start."""
        self._hass = hass
        self._delay = delay
        self._store: Store[Data] = Store(
            hass,
            version,
            key,
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._snapshot: Callable[[], Stored] | None = None
        self._cancel: list[CALLBACK_TYPE] = []
        self._lock = asyncio.Lock()
        self._closed = False

    async def async_load(self) -> str | None:
        """Read the file; return where an unreadable one was put."""
        self.data, aside = await async_read(self._hass, self._store)
        return aside

    @callback
    def async_schedule(self, snapshot: Callable[[], Stored]) -> None:
        """Write once the delay is over, if that is not planned already.

        `snapshot` is called then, in the event loop; what it returns is turned into
        JSON in a thread, so it must not be changed afterwards.
        """
        if self._closed:
            return
        self._snapshot = snapshot
        if not self._cancel:
            self._cancel = [
                async_call_later(self._hass, self._delay, self._async_due),
                self._hass.bus.async_listen_once(
                    EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final
                ),
            ]

    async def _async_due(self, _now: datetime) -> None:
        """Write, as the delay is over."""
        await self.async_flush()

    async def _async_final(self, _event: Event) -> None:
        """Write, as Home Assistant ends."""
        # The listener has removed itself.
        self._cancel.pop()
        await self.async_flush()

    async def async_flush(self) -> None:
        """Write now what is planned, to its end also when cancelled meanwhile."""
        self._unplan()
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None:
            await to_the_end(self._write(dict(snapshot())))

    async def _write(self, data: Data) -> None:
        """Write, one write at a time."""
        async with self._lock:
            await self._store.async_save(data)

    async def async_close(self) -> None:
        """Write what is planned, let that end, and plan nothing any more."""
        self._closed = True
        await self.async_flush()
        async with self._lock:
            pass

    def _unplan(self) -> None:
        """Take back the plan."""
        for cancel in self._cancel:
            cancel()
        self._cancel = []

    async def async_remove(self) -> None:
        """Delete the file."""
        self._unplan()
        self._snapshot = None
        await self.async_close()
        await self._store.async_remove()


def _key(entry_id: str, name: str) -> str:
    """Return the name of a file."""
    return f"{DOMAIN}.{entry_id}.{name}"


@callback
def async_end_with_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    stores: EntryStores,
    leases: LeaseKeeper,
) -> None:
    """Close what writes and what pauses, after the last task of the entry has ended.

    Not by `async_on_unload`: that comes before the tasks are cancelled, and what these
    write last is still wanted.
    """

    ended = False

    @callback
    def changed() -> None:
        """Look at the state that the entry has now; it may end in two steps."""
        nonlocal ended
        if entry.state in _ENDED and not ended:
            ended = True
            leases.close()
            hass.async_create_task(stores.async_close(), "close stores")
            # Not at once: the list that this is in is just being gone through.
            hass.loop.call_soon(stop)

    stop = entry.async_on_state_change(changed)
