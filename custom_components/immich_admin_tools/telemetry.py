"""What is counted for one entry: reads the telemetry of Immich, and stores all counters."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.util import dt as dt_util

from .analysis.statistics import OutcomeCounts
from .clock import now_ms
from .const import LOGGER
from .coordinator import QueueCoordinator
from .dashboard.runs import Runs
from .healing.safety import Stored
from .immich.errors import ImmichError
from .immich.telemetry import Telemetry, read_telemetry
from .serialization import stored_mapping
from .settings import connection_of, telemetry_urls_of
from .storage import DelayedStore, EntryStores

TELEMETRY = "telemetry"
RUNS = "runs"
"""Sections of the counters."""

INTERVAL = timedelta(seconds=30)

NOT_SET_UP = "no_telemetry"
LOST = "telemetry_lost"


class EntryTelemetry:
    """Reads every process that the user named. Without one nothing is measurable."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, stores: EntryStores
    ) -> None:
        self._hass = hass
        self._entry = entry
        self.urls = telemetry_urls_of(entry)
        self.counts = OutcomeCounts.from_dict(
            stored_mapping(stores.counters.data, TELEMETRY)
        )
        self.error: ImmichError | None = None
        self._readings: dict[str, Telemetry] = {}
        self._listeners: list[Callable[[], None]] = []

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a listener after each reading; return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def unknown_because(self) -> str | None:
        """Return why outcomes can't be told; None when they can."""
        if not self.urls:
            return NOT_SET_UP
        return LOST if self.error is not None or not self._readings else None

    def slots_taken(self, queue: str) -> int | None:
        """Return the workers that hold a job of a queue, also one taken from them.

        `queue` is in snake_case; None when that can't be told.
        """
        if self.unknown_because is not None:
            return None
        return sum(reading.active.get(queue, 0) for reading in self._readings.values())

    @callback
    def async_keep(self) -> None:
        """Read now and then for as long as the entry is loaded."""
        if not self.urls:
            return

        async def due(_now: datetime) -> None:
            await self.async_read()

        self._entry.async_on_unload(
            async_track_time_interval(self._hass, due, INTERVAL)
        )
        self._entry.async_create_background_task(
            self._hass, self.async_read(), "first look at the telemetry"
        )

    async def async_read(self) -> None:
        """Read all processes once; log only the first failure."""
        http = get_async_client(self._hass, connection_of(self._entry.data).verify_ssl)
        error: ImmichError | None = None
        day = dt_util.now().date().isoformat()
        for url in self.urls:
            try:
                reading = await read_telemetry(http, url)
            except ImmichError as err:
                error = err
                if self.error is None:
                    LOGGER.warning("Telemetry at %s cannot be read: %s", url, err)
                continue
            self._readings[url] = reading
            self.counts.update(url, reading, now_ms(), day)
        if error is None and self.error is not None:
            LOGGER.info("Telemetry can be read again")
        self.error = error
        for listener in tuple(self._listeners):
            listener()


@callback
def async_keep_counters(
    entry: ConfigEntry,
    store: DelayedStore,
    queues: QueueCoordinator,
    telemetry: EntryTelemetry,
    runs: Runs,
) -> None:
    """Write now and then what was counted, so that it goes on after a restart."""

    def snapshot() -> Stored:
        """Return what is to be stored."""
        return {
            **queues.analyst.to_dict(),
            TELEMETRY: telemetry.counts.to_dict(),
            RUNS: runs.to_dict(),
        }

    def counted() -> tuple[object, ...]:
        """Return what differs when there is something new."""
        return (
            queues.analyst.counted_so_far,
            telemetry.counts.to_dict() if telemetry.urls else None,
        )

    last = counted()

    @callback
    def updated() -> None:
        """Plan a write where something was counted: an idle server wears no disk."""
        nonlocal last
        if (now := counted()) != last:
            last = now
            store.async_schedule(snapshot)

    entry.async_on_unload(queues.async_add_listener(updated))
    # Not with the next poll: the entry may end before that.
    entry.async_on_unload(telemetry.async_add_listener(updated))
    if snapshot() != store.data:
        store.async_schedule(snapshot)
