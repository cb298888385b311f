"""The pauses of one config entry: kept, found without an owner, and left in order."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.translation import async_get_translations

from ..bullmq.address import split_user_info
from ..bullmq.workers import connected_workers
from ..clock import monotonic_ms, now_ms
from ..const import DOMAIN, LOGGER
from ..coordinator import QueueCoordinator, RedisSource
from ..devices import queue_names
from ..gpu_host.concurrency import ConcurrencyKeeper
from ..gpu_host.guard import DrainGuard
from ..gpu_host.manager import GpuHost, GpuHostManager
from ..gpu_host.models import LEAVING
from ..gpu_host.probe import PingProbe, Probe
from ..healing.errors import EndedError, HealingError, LockedOutError, NotStoredError
from ..immich.client import ImmichClient
from ..immich.errors import ImmichError
from ..immich.models import MachineLearning
from ..immich.queues import RESUMED_AT_START
from ..issues import async_set_issue
from ..restart.maintenance import MaintenanceGuard
from ..restart.manager import RestartManager, create_maintenance_guard
from ..restart.worker_watch import ImmichStarts
from ..serialization import stored_mapping, stored_str
from ..settings import (
    CONCURRENCY,
    HOST_SECTION,
    SUBENTRY_GPU_HOST,
    connection_of,
    host_settings_of,
)
from ..storage import EntryStores
from .hand_over import Answers, queues_to_keep
from .keeper import LeaseKeeper
from .leases import LeaseBook, LeaseKind, LeaseReason

LEASES = "leases"
"""Section of the safety store."""


SOONEST = 0.2
"""Seconds until a lease whose time is over is looked after once more."""


def create_immich_starts(redis: RedisSource) -> ImmichStarts:
    """Return what sees that Immich was started anew."""
    return ImmichStarts(
        lambda: connected_workers(redis.client),
        redis.settings.prefix,
        split_user_info(redis.settings.url).database,
        monotonic_ms,
    )


def create_lease_keeper(
    client: ImmichClient,
    stores: EntryStores,
    starts: ImmichStarts | None = None,
    guard: DrainGuard | None = None,
) -> LeaseKeeper:
    """Return a keeper that goes on from what is stored; `guard` sees the first jobs."""
    return LeaseKeeper(
        client,
        stores.safety.section(LEASES),
        now_ms,
        now=monotonic_ms,
        started=None if starts is None else starts.just_now,
        before_resume=None if guard is None else guard.ready,
    )


BOX_REMOVED_PAUSED = "box_removed_paused"
FOUND_PAUSED = "found_paused"
BOX_PAUSE_ISSUES = (BOX_REMOVED_PAUSED, FOUND_PAUSED)

LOOK_EVERY = timedelta(minutes=1)
"""It costs Immich a small search, and only while there are such queues."""

SECTION = "users_pauses"
"""Section of the safety store: queues whose pause is known to be the user's."""


class BoxPauses:
    """Looks after the pauses of one Immich that no GPU box looks after."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        client: ImmichClient,
        stores: EntryStores,
        leases: LeaseKeeper,
        queues: QueueCoordinator,
        hosts: Mapping[str, GpuHost],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._client = client
        self._stores = stores
        self._leases = leases
        self._queues = queues
        self._hosts = hosts
        self._section = stores.safety.section(SECTION)
        stored = self._section.data.get("queues")
        known = stored if isinstance(stored, list) else []
        self._users = frozenset(queue for queue in known if isinstance(queue, str))
        self._seen_running: set[str] = set()
        self._found: frozenset[str] | None = None
        """Queues that were paused at the first look, and by nobody as far as is known."""
        self._looking = False

    @callback
    def async_keep(self) -> None:
        """Look with every poll; now and then whether photos would be skipped."""
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self.async_look_soon, LOOK_EVERY)
        )
        self._polled()
        self.async_look_soon()

    @callback
    def _polled(self) -> None:
        self._update_issue(BOX_REMOVED_PAUSED, self.of_removed_boxes())
        if not self._queues.last_update_success:
            return
        views = self._queues.data.queues
        paused = {name for name, view in views.items() if view.is_paused}
        pauses = self._leases.book.pauses
        # A lease over a pause of somebody else's does not make that ours.
        ours = {name for name, pause in pauses.items() if not pause.by_hand}
        # Whoever pauses a queue before our eyes, and not by a lease, is the user.
        users = (self._users & paused) | (self._seen_running & paused) - ours
        # So is who pauses one through us that was paused already, such as for a box.
        users |= {name for name in paused if self._leases.paused_by_user(name)}
        self._seen_running = views.keys() - paused
        if users != self._users:
            self._users = users
            self._entry.async_create_task(self._hass, self._store())
        # Later looks may be older than the end of a lease: they find nothing new.
        before = self._of_boxes() if self._found is None else self._found
        self._found = before & paused - users - ours
        self._update_issue(FOUND_PAUSED, self._found)

    def of_removed_boxes(self) -> dict[str, tuple[LeaseReason, ...]]:
        """Return the queues that are paused for boxes that are not set up any more."""
        found: dict[str, tuple[LeaseReason, ...]] = {}
        for queue, pause in self._leases.book.pauses.items():
            gone = tuple(
                lease.reason
                for lease in pause.leases
                if lease.reason.kind is LeaseKind.GPU_OFFLINE
                and lease.reason.holder not in self._hosts
                # A pause in doubt ends on its own.
                and lease.until is None
            )
            if gone:
                found[queue] = gone
        return found

    def _of_boxes(self) -> frozenset[str]:
        """Return the queues that boxes would have paused."""
        return frozenset(
            queue
            for host in self._hosts.values()
            if host.settings.pause_offline
            for queue in host.settings.queues
        )

    @callback
    def async_look_soon(self, _now: datetime | None = None) -> None:
        """Look at the queues of removed boxes, once at a time."""
        if self.of_removed_boxes() and not self._looking:
            self._looking = True
            self._entry.async_create_background_task(
                self._hass, self._look(), "queues of removed boxes"
            )

    async def _look(self) -> None:
        """Let those go on whose photos would not be skipped, as far as is known."""
        try:
            pauses = self._leases.book.pauses
            gone = self.of_removed_boxes()
            kept = await queues_to_keep(
                LeaseBook({queue: pauses[queue] for queue in gone}),
                self._client,
                host_answers(self._hass, self._entry, self._client, self._stores),
            )
            for queue, reasons in gone.items():
                for reason in reasons if queue not in kept else ():
                    await self._leases.end(reason, [queue])
        except EndedError:
            return
        finally:
            self._looking = False
        self._polled()

    async def async_resume(self) -> None:
        """Let the queues of removed boxes go on, as the user says. Raises ImmichError."""
        for queue, reasons in self.of_removed_boxes().items():
            await self._leases.user_resumes(queue)
            for reason in reasons:
                # Nobody stands behind it any more: nothing is to be blocked.
                await self._leases.end(reason, [queue])
        await self._queues.async_refresh()

    async def async_leave_paused(self) -> None:
        """Leave the queues of removed boxes paused, for the user. Raises NotStoredError."""
        queues = self.of_removed_boxes()
        await self._take_for_users(queues)
        await self._leases.hand_over(queues)
        self._polled()

    async def async_adopt(self) -> None:
        """Let those that were found paused go on with their box. Raises NotStoredError."""
        for queue in sorted(self._found or ()):
            for host_id, host in self._hosts.items():
                if host.settings.pause_offline and queue in host.settings.queues:
                    await self._leases.adopt(
                        LeaseReason(LeaseKind.GPU_OFFLINE, host_id), queue
                    )
                    break
        self._polled()
        self._queues.async_update_listeners()

    async def async_mine(self) -> None:
        """Take those that were found paused for the user's. Raises NotStoredError."""
        await self._take_for_users(self._found or ())
        self._polled()

    async def _take_for_users(self, queues: Collection[str]) -> None:
        """Remember pauses as the user's. Raises NotStoredError."""
        users = self._users | set(queues)
        await self._section.save({"queues": [*sorted(users)]})
        self._users = users

    async def _store(self) -> None:
        """Write down whose pauses are the user's; else it is asked after a restart."""
        try:
            await self._section.keep({"queues": [*sorted(self._users)]})
        except NotStoredError as error:
            LOGGER.debug("The user's pauses can't be stored: %s", error)

    @callback
    def _update_issue(self, key: str, queues: Collection[str]) -> None:
        """Raise an issue about queues, or take it back when there are none."""
        names = {"queues": ", ".join(queue_names(self._hass, self._entry, queues))}
        async_set_issue(
            self._hass, self._entry, key, names if queues else None, data=names
        )


PAUSED_WHILE_DISABLED = "paused_while_disabled"
PAUSED_AFTER_DELETION = "paused_after_deletion"

LEAVE_TIMEOUT = 30.0
"""Seconds for leaving Immich in order."""
ASK_AGAIN = 1.0
"""Seconds until an Immich that did not answer is asked again."""


async def async_let_go(
    hass: HomeAssistant,
    entry: ConfigEntry,
    *,
    client: ImmichClient,
    stores: EntryStores,
    leases: LeaseKeeper,
    restart: RestartManager,
    gpu_hosts: GpuHostManager,
) -> None:
    """Let the queues go on when the entry is disabled: nobody would do it later.

    Where photos would be skipped they stay paused, and are looked after again as soon
    as the entry is enabled. A persistent issue says so: it is shown without the entry.
    """
    if entry.disabled_by is None:
        return
    await restart.async_finish()
    # Else one may still be switched off while its queues go on.
    await gpu_hosts.async_close()
    paused = await _async_leave(hass, entry, client, leases, stores)
    if paused:
        async_set_issue(
            hass,
            entry,
            PAUSED_WHILE_DISABLED,
            {"queues": ", ".join(queue_names(hass, entry, paused))},
            is_fixable=False,
            is_persistent=True,
        )


@callback
def async_is_back(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back what was said of a disabled entry: its queues are looked after again."""
    async_set_issue(hass, entry, PAUSED_WHILE_DISABLED, None)


async def async_leave_in_order(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """End what only we would end, then delete what was stored."""
    stores = EntryStores(hass, entry.entry_id)
    await stores.async_load()
    connection = connection_of(entry.data)
    client = ImmichClient(
        get_async_client(hass, connection.verify_ssl),
        connection.url,
        connection.api_key,
    )
    leases = create_lease_keeper(client, stores)
    guard = create_maintenance_guard(entry, client, stores)
    with suppress(LockedOutError, TimeoutError):
        async with asyncio.timeout(LEAVE_TIMEOUT):
            await _async_end_maintenance(guard)
    paused = await _async_leave(hass, entry, client, leases, stores)
    await _async_undo_concurrency(client, stores)
    if paused:
        LOGGER.warning(
            "These queues are still paused after the entry was deleted, as their photos"
            " would be skipped or Immich did not answer: %s",
            ", ".join(paused),
        )
        await _async_notify(hass, entry, queue_names(hass, entry, paused))
    if guard.open:
        LOGGER.warning(
            "The entry was deleted while Immich was in maintenance mode. To end it, run"
            " `immich-admin disable-maintenance-mode` in the shell of the Immich server,"
            " or open the login link from the Immich log"
        )
    await stores.async_remove()


async def _async_leave(
    hass: HomeAssistant,
    entry: ConfigEntry,
    client: ImmichClient,
    leases: LeaseKeeper,
    stores: EntryStores,
) -> list[str]:
    """End the leases where nothing is lost by it; return what is still paused."""
    try:
        async with asyncio.timeout(LEAVE_TIMEOUT):
            kept = await queues_to_keep(
                leases.book, client, host_answers(hass, entry, client, stores)
            )
            left = await leases.leave(kept)
    except TimeoutError:
        return sorted(leases.book.pauses)
    return sorted({*kept, *left})


async def _async_end_maintenance(guard: MaintenanceGuard) -> None:
    """Get Immich out of maintenance; it refuses connections while it comes and goes.

    Raises LockedOutError.
    """
    while True:
        try:
            await guard.look_after()
        except LockedOutError:
            raise
        except (HealingError, ImmichError) as error:
            LOGGER.debug("Maintenance can't be ended yet: %s", error)
        if not guard.open:
            return
        await asyncio.sleep(ASK_AGAIN)


async def _async_undo_concurrency(client: ImmichClient, stores: EntryStores) -> None:
    """Set the numbers of workers as they were before GPU hosts raised them."""
    section = stores.safety.section(CONCURRENCY)
    keeper = ConcurrencyKeeper(client, section, monotonic_ms, {})
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_TIMEOUT):
            await keeper.undo()


def _goes_off(stores: EntryStores, host_id: str) -> bool:
    """Return whether a host was being emptied or switched off when last heard of.

    It answers until it is gone, and would take the photos with it.
    """
    stored = stores.safety.section(HOST_SECTION.format(host_id)).data
    return stored_str(stored_mapping(stored, "power"), "state") in LEAVING


def host_answers(
    hass: HomeAssistant,
    entry: ConfigEntry,
    client: ImmichClient,
    stores: EntryStores,
) -> Answers:
    """Return what tells whether a GPU host is known to do its work."""
    http = get_async_client(hass, connection_of(entry.data).verify_ssl)

    async def answers(host_id: str) -> bool:
        """Ask the host, or Immich for one that is not set up any more."""
        if _goes_off(stores, host_id):
            return False
        sub = entry.subentries.get(host_id)
        if sub is not None and sub.subentry_type == SUBENTRY_GPU_HOST:
            url = host_settings_of(sub).ml_url
            probe = PingProbe(http, url, client.probe_machine_learning)
            return await probe.thoroughly() is Probe.ANSWERS
        try:
            return await client.probe_machine_learning() is MachineLearning.ANSWERS
        except ImmichError:
            return False

    return answers


async def _async_notify(
    hass: HomeAssistant, entry: ConfigEntry, queues: list[str]
) -> None:
    """Tell what is left to be done in Immich: nothing of the entry is there to show it."""
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    values = {"title": entry.title, "queues": ", ".join(queues)}

    def text(key: str) -> str:
        return texts.get(f"component.{DOMAIN}.common.{key}", key).format(**values)

    persistent_notification.async_create(
        hass,
        text("paused_after_deletion"),
        text("paused_after_deletion_title"),
        f"{DOMAIN}_{PAUSED_AFTER_DELETION}_{entry.entry_id}",
    )


@callback
def async_keep_leases(
    hass: HomeAssistant,
    entry: ConfigEntry,
    leases: LeaseKeeper,
    queues: QueueCoordinator,
    starts: ImmichStarts | None,
) -> None:
    """Look after the leases with every poll, and when one ends between two polls."""
    timer: list[CALLBACK_TYPE] = []
    ended_with_entry = False

    async def update() -> None:
        """Compare the leases with what was seen."""
        view = queues.data
        seen = {name: queue.is_paused for name, queue in view.queues.items()}
        if starts is not None and RESUMED_AT_START & leases.book.pauses.keys():
            # Only who knows the previous workers can tell that these are new.
            await starts.just_now()
        with suppress(EndedError):
            await leases.update(seen, view.run_id)
        plan()

    @callback
    def plan() -> None:
        """Wake up when the next lease ends, unless the entry has ended."""
        stop()
        if ended_with_entry:
            return
        if (due := leases.book.next_end()) is not None:
            # Not at once, for when another step holds the leases up.
            delay = max(SOONEST, (due - monotonic_ms()) / 1000)
            timer.append(async_call_later(hass, delay, ended))

    @callback
    def stop() -> None:
        """Take the timer back."""
        while timer:
            timer.pop()()

    @callback
    def end() -> None:
        """Plan nothing any more, also when an update is still under way."""
        nonlocal ended_with_entry
        ended_with_entry = True
        stop()

    async def ended(_now: datetime) -> None:
        """End the lease, then show it."""
        timer.clear()
        await update()
        await queues.async_request_refresh()

    @callback
    def updated() -> None:
        """Look after a poll."""
        if queues.last_update_success:
            entry.async_create_task(hass, update())
        elif queues.redis is None:
            leases.note_interruption()

    entry.async_on_unload(queues.async_add_listener(updated))
    entry.async_on_unload(end)
    updated()
