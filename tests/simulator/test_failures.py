"""The ways in which jobs get stuck, and the ways in which Immich's surroundings fail."""

import asyncio
import json

import aiohttp
import pytest

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .queues import FAST_STALLS, PREFIX, active, is_empty


async def test_hung_job_keeps_lock_and_slot(valkey: Valkey) -> None:
    """A promise that never resolves: the lock is renewed, and clearing the job doesn't free its slot."""
    options = ("--lock-duration", "1000")
    async with (
        Simulator(valkey.url, options=options) as immich,
        valkey.client() as client,
    ):
        await immich.speed(1)
        await immich.hang("ocr")
        hung, *_ = await immich.add_jobs("ocr", 3)
        await immich.until_truth("ocr", hung_now=1)
        await asyncio.sleep(2.2)
        assert await client.pttl(f"{PREFIX}:ocr:{hung}:lock") > 0, "not renewed"

        await immich.control("forget_active", queue="ocr")
        await asyncio.sleep(0.5)
        assert await active(client, "ocr") == []
        assert (await immich.truth()).queues["ocr"].started == 1, "the slot was free"

        await immich.unhang("ocr")
        truth = await immich.until_truth("ocr", finished=3)
        assert (truth.hung_now, truth.lost) == (0, 0)


async def test_hang_outlives_the_worker(valkey: Valkey) -> None:
    """A poisoned job hangs again after a restart; other jobs don't."""
    async with Simulator(valkey.url, options=FAST_STALLS) as immich:
        await immich.speed(1)
        poison, good = (await immich.asset_ids())[:2]
        await immich.poison(poison)
        await immich.add_jobs("smartSearch", data={"id": poison})
        await immich.until_truth("smartSearch", hung_now=1)
        await immich.kill_worker(restart=True)
        await immich.add_jobs("smartSearch", data={"id": good})
        truth = await immich.until_truth(
            "smartSearch", hung_now=1, finished=1, started=3
        )
        assert truth.lost == 1


async def test_worker_killed_for_good(valkey: Valkey) -> None:
    """Nobody restarts it: the lock and the heartbeat vanish, the job stays active."""
    async with (
        Simulator(valkey.url, options=FAST_STALLS) as immich,
        valkey.client() as client,
    ):
        await immich.speed(60_000)
        (job,) = await immich.add_jobs("videoConversion")
        await immich.until_truth("videoConversion", started=1)
        await immich.kill_worker()

        async def expired() -> bool:
            keys = [
                f"{PREFIX}:videoConversion:{name}"
                for name in (f"{job}:lock", "stalled-check")
            ]
            return not await client.exists(*keys)

        await until(expired, timeout=10, what="lock and heartbeat have expired")
        assert await active(client, "videoConversion") == [job]
        truth = await immich.truth()
        assert truth.worker_pid is None
        assert (
            truth.queues["videoConversion"].lost,
            truth.queues["videoConversion"].running,
        ) == (1, 0)


async def test_blocked_event_loop(valkey: Valkey) -> None:
    """Lock and heartbeat expire as with a dead worker; once unblocked, the job is run again."""
    async with (
        Simulator(valkey.url, options=FAST_STALLS) as immich,
        valkey.client() as client,
    ):
        await immich.speed(1500, "ocr")
        (job,) = await immich.add_jobs("ocr")
        await immich.until_truth("ocr", started=1)
        await immich.block_worker(6)

        async def expired() -> bool:
            return not await client.exists(
                f"{PREFIX}:ocr:{job}:lock", f"{PREFIX}:ocr:stalled-check"
            )

        await until(expired, timeout=5, what="lock and heartbeat have expired")
        assert await active(client, "ocr") == [job]
        truth = await immich.until_truth("ocr", started=2)
        assert truth.lost == 0


async def test_redis_flushed(valkey: Valkey) -> None:
    """The worker survives; job ids begin at 1 again."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.speed(1)
        assert await immich.add_jobs("ocr", 2) == ["1", "2"]
        await immich.until_truth("ocr", finished=2)
        await client.flushall()
        assert await immich.add_jobs("ocr") == ["1"]
        truth = await immich.until_truth("ocr", finished=3)
        assert truth.lost == 0
        assert (await immich.truth()).restarts["worker"] == 0


async def test_redis_gone(valkey: Valkey) -> None:
    """Queues hang without an answer, the rest answers, and all is well again by itself."""
    async with Simulator(valkey.url) as immich:
        await immich.speed(1)
        await valkey.stop()
        for path in ("/api/queues", "/api/jobs"):
            with pytest.raises(TimeoutError):
                await immich.request("GET", path, timeout=1)
        for path in ("/api/server/ping", "/api/server/about", "/api/server/statistics"):
            assert (await immich.request("GET", path))[0] == 200
        await valkey.start()

        async def answers() -> bool:
            try:
                return (await immich.request("GET", "/api/queues", timeout=1))[0] == 200
            except TimeoutError:
                return False

        await until(answers, timeout=30, what="the API answers again")
        await immich.add_jobs("ocr")
        await immich.until_truth("ocr", finished=1)


async def test_postgres_gone(valkey: Valkey) -> None:
    """All but ping and version is 500, and jobs fail."""
    async with Simulator(valkey.url) as immich:
        await immich.postgres(up=False)
        for path in ("/api/server/ping", "/api/server/version"):
            assert (await immich.request("GET", path))[0] == 200
        for path in (
            "/api/queues",
            "/api/server/about",
            "/api/users/me",
            "/api/server/config",
        ):
            assert await immich.request("GET", path) == (
                500,
                {"message": "Internal server error"},
            )
        await immich.add_jobs("sidecar", 3)
        assert (await immich.until_truth("sidecar", finished=3)).handler_failed == 3
        await immich.postgres(up=True)
        assert (await immich.request("GET", "/api/queues"))[0] == 200


async def test_broken_api(valkey: Valkey) -> None:
    """Each way of being broken, and back."""
    async with Simulator(valkey.url) as immich:
        await immich.api("500")
        assert (await immich.request("GET", "/api/queues"))[0] == 500
        await immich.api("hang")
        with pytest.raises(TimeoutError):
            await immich.request("GET", "/api/server/ping", timeout=0.5)
        await immich.api("garbage")
        with pytest.raises(ValueError):
            await immich.request("GET", "/api/queues")
        await immich.api("down")
        with pytest.raises(aiohttp.ClientConnectorError):
            await immich.request("GET", "/api/server/ping")
        await immich.api("normal")
        assert (await immich.request("GET", "/api/queues"))[0] == 200


async def test_face_recognition_waits_for_other_queues(valkey: Valkey) -> None:
    """FacialRecognitionQueueAll stays active while thumbnails are made; a second one is swallowed."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.speed(1)
        await immich.hang("thumbnailGeneration")
        await immich.add_jobs("thumbnailGeneration")
        await immich.until_truth("thumbnailGeneration", hung_now=1)
        start = {"command": "start", "force": True}
        await immich.request("PUT", "/api/jobs/facialRecognition", start)
        await immich.until_truth("facialRecognition", running=1)
        assert await client.exists(
            f"{PREFIX}:facialRecognition:de:FacialRecognitionQueueAll"
        )
        again = await immich.request("PUT", "/api/jobs/facialRecognition", start)
        assert again == (400, {"message": "Job is already running"})
        await immich.add_jobs(
            "facialRecognition", name="FacialRecognitionQueueAll", data={}
        )
        await asyncio.sleep(1.2)
        truth = (await immich.truth()).queues["facialRecognition"]
        assert (truth.added, truth.deduplicated, truth.running) == (1, 1, 1)

        await immich.unhang()
        truth = await immich.until_truth(
            "facialRecognition", finished=1 + immich.assets
        )
        assert truth.added == 1 + immich.assets
        assert not await client.exists(
            f"{PREFIX}:facialRecognition:de:FacialRecognitionQueueAll"
        )


@pytest.mark.parametrize("bad", ["non-json", "binary"])
async def test_unreadable_job(valkey: Valkey, bad: str) -> None:
    """Data that is no JSON: the listing breaks, the worker goes on with other jobs."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.speed(1)
        await immich.control("pause", queue="sidecar")
        (job,) = await immich.add_jobs("sidecar", bad=bad)
        data = await client.hget(f"{PREFIX}:sidecar:{job}", "data")
        assert data
        with pytest.raises(ValueError):
            json.loads(data)
        assert (await immich.request("GET", "/api/queues/sidecar/jobs"))[0] == 500
        await immich.control("resume", queue="sidecar")
        await immich.add_jobs("sidecar", 5)
        await immich.until_truth("sidecar", finished=5)


async def test_huge_job(valkey: Valkey) -> None:
    """A job with a megabyte of data is run like any other."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.speed(1)
        await immich.control("pause", queue="sidecar")
        (job,) = await immich.add_jobs("sidecar", bad="huge")
        assert await client.hstrlen(f"{PREFIX}:sidecar:{job}", "data") > 1024 * 1024
        await immich.control("resume", queue="sidecar")
        await immich.until_truth("sidecar", finished=1)

        async def done() -> bool:
            return await is_empty(client, "sidecar")

        await until(done, timeout=5, what="Redis has no job left")
