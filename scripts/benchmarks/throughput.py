"""Is the count of processed jobs exact, and what does counting cost?

The truth is what the workers themselves wrote down. Between two looks most of the
entries of an event stream are lost, once whole bulks of them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
import json
from statistics import median
from time import perf_counter
import tracemalloc

from redis.asyncio import Redis

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.models import JobEvent, StreamState
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.analysis.builders import NOW, beat, event, queue, reading
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

QUEUE = "thumbnailGeneration"
JOBS, QUICK_JOBS = 100_000, 2_000
BULK, QUICK_BULK = 20_000, 2_000
PATIENCE = 600
POLL = 5.0
RECOVERS_SOON = ("--lock-duration", "5000", "--stalled-interval", "2000")
"""Jobs that a restart tore out are run again within seconds, not after a minute."""

EVENTS = 3_000
POLLS_A_DAY = 24 * 720
QUICK_POLLS = 200
EVENTS_PER_POLL = 60
QUEUES = 17

MEBIBYTE = 1024 * 1024


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per measure."""
    return [
        ["throughput", "counted", "truth", "off by"],
        *asyncio.run(_exactness(quick)),
        ["", "median ms", "µs per event"],
        *_cost(quick),
        ["", "MB at noon", "MB at midnight"],
        _day(QUICK_POLLS if quick else POLLS_A_DAY),
    ]


class Counting:
    """What Home Assistant does, without Home Assistant."""

    def __init__(self, client: Redis) -> None:
        """Begin with nothing known."""
        self.client = client
        self._reader = QueueReader(client)
        self._analyst = Analyst()

    async def poll(self) -> tuple[int, int]:
        """Return the jobs counted so far and those that are left."""
        view = self._analyst.update_from_redis(
            await self._reader.read([QUEUE]), Thresholds()
        ).queues[QUEUE]
        return view.processed or 0, view.waiting + view.active

    def restart(self) -> None:
        """Go on from what is stored."""
        stored = json.loads(json.dumps(self._analyst.to_dict()))
        self._analyst = Analyst.from_dict(stored)
        self._reader = QueueReader(self.client)
        self._reader.restore_positions(self._analyst.positions)

    async def until_done(self, every: float) -> int:
        """Poll until nothing is left."""
        async with asyncio.timeout(PATIENCE):
            while True:
                counted, left = await self.poll()
                if not left:
                    return counted
                await asyncio.sleep(every)


@asynccontextmanager
async def _counting() -> AsyncIterator[tuple[Simulator, Counting]]:
    """Start the servers."""
    async with (
        start_valkey() as valkey,
        Simulator(valkey.url, options=RECOVERS_SOON) as immich,
        create_client(RedisSettings(valkey.url), None) as client,
    ):
        await immich.speed(0)
        ours = Counting(client)
        await ours.poll()
        yield immich, ours


async def _exactness(quick: bool) -> list[list[str]]:
    """Compare with what the workers did, step by step in one run."""
    jobs, bulk = (QUICK_JOBS, QUICK_BULK) if quick else (JOBS, BULK)
    rows: list[list[str]] = []
    async with _counting() as (immich, ours):

        async def compare(what: str, every: float = POLL) -> None:
            counted = await ours.until_done(every)
            truth = (await immich.truth()).queues[QUEUE].finished
            rows.append([what, f"{counted:,}", f"{truth:,}", f"{counted - truth:,}"])

        await _add(immich, jobs)
        await compare(f"{jobs:,} jobs, a look every {POLL:.0f} s")

        await _add(immich, bulk)
        await immich.until_truth(QUEUE, finished=jobs + bulk, timeout=PATIENCE)
        await compare(f"{bulk:,} more in bulk, one look after all of it")

        await _add(immich, bulk)
        await ours.poll()
        ours.restart()
        await compare(f"{bulk:,} more, we are restarted in the middle")

        await _add(immich, bulk)
        await ours.poll()
        await immich.stop_worker()
        await immich.start_worker()
        await compare(f"{bulk:,} more, the workers are restarted in the middle")

        await ours.client.flushall()
        await _add(immich, bulk)
        await compare(f"{bulk:,} more after Redis was flushed")
    return rows


async def _add(immich: Simulator, jobs: int) -> None:
    """Add jobs, in bulks as Immich does."""
    for left in range(jobs, 0, -10_000):
        await immich.add_jobs(QUEUE, min(left, 10_000))


def _events(numbers: Iterator[int], jobs: int, now: int) -> tuple[JobEvent, ...]:
    """Return the starts and ends of some jobs."""
    found = []
    for offset in range(jobs):
        job_id, at = str(next(numbers)), now - jobs + offset
        found += [
            event(f"{at}-0", "active", job_id, prev="waiting"),
            event(f"{at}-1", "completed", job_id, prev="active"),
        ]
    return tuple(found)


def _cost(quick: bool) -> list[list[str]]:
    """Measure how long a poll takes to be understood."""
    rows = []
    for events in (0, EVENTS):
        analyst, numbers, times = Analyst(), count(1), []
        for poll in range(5 if quick else 50):
            now = NOW + poll * 5_000
            made = _events(numbers, events // 2, now)
            stream = StreamState(10_000, 10_000 + poll * events, f"{now}-0")
            readings = [
                queue(
                    f"queue{n}",
                    wait=1_000,
                    heartbeat=beat(now),
                    stream=stream,
                    events=made if n == 0 else (),
                )
                for n in range(QUEUES)
            ]
            whole = reading(now, *readings)
            started = perf_counter()
            analyst.update_from_redis(whole, Thresholds())
            times.append(perf_counter() - started)
        taken = median(times)
        rows.append(
            [
                f"a poll of {QUEUES} queues with {events:,} events is understood",
                f"{taken * 1000:.2f}",
                f"{taken * 1e6 / events:.2f}" if events else "",
            ]
        )
    return rows


def _day(polls: int) -> list[str]:
    """Replay a day, and weigh what is kept."""
    analyst, numbers = Analyst(), count(1)
    weights = []
    tracemalloc.start()
    for half in (range(polls // 2), range(polls // 2, polls)):
        for poll in half:
            now = NOW + poll * 5_000
            made = _events(numbers, EVENTS_PER_POLL // 2, now)
            stream = StreamState(10_000, 10_000 + poll * EVENTS_PER_POLL, f"{now}-0")
            busy = queue("ocr", wait=9, heartbeat=beat(now), stream=stream, events=made)
            analyst.update_from_redis(reading(now, busy), Thresholds())
        del made, busy
        weights.append(tracemalloc.get_traced_memory()[0] / MEBIBYTE)
    tracemalloc.stop()
    events = polls * EVENTS_PER_POLL
    return [
        f"a day of {polls:,} polls and {events:,} events",
        *(f"{weight:.2f}" for weight in weights),
    ]
