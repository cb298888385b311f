"""The two ways of restarting Immich without Docker, and what a restart leaves behind."""

from http import HTTPStatus
import json
import time

import aiohttp
import pytest

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .queues import FAST_STALLS

RESTART = json.dumps(
    {"uid": "abcdef", "type": 6, "data": ["AppRestart", {"isMaintenanceMode": False}]}
)
CHANNEL = "socket.io-request#/#"
QUICK = 0.1


async def _is_down(immich: Simulator) -> bool:
    try:
        await immich.request("GET", "/api/server/ping", timeout=1)
    except aiohttp.ClientError:
        return True
    return False


async def _is_up(immich: Simulator) -> bool:
    return not await _is_down(immich) and (await immich.truth()).worker_pid is not None


async def _restarted(immich: Simulator) -> None:
    await until(
        lambda: _is_down(immich), timeout=5, what="the API is down", interval=0.01
    )
    await until(lambda: _is_up(immich), timeout=15, what="Immich is up again")


async def test_message_restarts_api_and_worker(valkey: Valkey) -> None:
    """One PUBLISH reaches both processes; a hung slot is free again, pauses survive but for one."""
    async with (
        Simulator(valkey.url, time_scale=QUICK, options=FAST_STALLS) as immich,
        valkey.client() as client,
    ):
        await immich.speed(1)
        before = await immich.truth()
        await immich.control("pause", queue="smartSearch")
        await immich.control("pause", queue="metadataExtraction")
        await immich.add_jobs("smartSearch", 50)
        await immich.hang("videoConversion")
        await immich.add_jobs("videoConversion", 2)
        await immich.until_truth("videoConversion", hung_now=1)

        assert (
            await client.publish(CHANNEL, '{"type": 6, "data": ["SomethingElse"]}') == 2
        )
        assert await client.publish(CHANNEL, "not json") == 2
        assert not await _is_down(immich)
        assert await client.publish(CHANNEL, RESTART) == 2
        await _restarted(immich)

        await immich.until_truth("videoConversion", finished=2)
        after = await immich.truth()
        assert after.restarts == {"api": 1, "worker": 1}
        assert {after.api_pid, after.worker_pid}.isdisjoint(
            {before.api_pid, before.worker_pid}
        )
        assert after.queues["smartSearch"].started == 0

        async def resumed() -> bool:
            _, queue = await immich.request("GET", "/api/queues/metadataExtraction")
            assert isinstance(queue, dict)
            return queue["isPaused"] is False

        await until(
            resumed, timeout=5, what="metadata extraction is resumed at start-up"
        )
        _, queue = await immich.request("GET", "/api/queues/smartSearch")
        assert isinstance(queue, dict)
        assert (queue["isPaused"], queue["statistics"]["paused"]) == (True, 50)


async def test_restart_takes_seconds(valkey: Valkey) -> None:
    """At time scale 1 the API is gone for seconds; the real server took 3.4 to 7.3 s."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        began = time.monotonic()
        await client.publish(CHANNEL, RESTART)
        await _restarted(immich)
        # No upper bound: on a busy machine the start itself may take long.
        assert time.monotonic() - began > 3


async def test_restart_burns_machine_learning_jobs(valkey: Valkey) -> None:
    """Jobs that run before machine learning is set up fail: at least the first of each queue, not all."""
    async with (
        Simulator(valkey.url, time_scale=QUICK) as immich,
        valkey.client() as client,
    ):
        await immich.speed(20)
        await immich.stop_worker()
        for queue in ("smartSearch", "faceDetection", "ocr"):
            await immich.add_jobs(queue, 17)
        assert await client.publish(CHANNEL, RESTART) == 1
        await _restarted(immich)
        truths = [
            await immich.until_truth(q, finished=17)
            for q in ("smartSearch", "faceDetection", "ocr")
        ]
        assert all(1 <= truth.handler_failed < 17 for truth in truths)


async def test_maintenance_mode(valkey: Valkey) -> None:
    """It begins with the API key, and ends only with the cookie that the start gave."""
    async with Simulator(valkey.url, time_scale=QUICK) as immich:
        await immich.speed(1)
        url = f"{immich.url}/api/admin/maintenance"
        key = {"x-api-key": immich.api_key}
        assert await immich.request(
            "POST", "/api/admin/maintenance", {"action": "end"}
        ) == (
            HTTPStatus.BAD_REQUEST,
            {"message": "Not in maintenance mode"},
        )
        async with immich.session.post(
            url, json={"action": "start"}, headers=key
        ) as response:
            assert response.status == HTTPStatus.CREATED
            cookie = response.cookies["immich_maintenance_token"].value
        immich.session.cookie_jar.clear()
        await until(
            lambda: _is_down(immich), timeout=5, what="the API is down", interval=0.01
        )
        await immich.until_maintenance(on=True)
        assert (await immich.truth()).worker_pid is None
        status = await immich.request("GET", "/api/admin/maintenance/status", key="")
        assert status == (HTTPStatus.OK, {"active": True, "action": "start"})
        async with immich.session.get(immich.url, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (
                HTTPStatus.FOUND,
                "/maintenance",
            )

        end = {"action": "end"}
        assert await immich.request("POST", "/api/admin/maintenance", end) == (
            HTTPStatus.UNAUTHORIZED,
            {"message": "Missing JWT Token"},
        )
        wrong = {"Cookie": "immich_maintenance_token=a.b.c"}
        async with immich.session.post(url, json=end, headers=wrong) as response:
            assert response.status == HTTPStatus.UNAUTHORIZED
        right = {"Cookie": f"immich_maintenance_token={cookie}"}
        async with immich.session.post(url, json=end, headers=right) as response:
            assert response.status == HTTPStatus.CREATED
        await _restarted(immich)
        await immich.until_maintenance(on=False)
        await immich.add_jobs("ocr")
        await immich.until_truth("ocr", finished=1)


@pytest.mark.parametrize("graceful", [True, False])
async def test_worker_leaves_its_jobs_active(valkey: Valkey, graceful: bool) -> None:
    """SIGTERM doesn't drain: as after SIGKILL the jobs stay active, and are run again later."""
    async with Simulator(valkey.url, options=FAST_STALLS) as immich:
        await immich.speed(60_000)
        await immich.add_jobs("thumbnailGeneration", 3)
        await immich.until_truth("thumbnailGeneration", running=3)
        await (immich.stop_worker() if graceful else immich.kill_worker())
        _, queue = await immich.request("GET", "/api/queues/thumbnailGeneration")
        assert isinstance(queue, dict)
        assert queue["statistics"]["active"] == 3
        await immich.speed(1)
        await immich.start_worker()
        truth = await immich.until_truth("thumbnailGeneration", finished=3, timeout=40)
        assert (truth.started, truth.lost) == (6, 3)
