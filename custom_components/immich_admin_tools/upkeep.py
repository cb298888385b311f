"""What is kept in order with every poll, and ends with the entry."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .analysis.models import Source
from .clock import monotonic_ms
from .healing.errors import EndedError
from .healing.safety import Stored
from .immich.queues import RESUMED_AT_START
from .pauses.keeper import LeaseKeeper
from .restart.worker_watch import ImmichStarts
from .storage import EntryStores
from .telemetry import TELEMETRY

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry

SOONEST = 0.2
"""Seconds until a lease whose time is over is looked after once more."""

_ENDED = frozenset(
    {
        ConfigEntryState.NOT_LOADED,
        ConfigEntryState.SETUP_ERROR,
        ConfigEntryState.SETUP_RETRY,
    }
)


@callback
def async_end_with_entry(
    hass: HomeAssistant,
    entry: AdminToolsConfigEntry,
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

    def counted() -> tuple[object, ...]:
        """Return what differs when there is something new."""
        return (
            runtime.queues.analyst.counted_so_far,
            runtime.telemetry.counts.to_dict() if runtime.telemetry.urls else None,
        )

    last = counted()

    @callback
    def updated() -> None:
        """Plan a write where something was counted: an idle server wears no disk."""
        nonlocal last
        if (now := counted()) != last:
            last = now
            runtime.stores.counters.async_schedule(snapshot)

    entry.async_on_unload(runtime.queues.async_add_listener(updated))
    # Not with the next poll: the entry may end before that.
    entry.async_on_unload(runtime.telemetry.async_add_listener(updated))
    if snapshot() != runtime.stores.counters.data:
        runtime.stores.counters.async_schedule(snapshot)


@callback
def async_keep_leases(
    hass: HomeAssistant, entry: AdminToolsConfigEntry, starts: ImmichStarts | None
) -> None:
    """Look after the leases with every poll, and when one ends between two polls."""
    runtime = entry.runtime_data
    queues, leases = runtime.queues, runtime.leases
    timer: list[CALLBACK_TYPE] = []
    ended_with_entry = False

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
        if starts is not None and RESUMED_AT_START & leases.book.pauses.keys():
            # Only who knows the workers of before can tell that they are new.
            await starts.just_now()
        with suppress(EndedError):
            await leases.update(seen, run)
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
