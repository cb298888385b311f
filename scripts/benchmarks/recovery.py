"""Changing jobs: how long it takes, and how long Redis serves nobody else meanwhile.

"Longest call" is Redis' own slow log of every script. "Naive" is what other tools do,
LREM and DEL without looking, one job after the other: it leaves deduplication keys
behind and hits whatever runs under the id by then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import batched
import random
from time import perf_counter

from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.jobs import QueueListing
from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX, QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
    WaitingFence,
)
from tests.support.valkey import start_valkey

QUEUE = "faceDetection"
WAITING = (100_000, 1_000_000)
QUICK_WAITING = (10_000, 20_000)
JOBS = 1_000
QUICK_JOBS = 100
LOGGED_US = 50
"""Calls that take longer are logged: to log all would slow the scripts down."""
LOG_LENGTH = 100_000
ASSET = "6007f61a-27c7-4a65-b2ab-{:012d}"

_CHUNK = 10_000
_ADD = """
for number = ARGV[1], ARGV[2] do
  redis.call('LPUSH', KEYS[1] .. 'wait', number)
  redis.call('HSET', KEYS[1] .. number, 'name', 'AssetDetectFaces', 'timestamp', 1795163311018,
    'data', string.format('{"id":"6007f61a-27c7-4a65-b2ab-%012d","source":"upload"}', number),
    'opts', '{"removeOnComplete":true,"removeOnFail":false,"attempts":1}', 'delay', 0, 'priority', 0)
end
"""
_START = """
for number = ARGV[1], ARGV[2] do
  redis.call('RPOPLPUSH', KEYS[1] .. 'wait', KEYS[1] .. 'active')
  redis.call('HSET', KEYS[1] .. number, 'processedOn', 1795163311034)
  redis.call('SET', KEYS[1] .. number .. ':lock', 'worker:' .. number, 'PX', 3600000)
end
"""

type Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one kind of change cost."""

    ms: float
    """For all jobs, as the caller waits."""
    mean_us: float
    """Of one script call, inside Redis."""
    longest_us: int


@dataclass(slots=True)
class Line:
    """A queue with so many waiting jobs, whose ids count up."""

    client: Redis
    waiting: int
    started: int = 0

    @property
    def keys(self) -> QueueKeys:
        """Names of its keys."""
        return QueueKeys(DEFAULT_PREFIX, QUEUE)

    async def fill(self) -> None:
        """Add the jobs, and some to start."""
        await self.client.hset(self.keys.meta, "version", "bullmq:5.80.5")
        last = self.waiting + 10 * JOBS
        for first in range(1, last + 1, _CHUNK):
            until = min(first + _CHUNK - 1, last)
            await self.client.eval(_ADD, 1, self.keys.base, str(first), str(until))

    async def start(self, count: int) -> list[ActiveFence]:
        """Let the oldest jobs run."""
        first, self.started = self.started + 1, self.started + count
        bounds = (str(first), str(self.started))
        await self.client.eval(_START, 1, self.keys.base, *bounds)
        return [
            ActiveFence(str(number), 1795163311034, f"worker:{number}")
            for number in range(first, self.started + 1)
        ]

    async def release_locks(self, fences: Iterable[ActiveFence]) -> None:
        """Let the locks run out."""
        await self.client.delete(*(self.keys.lock(fence.job_id) for fence in fences))


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per measure."""
    jobs = QUICK_JOBS if quick else JOBS
    waiting = QUICK_WAITING if quick else WAITING
    columns = [asyncio.run(_column(count, jobs)) for count in waiting]
    head = [f"{jobs:,} jobs", *(f"{count:,} waiting" for count in waiting), "target"]
    return [head, *map(list, _rows(columns))]


def _rows(columns: list[dict[str, str]]) -> Iterable[list[str]]:
    for label in columns[0]:
        target = "<= 1.00" if "longest" in label else ""
        yield [label, *(column[label] for column in columns), target]


@asynccontextmanager
async def _line(waiting: int) -> AsyncIterator[Line]:
    async with (
        start_valkey(settings={"slowlog-max-len": str(LOG_LENGTH)}) as valkey,
        create_client(RedisSettings(valkey.url), None) as client,
    ):
        line = Line(client, waiting)
        await line.fill()
        yield line


async def _column(waiting: int, jobs: int) -> dict[str, str]:
    async with _line(waiting) as line:
        measured = await _measure_all(line, jobs)
        empty_trip = await _per_round_trip(line.client, jobs)
        naive = await _naive(line, await line.start(jobs))
        searched = await _search_outside(line)
    found = {f"{name}: ms": f"{cost.ms:.0f}" for name, cost in measured.items()}
    found |= {
        f"{name}: call, ms: mean, longest": (
            f"{cost.mean_us / 1000:.2f}, {cost.longest_us / 1000:.2f}"
        )
        for name, cost in measured.items()
    }
    one = measured["remove active, one by one"].ms
    found["remove active / as many PINGs"] = f"{one / empty_trip:.1f}"
    found["remove active / naive LREM + DEL"] = f"{one / naive:.1f}"
    search = measured["search all that wait"].ms
    found["search in the client / in Redis"] = f"{searched / search:.1f}"
    return found


async def _measure_all(line: Line, jobs: int) -> dict[str, Measured]:
    recovery = QueueRecovery(line.client, DEFAULT_PREFIX)
    listing = QueueListing(line.client, DEFAULT_PREFIX)
    chance = random.Random(1)
    found: dict[str, Measured] = {}

    fences = await line.start(jobs)
    found["remove active, one by one"] = await _measure(
        line, lambda: _each(recovery.remove, fences)
    )
    requeued = await line.start(jobs)
    found["requeue, one by one"] = await _measure(
        line, lambda: _each(recovery.requeue, requeued)
    )
    # They stand at the front again.
    await line.client.ltrim(line.keys.wait, 0, -jobs - 1)
    failing = await line.start(jobs)

    async def fail(queue: str, fence: ActiveFence) -> Result:
        return await recovery.fail(queue, fence, "stuck for 3 hours")

    found["fail, one by one"] = await _measure(line, lambda: _each(fail, failing))
    await line.release_locks(failing)
    ids = [fence.job_id for fence in failing]
    half = len(ids) // 2
    found["clear failed (half)"] = await _measure(
        line, lambda: recovery.clear_failed(QUEUE, ids[:half])
    )
    found["retry failed (half)"] = await _measure(
        line, lambda: recovery.retry_failed(QUEUE, ids[half:])
    )
    await line.client.ltrim(line.keys.wait, half, -1)

    newest = line.waiting + 10 * JOBS
    wanted = chance.sample(range(line.started + 1, newest), jobs // 10)
    removed = [WaitingFence(str(number)) for number in wanted]
    found["remove waiting, anywhere (a tenth)"] = await _measure(
        line, lambda: recovery.remove_waiting_jobs(QUEUE, removed)
    )
    assets = [ASSET.format(newest - 5), ASSET.format(line.started + 5)]
    found["search all that wait"] = await _measure(
        line, lambda: listing.find_waiting(QUEUE, assets)
    )
    return found


async def _each(
    change: Callable[[str, ActiveFence], Awaitable[Result]], fences: list[ActiveFence]
) -> None:
    for fence in fences:
        if await change(QUEUE, fence) is not Result.DONE:
            raise AssertionError(f"{fence} was not changed")


async def _measure(line: Line, work: Work) -> Measured:
    """Run it once."""
    client = line.client
    await client.config_set("slowlog-log-slower-than", LOGGED_US)
    await client.slowlog_reset()
    await client.config_resetstat()
    start = perf_counter()
    await work()
    ms = (perf_counter() - start) * 1000
    stats = await client.info("commandstats")
    # The log has the commands within scripts, too.
    calls = [
        entry["duration"]
        for entry in await client.slowlog_get(LOG_LENGTH)
        if entry["command"].startswith(b"EVALSHA")
    ]
    mean = stats["cmdstat_evalsha"]["usec_per_call"]
    return Measured(ms, mean, max(calls, default=LOGGED_US))


async def _per_round_trip(client: Redis, count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        await client.ping()
    return (perf_counter() - start) * 1000


async def _naive(line: Line, fences: list[ActiveFence]) -> float:
    start = perf_counter()
    for fence in fences:
        await line.client.lrem(line.keys.active, 0, fence.job_id)
        await line.client.delete(line.keys.job(fence.job_id))
    return (perf_counter() - start) * 1000


async def _search_outside(line: Line) -> float:
    """Fetch the data of all waiting jobs and look through it here."""
    start = perf_counter()
    wanted = ASSET.format(line.started + 5).encode()
    found = 0
    ids = await line.client.lrange(line.keys.wait, 0, -1)
    for batch in batched(ids, 500, strict=False):
        async with line.client.pipeline(transaction=False) as pipeline:
            for raw_id in batch:
                pipeline.hmget(line.keys.job(as_text(raw_id) or ""), "name", "data")
            found += sum(
                wanted in (data or b"") for _, data in await pipeline.execute()
            )
    if found != 1:
        raise AssertionError(f"Found {found} jobs")
    return (perf_counter() - start) * 1000
