"""What one refresh costs Home Assistant's event loop, with every entity switched on.

A refresh is: read Redis, understand, write all states that changed. Only the
processor time of the event loop's thread counts, as that is what other
integrations wait for; time spent waiting for Redis does not. Idle and busy refreshes
are measured in turns, and beside them the reading and understanding alone.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import thread_time
from unittest.mock import patch

from homeassistant import loader
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_REDIS_URL,
    DOMAIN,
    MAX_POLL_INTERVAL,
)
from custom_components.immich_admin_tools.coordinator import QueueCoordinator
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

ROUNDS = 200
QUICK_ROUNDS = 20
BETWEEN = 0.1
"""Seconds between two looks: each finds the events of that time."""

BUSY_QUEUES = ("faceDetection", "smartSearch", "ocr", "thumbnailGeneration")


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per load."""
    return asyncio.run(_run(QUICK_ROUNDS if quick else ROUNDS))


async def _run(rounds: int) -> list[list[str]]:
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(start_valkey())
        simulator = await stack.enter_async_context(Simulator(valkey.url, assets=500))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        hass = await stack.enter_async_context(
            async_test_home_assistant(config_dir=str(folder))
        )
        entry = await _set_up(hass, simulator, valkey.url)
        entities = len(hass.states.async_all())
        for queue in BUSY_QUEUES:
            await simulator.speed(100, queue)
        rows = [
            ["refresh: ms of event loop", "median", "p95", "target", "of it reading"]
        ]
        for state in ("idle", "4 queues busy"):
            if state != "idle":
                for queue in BUSY_QUEUES:
                    await simulator.add_jobs(queue, 20_000)
            whole, reading = await _measure(hass, entry, rounds)
            rows.append(_row(f"{state}, {entities} entities", whole, reading))
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_stop(force=True)
    return rows


async def _set_up(
    hass: HomeAssistant, simulator: Simulator, redis_url: str
) -> MockConfigEntry:
    """Load an entry with all of its entities on.

    They are on from the start: Home Assistant would reload an entry some time after
    one was switched on, in the middle of what is measured.
    """
    hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Immich",
        unique_id=simulator.user_id,
        data={
            CONF_URL: simulator.url,
            CONF_API_KEY: simulator.api_key,
            CONF_REDIS_URL: redis_url,
        },
        # Only we look, and at once after the measured pause.
        options={CONF_POLL_INTERVAL: MAX_POLL_INTERVAL},
    )
    entry.add_to_hass(hass)
    with patch.object(Entity, "entity_registry_enabled_default", True):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    return entry


async def _measure(
    hass: HomeAssistant, entry: MockConfigEntry, rounds: int
) -> tuple[list[float], list[float]]:
    """Return ms of the loop's thread: whole refreshes, and reading alone, in turns."""
    queues: QueueCoordinator = entry.runtime_data.queues
    whole: list[float] = []
    reading: list[float] = []
    for _ in range(rounds):
        await asyncio.sleep(BETWEEN)
        seen = queues.data.now
        start = thread_time()
        await queues.async_refresh()
        # What listeners left to tasks is part of it.
        await hass.async_block_till_done()
        whole.append((thread_time() - start) * 1000)
        if not queues.last_update_success or queues.data.now <= seen:
            raise RuntimeError("A refresh was measured that did not look")
        await asyncio.sleep(BETWEEN)
        start = thread_time()
        await queues._async_update_data()  # noqa: SLF001 # the same without entities
        reading.append((thread_time() - start) * 1000)
    return whole, reading


def _row(name: str, whole: list[float], reading: list[float]) -> list[str]:
    return [
        name,
        f"{median(whole):.2f}",
        f"{quantiles(whole, n=20)[-1]:.2f}",
        "< 10",
        f"{median(reading):.2f} ({median(reading) / median(whole):.0%})",
    ]
