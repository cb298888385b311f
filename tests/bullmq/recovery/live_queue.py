"""A server with a real worker of each BullMQ version, and what acts on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib
from dataclasses import dataclass
from typing import Literal

import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.models import ActiveJob
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
)
from tests.support.processes import until
from tests.support.simulator import QueueTruth, Simulator
from tests.support.valkey import Valkey, start_valkey

from .made_queue import PREFIX
from .stress import LASTING

QUEUE = "migration"
"""Five slots; its jobs call nobody and lead to no other jobs."""
ONE_SLOT = "facialRecognition"
LOCK_MS = 2_000
"""Instead of Immich's 30 s, so that a lock runs out soon."""
FOR_EVER_MS = 600_000
PATIENCE = 45.0

type Version = Literal["5.51", "5.80", "6"]
VERSIONS: tuple[Version, ...] = ("5.51", "5.80", "6")


@dataclass(frozen=True, slots=True)
class LiveQueue:
    """A server with a worker, and what acts on it."""

    valkey: Valkey
    immich: Simulator
    client: Redis
    reader: QueueReader
    recovery: QueueRecovery

    async def active(self, queue: str = QUEUE) -> tuple[ActiveJob, ...]:
        """Read the active jobs as the integration does."""
        return (await self.reader.read([queue])).queues[queue].jobs

    async def fences(self, queue: str = QUEUE) -> list[ActiveFence]:
        """Return fences of all active jobs, by id."""
        jobs = await self.active(queue)
        return sorted(map(ActiveFence.from_job, jobs), key=lambda fence: fence.job_id)

    async def until_locks_ran_out(self, queue: str = QUEUE) -> None:
        """Wait until no active job is locked."""

        async def ran_out() -> bool:
            return all(job.lock_token is None for job in await self.active(queue))

        await until(ran_out, timeout=PATIENCE, what="locks have run out")

    async def until_truth(self, queue: str = QUEUE, **counts: int) -> QueueTruth:
        """Wait until counters have exactly these values, and stay so for a moment."""
        truth = (await self.immich.truth()).queues[queue]

        async def reached() -> bool:
            nonlocal truth
            truth = (await self.immich.truth()).queues[queue]
            return all(getattr(truth, name) == value for name, value in counts.items())

        await until(reached, timeout=PATIENCE, what=f"{queue}: {counts}", interval=0.1)
        await asyncio.sleep(0.3)
        assert await reached(), truth
        return truth

    async def until_clean(self, queue: str = QUEUE) -> None:
        """Wait until no key of any job is left."""
        base = QueueKeys(PREFIX, queue).base

        async def is_clean() -> bool:
            keys = [as_text(key) or "" for key in await self.client.keys(f"{base}*")]
            return {key.removeprefix(base) for key in keys} <= LASTING

        await until(is_clean, timeout=PATIENCE, what="all keys of jobs are gone")


@contextlib.asynccontextmanager
async def new_world(bullmq: Version) -> AsyncIterator[LiveQueue]:
    """Start a server whose locks run out soon, and whose jobs take for ever."""
    options = ("--lock-duration", str(LOCK_MS), "--stalled-interval", str(LOCK_MS))
    async with (
        start_valkey() as valkey,
        Simulator(valkey.url, bullmq, options=options) as immich,
        valkey.client() as client,
    ):
        await immich.speed(FOR_EVER_MS)
        reader = QueueReader(client, PREFIX)
        yield LiveQueue(valkey, immich, client, reader, QueueRecovery(client, PREFIX))


def on_every_version(
    check: Callable[[LiveQueue], Awaitable[None]],
) -> Callable[[], Awaitable[None]]:
    """Make a test that runs on all versions at once: most of its time is waiting."""

    async def run(version: Version) -> None:
        async with new_world(version) as live:
            try:
                await check(live)
            except Exception as error:
                error.add_note(f"on BullMQ {version}")
                raise

    async def test() -> None:
        pytest_socket.enable_socket()
        async with asyncio.TaskGroup() as tasks:
            for version in VERSIONS:
                tasks.create_task(run(version), name=version)

    test.__name__ = check.__name__
    test.__doc__ = check.__doc__
    return test
