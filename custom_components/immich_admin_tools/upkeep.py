"""What is kept in order with every poll, and when the entry goes."""

import asyncio
from contextlib import suppress
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.httpx_client import get_async_client

from .analysis.models import Source
from .clock import now_ms
from .const import LOGGER
from .coordinator import AdminToolsConfigEntry
from .entry_telemetry import TELEMETRY
from .healing.errors import HealingError
from .healing.lease_keeper import LeaseKeeper
from .healing.safety import Stored
from .immich.client import ImmichClient
from .immich.errors import ImmichError
from .maintenance_guard import create_maintenance_guard
from .settings import connection_of
from .stores import EntryStores

LEASES = "leases"
"""Section of the safety store."""

LEAVE_TIMEOUT = 30.0
"""Seconds for leaving Immich in order when the entry is deleted."""


def create_lease_keeper(client: ImmichClient, stores: EntryStores) -> LeaseKeeper:
    """Return a keeper that goes on from what is stored."""
    return LeaseKeeper(client, stores.safety.section(LEASES), now_ms)


@callback
def async_keep_counters(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Write now and then what was counted, so that it goes on after a restart."""
    runtime = entry.runtime_data

    def snapshot() -> Stored:
        """Return what is to be stored."""
        return {
            **runtime.queues.analyst.to_dict(),
            TELEMETRY: runtime.telemetry.counts.to_dict(),
        }

    @callback
    def updated() -> None:
        """Plan a write."""
        runtime.stores.counters.async_schedule(snapshot)

    entry.async_on_unload(runtime.queues.async_add_listener(updated))
    updated()


@callback
def async_keep_leases(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Look after the leases with every poll, and when one ends between two polls."""
    runtime = entry.runtime_data
    queues, leases = runtime.queues, runtime.leases
    timer: list[CALLBACK_TYPE] = []

    async def update() -> None:
        """Compare the leases with what was seen."""
        redis = queues.redis
        run = (
            redis.reading.run_id
            if redis is not None
            and redis.reading is not None
            and queues.data.source is Source.REDIS
            else None
        )
        seen = {name: view.is_paused for name, view in queues.data.queues.items()}
        await leases.update(seen, run)
        plan()

    @callback
    def plan() -> None:
        """Wake up when the next lease ends."""
        stop()
        if (end := leases.book.next_end()) is not None:
            delay = max(0.0, (end - now_ms()) / 1000)
            timer.append(async_call_later(hass, delay, ended))

    @callback
    def stop() -> None:
        """Take the timer back."""
        while timer:
            timer.pop()()

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
    entry.async_on_unload(stop)
    updated()


@callback
def async_keep_healing(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Tell what happened, and look after stuck jobs, with every poll."""
    runtime = entry.runtime_data

    @callback
    def updated() -> None:
        """Look after a poll."""
        if not runtime.queues.last_update_success:
            return
        view, healing = runtime.queues.data, runtime.healing
        runtime.activity.async_updated(view, healing.under_way if healing else ())
        if healing is not None:
            healing.async_updated(view)

    if runtime.healing is not None:
        runtime.healing.async_keep()
    entry.async_on_unload(runtime.queues.async_add_listener(updated))
    updated()


async def async_let_go(entry: AdminToolsConfigEntry) -> None:
    """Let the queues go on when the entry is disabled: nobody would do it later."""
    if entry.disabled_by is not None:
        await entry.runtime_data.leases.end_all()


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
    try:
        async with asyncio.timeout(LEAVE_TIMEOUT):
            with suppress(HealingError, ImmichError):
                await guard.look_after()
            left = list(await leases.end_all())
    except TimeoutError:
        left = list(leases.book.pauses)
    if left:
        LOGGER.warning(
            "Immich did not answer while its entry was deleted. These queues were"
            " paused by it and may still be: %s",
            ", ".join(left),
        )
    if guard.open:
        LOGGER.warning(
            "The entry was deleted while Immich was in maintenance mode. What gets it"
            " out: `immich-admin disable-maintenance-mode` in the server's shell, or"
            " the login link in its log"
        )
    await stores.async_remove()
