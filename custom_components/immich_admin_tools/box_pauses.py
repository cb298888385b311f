"""Queues paused for a GPU box that is no more, or paused when nobody knows for whom."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .const import DOMAIN, LOGGER
from .healing.errors import EndedError, NotStoredError
from .healing.handing_over import queues_to_keep
from .healing.leases import LeaseBook, LeaseKind, Reason
from .leaving import host_answers
from .placeholders import plain_placeholders
from .queue_names import queue_names

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

BOX_REMOVED_PAUSED = "box_removed_paused"
FOUND_PAUSED = "found_paused"
BOX_PAUSE_ISSUES = (BOX_REMOVED_PAUSED, FOUND_PAUSED)

LOOK_EVERY = timedelta(minutes=1)
"""It costs Immich a small search, and only while there are such queues."""

SECTION = "users_pauses"
"""Section of the safety store: queues whose pause is known to be the user's."""


class BoxPauses:
    """Looks after the pauses of one Immich that no GPU box looks after."""

    def __init__(self, hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
        """Go on from what is stored."""
        self._hass = hass
        self._entry = entry
        self._leases = entry.runtime_data.leases
        self._section = entry.runtime_data.stores.safety.section(SECTION)
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
        queues = self._entry.runtime_data.queues
        self._entry.async_on_unload(queues.async_add_listener(self._polled))
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self.async_look_soon, LOOK_EVERY)
        )
        self._polled()
        self.async_look_soon()

    @callback
    def _polled(self) -> None:
        """Keep the issues in step with the queues."""
        self._tell(BOX_REMOVED_PAUSED, self.of_removed_boxes())
        queues = self._entry.runtime_data.queues
        if not queues.last_update_success:
            return
        views = queues.data.queues
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
        self._tell(FOUND_PAUSED, self._found)

    def of_removed_boxes(self) -> dict[str, tuple[Reason, ...]]:
        """Return the queues that are paused for boxes that are not set up any more."""
        hosts = self._entry.runtime_data.gpu_hosts.hosts
        found: dict[str, tuple[Reason, ...]] = {}
        for queue, pause in self._leases.book.pauses.items():
            gone = tuple(
                lease.reason
                for lease in pause.leases
                if lease.reason.kind is LeaseKind.GPU_OFFLINE
                and lease.reason.holder not in hosts
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
            for host in self._entry.runtime_data.gpu_hosts.hosts.values()
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
                self._entry.runtime_data.client,
                host_answers(
                    self._hass,
                    self._entry,
                    self._entry.runtime_data.client,
                    self._entry.runtime_data.stores,
                ),
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
        await self._entry.runtime_data.queues.async_refresh()

    async def async_leave_paused(self) -> None:
        """Leave the queues of removed boxes paused, for the user. Raises NotStoredError."""
        queues = self.of_removed_boxes()
        await self._take_for_users(queues)
        await self._leases.hand_over(queues)
        self._polled()

    async def async_adopt(self) -> None:
        """Let those that were found paused go on with their box. Raises NotStoredError."""
        hosts = self._entry.runtime_data.gpu_hosts.hosts
        for queue in sorted(self._found or ()):
            for host_id, host in hosts.items():
                if host.settings.pause_offline and queue in host.settings.queues:
                    await self._leases.adopt(
                        Reason(LeaseKind.GPU_OFFLINE, host_id), queue
                    )
                    break
        self._polled()
        self._entry.runtime_data.queues.async_update_listeners()

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
    def _tell(self, key: str, queues: Collection[str]) -> None:
        """Raise an issue about queues, or take it back when there are none."""
        issue_id = f"{key}_{self._entry.entry_id}"
        if not queues:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        names = ", ".join(queue_names(self._hass, self._entry, queues))
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry.entry_id, "queues": names},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=plain_placeholders(
                {"title": self._entry.title, "queues": names}
            ),
        )
