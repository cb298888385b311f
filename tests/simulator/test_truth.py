"""The simulator's counters against what BullMQ itself wrote into Redis, with each of its versions."""

from typing import Literal, get_args

import pytest

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .queues import FAST_STALLS, events, is_empty

type Bullmq = Literal["5.80", "5.51", "6"]


@pytest.mark.parametrize("bullmq", get_args(Bullmq.__value__))
async def test_counts_are_bullmqs(valkey: Valkey, bullmq: Bullmq) -> None:
    """Waiting, prioritized, delayed and deduplicated jobs: each is counted once, as it happened."""
    async with (
        Simulator(valkey.url, bullmq=bullmq) as immich,
        valkey.client() as client,
    ):
        await immich.speed(1)
        await immich.control("pause", queue="thumbnailGeneration")
        await immich.add_jobs("thumbnailGeneration", 200)
        await immich.add_jobs("thumbnailGeneration", 50, priority=5)
        await immich.add_jobs("thumbnailGeneration", 20, delay=300)
        await immich.add_jobs("thumbnailGeneration", 1, dedup="one")
        await immich.add_jobs("thumbnailGeneration", 3, dedup="one")
        assert await client.zcard("immich_bull:thumbnailGeneration:prioritized") == 50
        await immich.control("resume", queue="thumbnailGeneration")

        truth = await immich.until_truth("thumbnailGeneration", finished=271)
        assert (truth.added, truth.deduplicated) == (271, 3)
        assert (truth.started, truth.finished, truth.running, truth.lost) == (
            271,
            271,
            0,
            0,
        )

        async def done() -> bool:
            return await is_empty(client, "thumbnailGeneration")

        await until(done, timeout=10, what="Redis has no job left")
        seen = await events(client, "thumbnailGeneration")
        assert (seen["active"], seen["completed"]) == (271, 271)


@pytest.mark.parametrize("bullmq", get_args(Bullmq.__value__))
async def test_counts_survive_kills(valkey: Valkey, bullmq: Bullmq) -> None:
    """A worker killed three times in the middle of its jobs: none is lost, none is miscounted.

    BullMQ takes a job a moment before its handler begins, and hears of the end a moment after it: between the two,
    a kill leaves at most one job per slot on one side only.
    """
    slots, kills, jobs = 5, 3, 400
    async with (
        Simulator(valkey.url, bullmq=bullmq, options=FAST_STALLS) as immich,
        valkey.client() as client,
    ):
        await immich.speed(25, "sidecar")
        await immich.add_jobs("sidecar", jobs, name="SidecarWrite", data={"id": "none"})
        for kill in range(1, kills + 1):
            await immich.until_truth("sidecar", finished=kill * 80)
            await immich.kill_worker(restart=True)

        async def done() -> bool:
            return await is_empty(client, "sidecar")

        await until(done, timeout=60, what="Redis has no job left")

        async def counted() -> bool:
            """Redis hears of an end a moment before the worker has counted it."""
            return (await immich.truth()).queues["sidecar"].running == 0

        await until(counted, timeout=5, what="the worker has counted its last job")
        state = await immich.truth()
        truth = state.queues["sidecar"]
        seen = await events(client, "sidecar")
        assert state.restarts["worker"] == kills
        assert truth.started == truth.finished + truth.lost
        assert 1 <= truth.lost <= slots * kills
        assert 0 <= seen["active"] - truth.started <= slots * kills
        assert 0 <= truth.finished - seen["completed"] <= slots * kills
        # A job whose worker was killed twice under it has stalled twice: BullMQ lets it fail.
        assert seen["completed"] + seen["failed"] == jobs
        # A follow-up is in Redis before its job counts as finished; some handlers died right after adding theirs.
        follow_ups = state.queues["metadataExtraction"].added
        assert truth.finished <= follow_ups <= truth.finished + truth.lost
