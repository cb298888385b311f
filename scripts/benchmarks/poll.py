"""One poll of all queues, against other ways to learn the same.

The contenders run in turns. "Bare pipeline" sends exactly the commands of our poll
with redis-py alone, and makes nothing of the replies; "job by job" asks for one thing
after the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, cast
from unittest.mock import patch

import hiredis
import httpx
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX, QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import Pipeline, Replies
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

from .full_redis import JOBS_RUNNING, fill, let_wait, write_events

QUEUES = 17
ROUNDS = 200
QUICK_ROUNDS = 10
WAITING = (100_000, 1_000_000)
FULL_QUEUES = 3
EVENTS_PER_POLL = 2_900

type Contender = Callable[[], Awaitable[object]]


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per measure."""
    return asyncio.run(_run(QUICK_ROUNDS if quick else ROUNDS))


async def _run(rounds: int) -> list[list[str]]:
    async with AsyncExitStack() as stack:
        sides = [await _side(stack, waiting) for waiting in WAITING]
        times = await _in_turns(
            {
                (number, name): contender
                for number, side in enumerate(sides)
                for name, contender in side.contenders.items()
            },
            rounds,
        )
        measured = []
        for number, side in enumerate(sides):
            found = {name: times[number, name] for name in side.contenders}
            found |= {
                "trips": (await side.reader.read(side.queues)).round_trips,
                "trips job by job": await _job_by_job(side.bare, side.queues),
                "server": await _server_time(side, rounds),
                "events": await _with_events(side, max(3, rounds // 10)),
            }
            measured.append(found)
    return _table(measured)


@dataclass(slots=True)
class Side:
    """A Redis with so many waiting jobs, and all who read it."""

    queues: list[str]
    reader: QueueReader
    bare: Redis
    contenders: Mapping[str, Contender]


async def _side(stack: AsyncExitStack, waiting: int) -> Side:
    """Start the servers and fill them."""
    valkey = await stack.enter_async_context(start_valkey())
    immich = await stack.enter_async_context(
        Simulator(valkey.url, immich="2.7.5", worker=False)
    )
    http = await stack.enter_async_context(
        httpx.AsyncClient(headers={"x-api-key": immich.api_key})
    )
    client = await stack.enter_async_context(
        create_client(RedisSettings(valkey.url), None)
    )
    bare = await stack.enter_async_context(Redis.from_url(valkey.url))
    address = f"{immich.url}/api/queues"
    listed = (await http.get(address)).raise_for_status().json()
    queues = [queue["name"] for queue in listed][:QUEUES]
    await fill(bare, queues)
    for queue in queues[:FULL_QUEUES]:
        await let_wait(bare, queue, waiting)
    reader = QueueReader(client)
    await reader.read(queues)
    trips = await _recorded_trips(reader, queues)

    async def bare_pipeline() -> None:
        for trip in trips:
            async with bare.pipeline(transaction=True) as pipeline:
                for command in trip:
                    pipeline.execute_command(*command)
                await pipeline.execute()

    async def api() -> None:
        (await http.get(address)).raise_for_status().json()

    contenders: dict[str, Contender] = {
        "ours": lambda: reader.read(queues),
        "bare": bare_pipeline,
        "job by job": lambda: _job_by_job(bare, queues),
        "api": api,
    }
    return Side(queues, reader, bare, contenders)


async def _recorded_trips(
    reader: QueueReader, queues: list[str]
) -> Sequence[Sequence[tuple[Any, ...]]]:
    """Return the commands of a poll, trip by trip, for redis-py."""
    trips: list[list[tuple[Any, ...]]] = []
    real_run = Pipeline.run

    async def run_and_record(trip: Pipeline, client: Redis) -> Replies:
        trips.append(list(_unpacked(trip.packed)))
        return await real_run(trip, client)

    with patch.object(Pipeline, "run", run_and_record):
        await reader.read(queues)
    return trips


def _unpacked(packed: bytes) -> Iterator[tuple[Any, ...]]:
    """Take packed commands apart, named so that redis-py reads their replies."""
    parser = hiredis.Reader()
    parser.feed(packed)
    while (command := parser.gets()) is not False:
        name, *arguments = cast(list[bytes], command)
        if name == b"XINFO":
            name += b" " + arguments.pop(0)
        yield (name.decode(), *arguments)


async def _in_turns(
    contenders: Mapping[tuple[int, str], Contender], rounds: int
) -> Mapping[tuple[int, str], float]:
    """Return ms of each contender, the median of all rounds."""
    times: dict[tuple[int, str], list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            start = perf_counter()
            await contender()
            times[name].append((perf_counter() - start) * 1000)
    return {name: median(values) for name, values in times.items()}


async def _job_by_job(client: Redis, queues: list[str]) -> int:
    """Learn the same by one command after the other; return how many."""
    commands = 0

    async def ask(reply: Awaitable[Any]) -> Any:
        nonlocal commands
        commands += 1
        return await reply

    for name in queues:
        keys = QueueKeys(DEFAULT_PREFIX, name)
        for part in (keys.wait, keys.paused, keys.active):
            await ask(client.llen(part))
        for part in (keys.prioritized, keys.delayed, keys.failed):
            await ask(client.zcard(part))
        await ask(client.hgetall(keys.meta))
        for raw_id in await ask(client.lrange(keys.active, 0, -1)):
            await ask(client.hgetall(keys.job(raw_id.decode())))
            await ask(client.pttl(keys.lock(raw_id.decode())))
    return commands


async def _server_time(side: Side, rounds: int) -> float:
    """Return the us that Redis itself is busy with one poll of ours."""
    await side.bare.config_resetstat()
    for _ in range(rounds):
        await side.contenders["ours"]()
    stats = await side.bare.info("commandstats")
    spent: float = sum(
        command["usec"]
        for name, command in stats.items()
        # EXEC counts the commands in it a second time.
        if name != "cmdstat_exec"
    )
    return spent / rounds


async def _with_events(side: Side, rounds: int) -> float:
    """Return the ms of a poll of ours that finds thousands of events."""
    times = []
    queue = side.queues[0]
    for _ in range(rounds):
        await write_events(side.bare, queue, EVENTS_PER_POLL)
        start = perf_counter()
        reading = await side.reader.read(side.queues)
        times.append((perf_counter() - start) * 1000)
        if len(reading.queues[queue].events) != EVENTS_PER_POLL:
            raise AssertionError("The reader missed events")
    return median(times)


def _table(measured: list[dict[str, float]]) -> list[list[str]]:
    def row(
        label: str, cell: Callable[[dict[str, float]], str], target: str = ""
    ) -> list[str]:
        return [label, *(cell(found) for found in measured), target]

    base = measured[0]["ours"]
    return [
        [
            f"poll: {QUEUES} queues, {JOBS_RUNNING} active",
            *(f"{FULL_QUEUES}x{waiting:,} waiting" for waiting in WAITING),
            "target",
        ],
        row("ours: ms", lambda found: f"{found['ours']:.2f}"),
        row("ours: round trips", lambda found: f"{found['trips']:.0f}", "2"),
        row("ours: us of Redis' time", lambda found: f"{found['server']:.0f}"),
        row(
            "ours / ours with the fewest waiting",
            lambda found: f"{found['ours'] / base:.2f}",
            "flat",
        ),
        row(
            "ours / bare pipeline",
            lambda found: f"{found['ours'] / found['bare']:.2f}",
            "<= 1.5",
        ),
        row(
            "job by job / ours",
            lambda found: f"{found['job by job'] / found['ours']:.1f}",
        ),
        row(
            "job by job: round trips", lambda found: f"{found['trips job by job']:.0f}"
        ),
        row(
            "GET /api/queues / ours",
            lambda found: f"{found['api'] / found['ours']:.1f}",
        ),
        row(
            f"ours with {EVENTS_PER_POLL:,} events / without",
            lambda found: f"{found['events'] / found['ours']:.1f}",
        ),
    ]
