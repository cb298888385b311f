"""Stuck jobs: how late they are shown, and what it costs to clear a thousand of them.

"Shown" replays polls in made-up time: jobs that begin at any moment between two polls,
and how long after its threshold each is called stuck. "Cleared" runs on a real Redis,
with every act on the disk before it is done; "bare" is the same scripts without
decision, record and verification.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import random
from statistics import mean, median
import tempfile
from time import perf_counter

from redis.asyncio import Redis

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    ServerView,
    StuckKind,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX
from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
)
from custom_components.immich_admin_tools.clock import monotonic_ms
from custom_components.immich_admin_tools.healing.healer import Healer
from custom_components.immich_admin_tools.healing.journal import Journal
from custom_components.immich_admin_tools.healing.models import (
    HealedJob,
    HealMode,
    Initiator,
)
from custom_components.immich_admin_tools.healing.policy import Order, decide
from custom_components.immich_admin_tools.healing.verification import Verification
from tests.analysis import builders
from tests.bullmq.recovery.made_queue import MadeQueue
from tests.support.valkey import start_valkey
from tests.support.views import NOW, job_view, queue_view, server_view

POLL = 5.0
"""Seconds between two polls, as it is by default."""
THRESHOLD = 300
"""Seconds."""
PER_QUEUE = 100
"""Active jobs that a poll looks at, per queue."""
ROUNDS = 5


@dataclass(slots=True)
class Disk:
    """The part of the store that acts go to: written, flushed and read back."""

    path: Path
    data: Mapping[str, JsonValue] = field(default_factory=dict)

    async def save(self, data: Mapping[str, JsonValue]) -> None:
        """Write it as Home Assistant does."""
        await asyncio.to_thread(self._write, data)
        self.data = data

    async def keep(self, data: Mapping[str, JsonValue]) -> None:
        """Write it, as there is no stop of Home Assistant to wait for."""
        await self.save(data)

    def _write(self, data: Mapping[str, JsonValue]) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        json.loads(self.path.read_text(encoding="utf-8"))


@dataclass(slots=True)
class FakeServices:
    """Queues with a living worker."""

    view: ServerView
    told: int = 0

    verification: Verification = field(init=False)
    polls: set[asyncio.Task[None]] = field(default_factory=set)

    def look_soon(self) -> None:
        """Poll at once."""
        poll = asyncio.create_task(self.verification.follow(self.view))
        self.polls.add(poll)
        poll.add_done_callback(self.polls.discard)

    def slots(self, queue: str) -> int | None:
        """Leave open how many jobs run at a time."""
        return None

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Count."""
        self.told += len(healed)


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per measure."""
    late = _late(50 if quick else 500)
    count = 200 if quick else 1_000
    cleared, bare = asyncio.run(_clear(count))
    return [
        ["stuck jobs", "measured", "target"],
        ["due to shown, mean, s", f"{mean(late):.2f}", ""],
        ["due to shown, longest, s", f"{max(late):.2f}", f"<= {POLL:.2f}"],
        [f"clear {count:,}, ms", f"{cleared:.0f}", ""],
        [f"clear {count:,} / bare scripts", f"{cleared / bare:.2f}", ""],
    ]


def _late(jobs: int) -> list[float]:
    """Return seconds from a job's threshold to the poll that calls it stuck."""
    chance = random.Random(1)
    return [_late_one(chance.uniform(0, POLL)) for _ in range(jobs)]


def _late_one(begins: float) -> float:
    """Watch one job that begins so many seconds after a poll."""
    analyst = Analyst()
    started = builders.NOW + round(begins * 1000)
    thresholds = Thresholds({"faceDetection": THRESHOLD})
    for number in range(1, 1000):
        now = builders.NOW + round(number * POLL * 1000)
        queue = builders.queue(
            jobs=(builders.job(started=started),), heartbeat=builders.beat(now)
        )
        view = analyst.update_from_redis(builders.reading(now, queue), thresholds)
        if view.stuck:
            return (now - started) / 1000 - THRESHOLD
    raise RuntimeError("never called stuck")


async def _clear(count: int) -> tuple[float, float]:
    """Return ms for clearing jobs whose worker is gone: with all, and the scripts alone."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            start_valkey() as valkey,
            create_client(RedisSettings(valkey.url), None) as client,
        ):
            cleared: list[float] = []
            bare: list[float] = []
            for number in range(ROUNDS):
                disk = Disk(Path(folder) / f"{number}.json")
                cleared.append(await _heal(client, await _stuck(client, count), disk))
                bare.append(await _only_scripts(client, await _stuck(client, count)))
    return median(cleared) * 1000, median(bare) * 1000


async def _stuck(client: Redis, count: int) -> list[JobView]:
    """Make jobs without a lock in as many queues as it takes."""
    await client.flushall()
    jobs: list[JobView] = []
    for number in range(-(-count // PER_QUEUE)):
        queue = MadeQueue(client, "bullmq:5.80.5", f"queue{number}")
        await queue.create()
        for job_id in map(str, range(min(PER_QUEUE, count - len(jobs)))):
            await queue.start(job_id, token=None)
            jobs.append(job_view(job_id, queue=queue.name, kind=StuckKind.ORPHANED))
    return jobs


async def _heal(client: Redis, jobs: Sequence[JobView], disk: Disk) -> float:
    queues = {job.queue for job in jobs}
    services = FakeServices(server_view(*(queue_view(queue) for queue in queues)))
    log = Journal(disk, monotonic_ms)
    verification = Verification(
        client, DEFAULT_PREFIX, log, services, monotonic_ms, lambda: NOW
    )
    services.verification = verification
    healer = Healer(
        client, DEFAULT_PREFIX, log, services, verification, monotonic_ms, lambda: NOW
    )
    begun = perf_counter()
    by_queue = [
        queue_view(queue, jobs=[job for job in jobs if job.queue == queue])
        for queue in queues
    ]
    decisions, _ = decide(by_queue, Order(HealMode.REMOVE))
    report = await healer.heal(decisions, Initiator.USER)
    seconds = perf_counter() - begun
    if not len(report.healed) == services.told == len(jobs):
        raise RuntimeError("not all jobs were cleared")
    return seconds


async def _only_scripts(client: Redis, jobs: Sequence[JobView]) -> float:
    recovery = QueueRecovery(client, DEFAULT_PREFIX)
    begun = perf_counter()
    for job in jobs:
        fence = ActiveFence(job.job_id, job.processed_on, job.lock_token)
        await recovery.remove(job.queue, fence)
    return perf_counter() - begun
