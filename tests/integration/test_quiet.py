"""What goes on for minutes is written, logged and asked for on change, not all the time."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
import logging

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import coordinator
from custom_components.immich_admin_tools.healing.safety import Stored
from custom_components.immich_admin_tools.immich.errors import JobAlreadyRunningError
from custom_components.immich_admin_tools.storage import DelayedStore
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import Clocks, entry_for, poll, set_up
from .gpu import box, gpu_entity_id, host_data, host_of, reach, with_hosts
from .test_outages import own_servers  # noqa: F401  # a fixture
from .test_recorder_rows import recorded

EVERY = 5
"""Seconds between two polls."""
MINUTES = 5
MOST_LINES = {"redis": 5, "api": 5, "api and box": 8, "all": 10}
"""What a box that is gone has skipped, and what can't be paused, is more."""
OURS = "custom_components.immich_admin_tools"


def _lines(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    """Return what a user reads in the log, of us or because of us."""
    return Counter(
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith(OURS)
    )


@pytest.mark.parametrize("gone", MOST_LINES)
async def test_an_outage_of_minutes_takes_a_handful_of_lines(
    hass: HomeAssistant,
    own_servers: tuple[Simulator, Valkey],  # noqa: F811  # the fixture
    clocks: Clocks,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    gone: str,
) -> None:
    """However often it is asked in vain, by polls and by a box's probes."""
    # An Immich that has lost its Redis does not answer at all.
    for name in ("FALLBACK_TIMEOUT", "PULSE_TIMEOUT"):
        monkeypatch.setattr(coordinator, name, 0.05)
    simulator, valkey = own_servers
    async with box(hass, simulator) as own:
        entry = with_hosts(
            entry_for(simulator, valkey.url),
            host_data(simulator, own, concurrency={"ocr": 3}),
        )
        await set_up(hass, entry)
        await reach(entry, "ready")
        await simulator.hang("ocr", 1)
        await simulator.add_jobs("ocr", 20)
        await simulator.until_truth("ocr", hung_now=1)
        await poll(hass, entry)
        entry.runtime_data.client._requests._timeout = 0.05
        caplog.clear()
        if gone in ("api and box", "all"):
            await simulator.machine_learning("off")
        if gone != "redis":
            await simulator.api("down")
        if gone in ("redis", "all"):
            await valkey.stop()
        runtime = entry.runtime_data
        for number in range(MINUTES * 60 // EVERY):
            clocks.passed += EVERY
            await poll(hass, entry)
            for _ in range(2):
                await host_of(entry).controller.probe()
            if number % 6 == 0:
                await runtime.server.async_refresh()
        logged = _lines(caplog)
        await hass.config_entries.async_unload(entry.entry_id)
        if gone in ("redis", "all"):
            await valkey.start()
        await simulator.api("normal")
    assert logged
    # A box that is just dying may answer once more in between.
    assert max(logged.values()) <= 2, logged
    assert logged.total() <= MOST_LINES[gone], logged


async def test_an_idle_server_wears_no_disk(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    clocks: Clocks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Minute after minute: neither counters nor history are planned to be written."""
    await poll(hass, entry)
    await entry.runtime_data.stores.async_flush()
    planned: list[DelayedStore] = []
    real = DelayedStore.async_schedule

    def schedule(store: DelayedStore, snapshot: Callable[[], Stored]) -> None:
        planned.append(store)
        real(store, snapshot)

    monkeypatch.setattr(DelayedStore, "async_schedule", schedule)
    for _ in range(MINUTES * 60 // EVERY):
        clocks.passed += EVERY
        await poll(hass, entry)
    assert planned == []


async def test_a_box_is_in_its_state_since_one_time(
    hass: HomeAssistant, simulator: Simulator, clocks: Clocks
) -> None:
    """Though the wall clock is put right by parts of a second all the time."""
    async with box(hass, simulator) as own:
        entry = with_hosts(entry_for(simulator, None), host_data(simulator, own))
        await set_up(hass, entry)
        await reach(entry, "ready")
        # It is shown a moment later.
        for _ in range(3):
            await poll(hass, entry)
            await host_of(entry).controller.probe()
        sensor = gpu_entity_id(hass, entry, "sensor.state")
        state = hass.states.get(sensor)
        assert state is not None
        since = state.attributes["since"]
        assert since is not None
        with recorded(hass) as rows:
            for number in range(40):
                clocks.passed += 1.5
                clocks.wall += 0.7 if number % 2 else -0.7
                await poll(hass, entry)
                await host_of(entry).controller.probe()
                state = hass.states.get(sensor)
                assert state is not None
                assert state.attributes["since"] == since
        assert rows[sensor] == 0
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_busy_queue_is_asked_to_start_once_a_minute(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    clocks: Clocks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In ten minutes ten times, and no more."""
    ledger = entry.runtime_data.skipped_jobs
    await ledger.count("ocr", 9, at_least=False, position=None)
    requests: list[float] = []

    async def start(name: str, *, force: bool) -> None:
        requests.append(clocks.passed)
        raise JobAlreadyRunningError(name)

    monkeypatch.setattr(entry.runtime_data.client, "start", start)
    await ledger.run_automatically("ocr")

    async def asked() -> bool:
        await hass.async_block_till_done(wait_background_tasks=True)
        return bool(requests)

    await until(asked, timeout=10, what="it is asked once", interval=0.1)
    for _ in range(600 // EVERY):
        clocks.passed += EVERY
        await poll(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert 9 <= len(requests) <= 11
    assert min(b - a for a, b in pairwise(requests)) >= 60
