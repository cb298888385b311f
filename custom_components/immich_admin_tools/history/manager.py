"""What happens in one Immich: kept in the history, and told on the bus."""

import asyncio
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..analysis.models import JobView, ServerView
from ..clock import monotonic_ms, now_ms
from ..const import DOMAIN, THUMBNAIL_URL
from ..coordinator import QueueCoordinator, ServerCoordinator
from ..devices import queue_identifier
from ..healing.journal import Journal, RunKey
from ..healing.models import HealedJob, Initiator, Outcome
from ..healing.safety import Stored
from ..immich.queues import RESUMED_AT_START
from ..pauses.attributes import BY_HAND
from ..pauses.keeper import LeaseKeeper
from ..pauses.leases import LeaseKind
from ..serialization import stored_mapping, to_json
from ..settings import external_url_of, history_days_of
from ..storage import EntryStores
from .assets import AssetCache
from .detector import NOT_BY_US, STILL_STUCK, EventDetector
from .events import Event, EventType, act_events
from .history import History
from .strikes import StrikeCounts
from .summaries import JobSummaries

BUS_EVENT = f"{DOMAIN}_event"

LOOK_UP_WITHIN = 3.0
"""Seconds that an event waits for the name of its photo."""

type Listener = Callable[[Event], None]


class HistoryManager:
    """Watches, remembers and tells."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        stores: EntryStores,
        leases: LeaseKeeper,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        journal: Journal | None,
        server_device_id: str,
    ) -> None:
        """Go on from what is stored; `journal` knows our own acts, with Redis."""
        stored = stores.history.data
        self._hass = hass
        self._entry = entry
        self._leases = leases
        self._queues = queues
        self._journal = journal
        self._server_device_id = server_device_id
        self._store = stores.history
        self.history = History.from_dict(stored, history_days_of(entry))
        self.strikes = StrikeCounts.from_dict(stored_mapping(stored, "strikes"))
        self.assets = AssetCache(server.client.asset, monotonic_ms)
        self.jobs = JobSummaries(self.assets, self.strikes, external_url_of(entry))
        self._watch = EventDetector()
        self._handled: deque[RunKey] = deque(maxlen=1000)
        self._pauses: dict[str, str] = {}
        """Why a queue was paused."""
        self._listeners: list[Listener] = []
        self._lock = asyncio.Lock()

    @callback
    def async_keep(self) -> None:
        """Tell what happened with every poll, for as long as the entry is loaded."""
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._polled()

    @callback
    def _polled(self) -> None:
        if self._queues.last_update_success:
            under_way = () if self._journal is None else self._journal.under_way
            self._async_updated(self._queues.data, under_way)

    @callback
    def _async_updated(self, view: ServerView, under_way: Container[RunKey]) -> None:
        """Tell what happened since the last view."""
        events = [
            event
            for event in map(
                self._with_pause,
                self._watch.update(view, under_way, self._handled),
            )
            if event.type is not EventType.JOB_STUCK
            or event.reason == STILL_STUCK
            or self._is_new(view, event)
        ]
        stuck = view.stuck
        for job in stuck:
            # One that merely took long may be hung by now.
            self.strikes.note(job, view.time)
        wanted = [asset_id for job in stuck for asset_id in job.asset_ids[:1]]
        if events or self.assets.missing(wanted):
            # Not at once: it may update the listeners, and this is called from one.
            self._entry.async_create_task(
                self._hass, self._tell(events, wanted), eager_start=False
            )

    def _with_pause(self, event: Event) -> Event:
        """Add who paused a queue and why, and why one that goes on was paused."""
        queue = event.queue or ""
        leases = self._leases
        if event.type is EventType.QUEUE_PAUSED:
            owner = leases.owner(queue)
            if (
                owner is None
                and queue in RESUMED_AT_START
                and not leases.paused_by_user(queue)
            ):
                # Immich itself pauses it while it starts.
                self._pauses[queue] = NOT_BY_US
                return replace(event, reason=NOT_BY_US)
            lease = None if owner is None else owner.reason
            by_user = lease is None or lease.kind is LeaseKind.USER
            self._pauses[queue] = BY_HAND if lease is None else lease.kind.value
            return replace(
                event,
                reason=self._pauses[queue],
                by=Initiator.USER if by_user else Initiator.AUTO,
            )
        if event.type is EventType.QUEUE_RESUMED:
            return replace(event, reason=self._pauses.pop(queue, None))
        return event

    def _is_new(self, view: ServerView, event: Event) -> bool:
        """Count a stuck job; return False for one that was told before a restart."""
        jobs = view.queues[event.queue or ""].stuck
        job: JobView = next(job for job in jobs if job.job_id == event.job_id)
        return self.strikes.note(job, event.at)

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Put outcomes into the history, on the disk at once, and tell of them."""
        events: list[Event] = []
        for job in healed:
            if job.outcome is not Outcome.FAILED:
                self._handled.append(job.act.run)
            if self.history.knows(job.act.act_id):
                # The act itself is old news; that its worker is blocked is not.
                first, *rest = act_events(job)
                self.history.add(first)
                events += rest
            else:
                events += act_events(job)
        await self._tell(events, [event.asset_id for event in events if event.asset_id])
        await self._store.async_flush()

    async def async_record(self, event: Event) -> None:
        """Keep and tell an event that came about elsewhere."""
        await self._tell([event], [])

    async def _tell(self, events: Iterable[Event], asset_ids: Iterable[str]) -> None:
        """Find out what the assets are called, then keep and tell the events."""
        async with self._lock:
            news = False
            try:
                async with asyncio.timeout(LOOK_UP_WITHIN):
                    news = await self.assets.look_up(asset_ids)
            except TimeoutError:
                pass
            for event in events:
                self._tell_one(event)
            if news:
                self._queues.async_update_listeners()
        self._store.async_schedule(self._snapshot)

    @callback
    def _tell_one(self, event: Event) -> None:
        """Keep an event, and tell it on the bus and to the entities."""
        asset = self.assets.get(event.asset_id or "")
        if asset is not None:
            event = replace(event, asset_path=asset.path, file_name=asset.file_name)
        self.history.add(event)
        if event.outcome is Outcome.FAILED:
            return
        self._hass.bus.async_fire(BUS_EVENT, self.event_data(event))
        for listener in list(self._listeners):
            listener(event)

    def event_data(self, event: Event) -> dict[str, object]:
        """Return an event as it goes over the bus; only what applies."""
        data: dict[str, object] = {
            "entry_id": self._entry.entry_id,
            "device_id": self._device_id(event),
            "instance": self._entry.title,
            **to_json(event, without_none=True),
        }
        del data["at"]
        if event.asset_id is not None and self.has_shown(event.asset_id):
            data["thumbnail"] = self.thumbnail(event.asset_id)
        return data

    def thumbnail(self, asset_id: str) -> str:
        """Return where the picture of an asset that was shown is served."""
        return THUMBNAIL_URL.format(entry_id=self._entry.entry_id, asset_id=asset_id)

    def has_shown(self, asset_id: str) -> bool:
        """Return whether an event or a stuck job was about an asset of this Immich."""
        return asset_id in self.assets or any(
            event.asset_id == asset_id and event.asset_path is not None
            for event in self.history
        )

    def _device_id(self, event: Event) -> str:
        """Return the device of the GPU host, of the queue, or of the server."""
        registry = dr.async_get(self._hass)
        device: dr.AnyDeviceEntry | None = None
        if event.host is not None:
            device = registry.async_get_device_by_identifier(
                (DOMAIN, event.host), self._entry.entry_id
            )
        elif event.queue is not None:
            device = registry.async_get_child_device_by_identifier(
                queue_identifier(self._entry, event.queue), self._entry.entry_id
            )
        return self._server_device_id if device is None else device.id

    @callback
    def async_listen(self, listener: Listener) -> CALLBACK_TYPE:
        """Be told of every event; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _snapshot(self) -> Stored:
        """Return what is to be stored."""
        return {**self.history.to_dict(), "strikes": self.strikes.to_dict(now_ms())}
