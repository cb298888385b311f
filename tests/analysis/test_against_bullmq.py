"""Counting against real BullMQ, which knows how many jobs it really ran.

Polls are so rare that most entries of the event stream are lost between them.
"""

import asyncio
from collections.abc import AsyncIterator
import json
from typing import Literal

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import QueueView
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey, start_valkey

QUEUE = "thumbnailGeneration"
PATIENCE = 90


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return an empty server."""
    pytest_socket.enable_socket()
    async with start_valkey() as server:
        yield server


class HomeAssistant:
    """What polls, and can be restarted."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._reader = QueueReader(client)
        self._analyst = Analyst()

    async def poll(self) -> QueueView:
        """Poll once."""
        reading = await self._reader.read([QUEUE])
        return self._analyst.update_from_redis(reading, Thresholds()).queues[QUEUE]

    def restart(self) -> None:
        """Go on from what is stored, as JSON."""
        stored = json.loads(json.dumps(self._analyst.to_dict()))
        self._analyst = Analyst.from_dict(stored)
        self._reader = QueueReader(self._client)
        self._reader.restore_positions(self._analyst.positions)

    async def until_done(self, every: float) -> QueueView:
        """Poll until nothing is left to do."""
        async with asyncio.timeout(PATIENCE):
            while True:
                view = await self.poll()
                if view.waiting + view.active == 0:
                    return view
                await asyncio.sleep(every)


@pytest.mark.parametrize("version", ["5.51", "5.80", "6"])
async def test_processed_is_exact(
    valkey: Valkey, version: Literal["5.51", "5.80", "6"]
) -> None:
    """Bulk adds that flush the stream, restarts of ours, repeated adds, a drain, a flush."""
    async with (
        Simulator(valkey.url, bullmq=version) as immich,
        create_client(RedisSettings(valkey.url), None) as client,
    ):
        await immich.speed(0)
        ours = HomeAssistant(client)
        assert (await ours.poll()).processed == 0

        await immich.add_jobs(QUEUE, 8_000)
        ours.restart()
        view = await ours.until_done(every=2)
        assert view.processed == 8_000

        # Repeated adds take an id and make no job; most of them are seen here.
        await immich.add_jobs(QUEUE, 40, dedup="same")
        await immich.add_jobs(QUEUE, 40, jobId="mine")
        view = await ours.until_done(every=0.2)
        finished = (await immich.truth()).queues[QUEUE].finished
        assert view.processed == finished < 8_080

        # Cleared while nobody looks, among more entries than the stream keeps.
        ours.restart()
        await immich.add_jobs(QUEUE, 4_000)
        await immich.until_truth(QUEUE, finished=finished + 4_000, timeout=PATIENCE)
        await immich.control("pause", queue=QUEUE)
        await immich.add_jobs(QUEUE, 500)
        await immich.control("drain", queue=QUEUE)
        await immich.control("resume", queue=QUEUE)
        view = await ours.until_done(every=0.2)
        assert view.processed == finished + 4_000

        await client.flushall()
        view = await ours.poll()
        assert view.processed == finished + 4_000
        await immich.add_jobs(QUEUE, 300)
        view = await ours.until_done(every=0.2)
        assert view.processed == (await immich.truth()).queues[QUEUE].finished
        assert view.processed == finished + 4_300
