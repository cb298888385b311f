"""Leaving in order: what goes on, what stays paused, and how the user hears of it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.translation import async_get_translations

from .analysis.stored import stored_mapping, stored_str
from .clock import monotonic_ms
from .const import DOMAIN, LOGGER
from .gpu_host.concurrency import ConcurrencyKeeper
from .gpu_host.models import LEAVING
from .gpu_host.probe import PingProbe
from .gpu_host.reach import Probe
from .gpu_settings import CONCURRENCY, HOST_SECTION, SUBENTRY_GPU_HOST, host_settings_of
from .healing.errors import HealingError, LockedOutError
from .healing.handing_over import Answers, queues_to_keep
from .healing.lease_keeper import LeaseKeeper
from .healing.maintenance import MaintenanceGuard
from .immich.client import ImmichClient
from .immich.errors import ImmichError
from .immich.models import MachineLearning
from .lease_store import create_lease_keeper
from .maintenance_guard import create_maintenance_guard
from .placeholders import plain_placeholders
from .queue_names import queue_names
from .settings import connection_of
from .stores import EntryStores

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

PAUSED_WHILE_DISABLED = "paused_while_disabled"
PAUSED_AFTER_DELETION = "paused_after_deletion"

LEAVE_TIMEOUT = 30.0
"""Seconds for leaving Immich in order."""
ASK_AGAIN = 1.0
"""Seconds until an Immich that did not answer is asked again."""


async def async_let_go(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Let the queues go on when the entry is disabled: nobody would do it later.

    Where photos would be skipped they stay paused, and are looked after again as soon
    as the entry is enabled. A persistent issue says so: it is shown without the entry.
    """
    if entry.disabled_by is None:
        return
    runtime = entry.runtime_data
    await runtime.restart.async_finish()
    # Else one may still be switched off while its queues go on.
    await runtime.gpu_hosts.async_close()
    paused = await _async_leave(
        hass, entry, runtime.client, runtime.leases, runtime.stores
    )
    if paused:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{PAUSED_WHILE_DISABLED}_{entry.entry_id}",
            is_fixable=False,
            is_persistent=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="paused_while_disabled",
            translation_placeholders=plain_placeholders(
                {
                    "title": entry.title,
                    "queues": ", ".join(queue_names(hass, entry, paused)),
                }
            ),
        )


@callback
def async_is_back(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Take back what was said of a disabled entry: its queues are looked after again."""
    ir.async_delete_issue(hass, DOMAIN, f"{PAUSED_WHILE_DISABLED}_{entry.entry_id}")


async def async_leave_in_order(
    hass: HomeAssistant, entry: AdminToolsConfigEntry
) -> None:
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
            "The entry was deleted while Immich was in maintenance mode. What gets it"
            " out: `immich-admin disable-maintenance-mode` in the server's shell, or"
            " the login link in its log"
        )
    await stores.async_remove()


async def _async_leave(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
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
    entry: AdminToolsConfigEntry,
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
    hass: HomeAssistant, entry: AdminToolsConfigEntry, queues: list[str]
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
