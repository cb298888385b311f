"""The ways in which the machine learning host fails, and what its jobs come to."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .queues import PREFIX


async def test_machine_learning_off_burns(valkey: Valkey) -> None:
    """With the port refused, jobs end at once, count as completed, and "missing" brings them back."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.machine_learning("off")
        await immich.add_jobs("smartSearch", 300)
        truth = await immich.until_truth("smartSearch", finished=300, timeout=10)
        assert truth.handler_failed == 300
        assert not await client.exists(f"{PREFIX}:smartSearch:failed")

        await immich.machine_learning("on")
        await immich.speed(1)
        await immich.request(
            "PUT", "/api/jobs/smartSearch", {"command": "start", "force": False}
        )
        truth = await immich.until_truth("smartSearch", finished=300 + 1 + 300)
        assert truth.handler_failed == 300
        # Those that are done now aren't missing any more.
        await immich.request(
            "PUT", "/api/jobs/smartSearch", {"command": "start", "force": False}
        )
        assert (await immich.until_truth("smartSearch", finished=602)).added == 602


async def test_machine_learning_answers_500(valkey: Valkey) -> None:
    """Errors burn jobs too."""
    async with Simulator(valkey.url) as immich:
        await immich.speed(1)
        await immich.machine_learning("error500")
        await immich.add_jobs("faceDetection", 20)
        assert (
            await immich.until_truth("faceDetection", finished=20)
        ).handler_failed == 20
        assert (await immich.truth()).ml_calls == {"faceDetection": 20}


async def test_machine_learning_silent(valkey: Valkey) -> None:
    """A host that drops packets: nobody connects, and a job costs the whole connection time-out."""
    async with Simulator(valkey.url, time_scale=0.05) as immich:
        await immich.machine_learning("silent")
        host = urlsplit(immich.ml_url)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.open_connection(host.hostname, host.port)
        began = time.monotonic()
        await immich.add_jobs("ocr", 2)
        truth = await immich.until_truth("ocr", finished=2)
        assert truth.handler_failed == 2
        assert time.monotonic() - began >= 2 * 10 * 0.05
        await immich.machine_learning("on")
        await immich.add_jobs("ocr")
        assert (await immich.until_truth("ocr", finished=3)).handler_failed == 2


async def test_machine_learning_hangs(valkey: Valkey) -> None:
    """A host that takes the request and never answers: the job runs into the fetch time-out."""
    async with Simulator(valkey.url, time_scale=0.01) as immich:
        await immich.machine_learning("hanging")
        began = time.monotonic()
        await immich.add_jobs("ocr")
        await immich.until_truth("ocr", started=1)
        assert (await immich.until_truth("ocr", finished=1)).handler_failed == 1
        assert time.monotonic() - began >= 300 * 0.01


async def test_machine_learning_slow(valkey: Valkey) -> None:
    """A slow host delays, and nothing fails."""
    async with Simulator(valkey.url) as immich:
        await immich.speed(0)
        await immich.machine_learning("slow", delay_ms=400)
        began = time.monotonic()
        await immich.add_jobs("ocr", 2)
        assert (await immich.until_truth("ocr", finished=2)).handler_failed == 0
        assert time.monotonic() - began >= 0.8


async def test_smart_search_reveals_machine_learning(valkey: Valkey) -> None:
    """The probe through Immich: 200, 500, or no answer; a repeated text comes from a cache."""
    async with Simulator(valkey.url) as immich:

        async def search(text: str) -> tuple[int, object]:
            return await immich.request(
                "POST", "/api/search/smart", {"query": text, "size": 1}, timeout=2
            )

        assert (await search("a"))[0] == 200
        await immich.machine_learning("off")
        assert await search("b") == (500, {"message": "Failed to search smart"})
        assert (await search("a"))[0] == 200
        await immich.machine_learning("hanging")
        with pytest.raises(TimeoutError):
            await search("c")
