"""Healers that act at random beside live workers, and the books that must balance.

Every entry into the line ends in exactly one start or one removal, so

    started + removed while waiting = added + requeued + retried

holds when the line is empty, whatever was done in whatever order. A job that is
lost breaks it, and so does one that runs once too often.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
import random

from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import as_int, as_text
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .made_queue import PREFIX

QUEUE = "migration"
"""Its jobs call nobody and lead to no other jobs."""
CONCURRENCY = 10
JOB_MS = 25
SHARE_OF_STALE = 0.4
PAUSE_TIMEOUT = 60.0

# Parts that a queue keeps when all its jobs are gone.
LASTING = {
    "meta",
    "events",
    "id",
    "pc",
    "marker",
    "stalled",
    "stalled-check",
}


@dataclass(slots=True)
class Report:
    """What was done, and what came out."""

    added: int = 0
    started: int = 0
    finished: int = 0
    removed_waiting: int = 0
    outcomes: Counter[tuple[str, Result]] = field(default_factory=Counter)
    stale_that_did_something: int = 0
    left: set[str] = field(default_factory=set)
    """Keys of jobs that should be gone."""

    def count(self, operation: str, result: Result = Result.DONE) -> int:
        """Return how often an operation ended so."""
        return self.outcomes[operation, result]

    @property
    def difference(self) -> int:
        """Return by how much the books don't balance."""
        entered = self.added + self.count("requeue") + self.count("retry")
        return self.started + self.count("remove_waiting") - entered


class Healer:
    """Does one thing after the other, with fences that are fresh or stale."""

    def __init__(
        self, client: Redis, report: Report, chance: random.Random, name: str
    ) -> None:
        """Take a connection of its own, as another Home Assistant would have."""
        self._client = client
        self._recovery = QueueRecovery(client, PREFIX)
        self._keys = QueueKeys(PREFIX, QUEUE)
        self._report = report
        self._chance = chance
        self._name = name
        self._old: list[ActiveFence] = []

    async def work(self, until_set: asyncio.Event) -> None:
        """Act until told to stop."""
        steps: list[Callable[[], Awaitable[None]]] = [
            self._change_active,
            self._change_active,
            self._change_active,
            self._remove_waiting,
            self._retry,
            self._clear,
        ]
        while not until_set.is_set():
            await self._chance.choice(steps)()
            await asyncio.sleep(self._chance.uniform(0, 0.01))

    async def _change_active(self) -> None:
        fence = await self._look_at_one()
        if fence is None:
            return
        is_fresh = self._chance.random() > SHARE_OF_STALE
        wrong = False
        if not is_fresh:
            fence, wrong = await self._spoil(fence)
        operation = self._chance.choice(["remove", "requeue", "fail"])
        if operation == "fail":
            result = await self._recovery.fail(QUEUE, fence, self._name)
        elif operation == "remove":
            result = await self._recovery.remove(QUEUE, fence)
        else:
            result = await self._recovery.requeue(QUEUE, fence)
        self._report.outcomes[operation, result] += 1
        if wrong and result is Result.DONE:
            self._report.stale_that_did_something += 1

    async def _look_at_one(self) -> ActiveFence | None:
        ids = await self._client.lrange(self._keys.active, 0, -1)
        if not ids:
            return None
        job_id = as_text(self._chance.choice(ids)) or ""
        processed_on = await self._client.hget(self._keys.job(job_id), "processedOn")
        token = await self._client.get(self._keys.lock(job_id))
        fence = ActiveFence(job_id, as_int(processed_on), as_text(token))
        self._old.append(fence)
        return fence

    async def _spoil(self, fence: ActiveFence) -> tuple[ActiveFence, bool]:
        """Return a fence that may be, or is, out of date, and whether it surely is."""
        match self._chance.randrange(4):
            case 0:
                await asyncio.sleep(self._chance.uniform(0, 3 * JOB_MS / 1000))
                return fence, False
            case 1:
                return self._chance.choice(self._old), False
            case 2:
                return replace(fence, processed_on=(fence.processed_on or 0) + 1), True
            case _:
                return replace(fence, lock_token=f"{fence.lock_token}0"), True

    async def _remove_waiting(self) -> None:
        length = await self._client.llen(self._keys.wait)
        place = self._chance.randrange(max(1, length))
        job_id = as_text(await self._client.lindex(self._keys.wait, place))
        if job_id is None or self._chance.random() < SHARE_OF_STALE:
            newest = as_int(await self._client.get(self._keys.job_counter)) or 1
            job_id = str(self._chance.randrange(1, newest + 1))
        result = await self._recovery.remove_waiting(QUEUE, job_id)
        self._report.outcomes["remove_waiting", result] += 1

    async def _retry(self) -> None:
        ids = await self._some_failed()
        result = await self._recovery.retry_failed(QUEUE, ids)
        for outcome in result.outcomes.values():
            self._report.outcomes["retry", outcome] += 1

    async def _clear(self) -> None:
        ids = (await self._some_failed())[:2]
        result = await self._recovery.clear_failed(QUEUE, ids)
        for outcome in result.outcomes.values():
            self._report.outcomes["clear", outcome] += 1

    async def _some_failed(self) -> list[str]:
        """Return failed jobs, and one that is perhaps not."""
        ids = list(await self._recovery.failed_ids(QUEUE, count=50))
        self._chance.shuffle(ids)
        other = str(self._chance.randrange(1, 1000))
        return [*ids[: self._chance.randrange(6)], other]


async def run_stress(
    valkey: Valkey, immich: Simulator, *, jobs: int, healers: int, seed: int
) -> Report:
    """Let the workers process `jobs` jobs while healers act, and count."""
    report = Report()
    await set_concurrency(immich, CONCURRENCY)
    await immich.control("speed", queue=QUEUE, ms=JOB_MS, jitter=0.9)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        clients = [valkey.client() for _ in range(healers)]
        for number, client in enumerate(clients):
            chance = random.Random(seed * 100 + number)
            healer = Healer(client, report, chance, f"healer {number}")
            tasks.create_task(healer.work(stop))
        await add_in_waves(immich, jobs, random.Random(seed))
        await until_empty(clients[0])
        stop.set()
    await finish(immich, clients[0], report)
    for client in clients:
        await client.aclose()
    return report


async def set_concurrency(immich: Simulator, slots: int) -> None:
    """Give the queue's worker as many slots."""
    _, config = await immich.request("GET", "/api/system-config")
    assert isinstance(config, dict)
    config["job"][QUEUE]["concurrency"] = slots
    status, reply = await immich.request("PUT", "/api/system-config", config)
    assert status == 200, reply


async def add_in_waves(immich: Simulator, jobs: int, chance: random.Random) -> None:
    """Add jobs, some with a priority or deduplicated, and pause now and then."""
    waves = max(10, jobs // 200)
    for wave in range(waves):
        share = jobs // waves
        urgent = share // 10
        await immich.add_jobs(QUEUE, share - urgent)
        if urgent:
            await immich.add_jobs(QUEUE, urgent, priority=chance.randrange(1, 4))
        # Swallowed while the one before it waits or runs, and only then.
        await immich.add_jobs(QUEUE, 1, dedup="one at a time")
        if wave % 4 == 1:
            await immich.control("pause", queue=QUEUE)
            await asyncio.sleep(chance.uniform(0.05, 0.2))
            await immich.control("resume", queue=QUEUE)
        await asyncio.sleep(chance.uniform(0, 2 * share * JOB_MS / CONCURRENCY / 1000))


async def until_empty(client: Redis) -> None:
    """Wait until nobody waits or runs."""
    keys = QueueKeys(PREFIX, QUEUE)

    async def is_empty() -> bool:
        async with client.pipeline() as pipeline:
            for key in (keys.wait, keys.paused, keys.active):
                pipeline.llen(key)
            pipeline.zcard(keys.prioritized)
            return not any(await pipeline.execute())

    await until(is_empty, timeout=PAUSE_TIMEOUT, what="the line is empty")


async def finish(immich: Simulator, client: Redis, report: Report) -> None:
    """Let everything come to rest, clear what failed and count what is left."""
    await until_empty(client)

    async def all_ended() -> bool:
        return (await immich.truth()).queues[QUEUE].running == 0

    await until(all_ended, timeout=PAUSE_TIMEOUT, what="all handlers have ended")
    recovery = QueueRecovery(client, PREFIX)
    result = await recovery.clear_failed(QUEUE, await recovery.failed_ids(QUEUE))
    for outcome in result.outcomes.values():
        report.outcomes["clear", outcome] += 1

    truth = (await immich.truth()).queues[QUEUE]
    report.added = truth.added
    report.started = truth.started
    report.finished = truth.finished
    base = QueueKeys(PREFIX, QUEUE).base
    for key in await client.keys(f"{base}*"):
        part = (as_text(key) or "").removeprefix(base)
        # A lock that runs out is no leak, a lock for ever is.
        is_lock = part.endswith(":lock") and await client.pttl(key) >= 0
        if part not in LASTING and not is_lock:
            report.left.add(part)
