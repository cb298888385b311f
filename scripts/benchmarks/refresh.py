"""What one refresh costs Home Assistant's event loop, with every entity switched on.

A refresh is: read Redis, understand, tell the listeners, write all states that changed.
Only the processor time of the event loop's thread counts, as that is what other
integrations wait for; time spent waiting for Redis does not. All parts are of the same
refreshes. The sign of life that Immich is asked for beside each one is a request of
HTTP, nearly all of it httpx's own; it is no part of them and measured by itself.

A refresh reads the events of the time since the last one, so there is also one as far
apart from the last as in real life, where the counts that are held back are due, too.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import thread_time
from typing import Any
from unittest.mock import patch

from homeassistant import loader
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.immich_admin_tools.analysis.models import ServerView
from custom_components.immich_admin_tools.bullmq.models import RedisReading
from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_REDIS_URL,
    DOMAIN,
    MAX_POLL_INTERVAL,
)
from custom_components.immich_admin_tools.coordinator import QueueCoordinator
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

TARGET = 5.0
"""ms of a median refresh."""

BETWEEN = 0.1
"""Seconds between two looks: each finds the events of that time."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured in one row."""

    name: str
    busy: bool
    between: float
    rounds: int


LOADS = (
    Load("idle", busy=False, between=BETWEEN, rounds=200),
    Load("4 queues busy", busy=True, between=BETWEEN, rounds=200),
    Load("4 queues busy, every 5 s", busy=True, between=5.0, rounds=30),
)
QUICK_LOADS = tuple(replace(load, between=BETWEEN, rounds=20) for load in LOADS[:2])

SIGNS = 20
"""How often a sign of life is asked for."""

BUSY_QUEUES = ("faceDetection", "smartSearch", "ocr", "thumbnailGeneration")


@dataclass(frozen=True, slots=True)
class Cost:
    """ms of the loop's thread for one refresh."""

    reading: float
    understanding: float
    telling: float
    events: int
    """How many the refresh has read."""

    @property
    def whole(self) -> float:
        """Return all of it."""
        return self.reading + self.understanding + self.telling


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per load."""
    return asyncio.run(_run(QUICK_LOADS if quick else LOADS))


async def _run(loads: Iterable[Load]) -> list[list[str]]:
    rows = [
        [
            "refresh: ms of event loop",
            "events",
            "median",
            "p95",
            "target",
            "reading",
            "understanding",
            "telling",
        ]
    ]
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
        is_busy = False
        for load in loads:
            if load.busy and not is_busy:
                is_busy = True
                for queue in BUSY_QUEUES:
                    await simulator.add_jobs(queue, 20_000)
                # What came in at once is no part of a usual refresh.
                await entry.runtime_data.queues.async_refresh()
            costs = await _measure(hass, entry, load)
            rows.append(_row(f"{load.name}, {entities} entities", costs))
        rows.append(_row_of_signs(await _measure_signs(entry, SIGNS)))
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
    hass: HomeAssistant, entry: MockConfigEntry, load: Load
) -> list[Cost]:
    """Return what refreshes cost."""
    queues: QueueCoordinator = entry.runtime_data.queues
    understand = queues.analyst.update_from_redis
    read_at = understood_at = 0.0
    events = 0

    def timed(reading: RedisReading, *args: Any) -> ServerView:
        nonlocal read_at, understood_at, events
        read_at = thread_time()
        view = understand(reading, *args)
        understood_at = thread_time()
        events = sum(len(queue.events) for queue in reading.queues.values())
        return view

    async def no_sign() -> None:
        """Ask Immich for nothing."""

    costs: list[Cost] = []
    with (
        patch.object(queues.analyst, "update_from_redis", timed),
        patch.object(entry.runtime_data.server, "async_pulse", no_sign),
    ):
        for _ in range(load.rounds):
            await asyncio.sleep(load.between)
            seen = queues.data.now
            begin = thread_time()
            await queues.async_refresh()
            # What listeners left to tasks is part of it.
            await hass.async_block_till_done()
            end = thread_time()
            if not queues.last_update_success or queues.data.now <= seen:
                raise RuntimeError("A refresh was measured that did not look")
            costs.append(
                Cost(
                    reading=(read_at - begin) * 1000,
                    understanding=(understood_at - read_at) * 1000,
                    telling=(end - understood_at) * 1000,
                    events=events,
                )
            )
    return costs


async def _measure_signs(entry: MockConfigEntry, rounds: int) -> list[float]:
    """Return ms of the loop's thread for asking Immich for a sign of life."""
    costs: list[float] = []
    for _ in range(rounds):
        await asyncio.sleep(BETWEEN)
        begin = thread_time()
        await entry.runtime_data.server.async_pulse()
        costs.append((thread_time() - begin) * 1000)
    return costs


def _row(name: str, costs: Collection[Cost]) -> list[str]:
    whole = [cost.whole for cost in costs]
    return [
        name,
        f"{median(cost.events for cost in costs):.0f}",
        *_median_and_p95(whole),
        f"≤ {TARGET:.0f}",
        f"{median(cost.reading for cost in costs):.2f}",
        f"{median(cost.understanding for cost in costs):.2f}",
        f"{median(cost.telling for cost in costs):.2f}",
    ]


def _row_of_signs(costs: Sequence[float]) -> list[str]:
    return ["sign of life beside it", "", *_median_and_p95(costs), "", "", "", ""]


def _median_and_p95(costs: Sequence[float]) -> tuple[str, str]:
    return f"{median(costs):.2f}", f"{quantiles(costs, n=20)[-1]:.2f}"
