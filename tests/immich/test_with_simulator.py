"""The client against the simulator: real queues, real processes, real outages."""

import asyncio
from collections.abc import AsyncIterator
import time
from typing import Literal

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import (
    JobStatus,
    MachineLearning,
    MaintenanceCookie,
    ThumbnailSize,
    Version,
)
from custom_components.immich_admin_tools.immich.permissions import OPTIONAL, REQUIRED
from custom_components.immich_admin_tools.immich.queues import QueueName
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey, start_valkey

RESTART = 20
"""Seconds within which a restarted Immich must answer again."""


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """Return the Redis of Immich."""
    async with start_valkey() as server:
        yield server


@pytest.fixture
async def immich(valkey: Valkey) -> AsyncIterator[Simulator]:
    """Return an Immich whose restarts are ten times as fast."""
    async with Simulator(valkey.url, time_scale=0.1) as simulator:
        yield simulator


@pytest.fixture
def client(http: httpx.AsyncClient, immich: Simulator) -> ImmichClient:
    """Return the client under test, as an administrator with all permissions."""
    return ImmichClient(http, immich.url, immich.api_key)


async def test_everyday_life(immich: Simulator, client: ImmichClient) -> None:
    """Look, pause, add, list, resume."""
    await client.ping()
    assert await client.check_version() == Version(3, 1, 0)
    assert (await client.about()).version == "3.1.0"
    assert (await client.me()).user_id == immich.user_id
    assert await client.missing_permissions([*REQUIRED, *OPTIONAL]) == ()
    assert [counts.queue for counts in await client.queues()] == list(QueueName)

    assert (await client.pause("smartSearch")).is_paused
    ids = await immich.add_jobs("smartSearch", 5)
    counts = await client.queue("smartSearch")
    assert (counts.waiting, counts.paused, counts.backlog) == (0, 5, 5)
    jobs = await client.jobs("smartSearch", [JobStatus.PAUSED])
    assert {job.job_id for job in jobs} == set(ids)
    assert all(job.asset_id for job in jobs)
    assert await client.jobs("smartSearch", [JobStatus.FAILED]) == ()
    assert not (await client.resume("smartSearch")).is_paused
    await immich.until_truth("smartSearch", finished=5)

    assert (await client.pause("backgroundTask")).is_paused
    assert not (await client.resume("backgroundTask")).is_paused


@pytest.mark.parametrize("release", ["3.1.0", "2.7.5"])
async def test_clearing_takes_only_what_it_says(
    release: Literal["3.1.0", "2.7.5"], valkey: Valkey, http: httpx.AsyncClient
) -> None:
    """Failed jobs go without the waiting ones, and the other way round."""
    async with Simulator(valkey.url, immich=release) as immich:
        client = ImmichClient(http, immich.url, immich.api_key)
        await client.pause("ocr")
        ids = await immich.add_jobs("ocr", 10)
        async with valkey.client() as redis:
            for job_id in ids[:3]:
                await redis.lrem(f"{immich.prefix}:ocr:paused", 0, job_id)
                now = int(time.time() * 1000)
                await redis.zadd(f"{immich.prefix}:ocr:failed", {job_id: now})
        assert await client.clear_failed("ocr") == 3
        counts = await client.queue("ocr")
        assert (counts.backlog, counts.failed) == (7, 0)
        assert await client.clear_waiting("ocr") == 7
        assert (await client.queue("ocr")).backlog == 0
        with pytest.raises(errors.UnknownQueueError):
            await client.clear_waiting("nope")


async def test_start(immich: Simulator, client: ImmichClient) -> None:
    """Once; a second time only when nothing of it is active any more."""
    await immich.hang("ocr")
    await client.start("ocr", force=True)
    await immich.until_truth("ocr", hung_now=1)
    with pytest.raises(errors.JobAlreadyRunningError):
        await client.start("ocr", force=False)
    with pytest.raises(errors.NotStartableError):
        await client.start("backgroundTask", force=False)


async def test_assets(immich: Simulator, client: ImmichClient) -> None:
    """Name and picture of what a job works on."""
    [asset_id, *_] = await immich.asset_ids()
    asset = await client.asset(asset_id)
    assert asset.asset_id == asset_id
    assert asset.path.endswith(asset.file_name.rpartition(".")[2])
    assert asset.size
    for size in ThumbnailSize:
        image = await client.thumbnail(asset_id, size)
        assert image.content_type.startswith("image/")
        assert image.content
    with pytest.raises(errors.UnknownAssetError):
        await client.asset("00000000-0000-4000-8000-000000000000")


async def test_concurrency(immich: Simulator, client: ImmichClient) -> None:
    """Written, read back, and refused when the config comes from a file."""
    before = await client.concurrency()
    await client.set_concurrency("smartSearch", before["smartSearch"] + 3)
    after = await client.concurrency()
    assert after == {**before, "smartSearch": before["smartSearch"] + 3}
    assert await client.machine_learning_urls() == (immich.ml_url,)
    with pytest.raises(errors.FixedConcurrencyError):
        await client.set_concurrency("facialRecognition", 2)
    await immich.control("config_file", on=True)
    with pytest.raises(errors.ConfigFileError):
        await client.set_concurrency("smartSearch", 1)


async def test_keys(
    immich: Simulator, client: ImmichClient, http: httpx.AsyncClient
) -> None:
    """Wrong ones, poor ones, and one of somebody who is no administrator."""
    with pytest.raises(errors.InvalidApiKeyError):
        await ImmichClient(http, immich.url, "wrong").queues()
    some = [name for name in REQUIRED if name != "queue.update"]
    poor = ImmichClient(http, immich.url, await immich.add_key(*some))
    assert await poor.missing_permissions(REQUIRED) == ("queue.update",)
    with pytest.raises(errors.MissingPermissionError) as caught:
        await poor.pause("ocr")
    assert caught.value.permissions == ("queue.update",)
    enough = ImmichClient(http, immich.url, await immich.add_key(*REQUIRED))
    await enough.resume((await enough.pause("ocr")).queue)
    await enough.clear_waiting("ocr")
    await enough.clear_failed("ocr")
    await enough.pause("backgroundTask")
    await enough.me()
    bob = ImmichClient(http, immich.url, await immich.add_key("all", admin=False))
    assert not (await bob.me()).is_admin
    with pytest.raises(errors.NotAdminError):
        await bob.queues()
    assert await client.queues()


async def test_outages(
    immich: Simulator, valkey: Valkey, http: httpx.AsyncClient
) -> None:
    """Each has its own error, and all is well again afterwards."""
    client = ImmichClient(http, immich.url, immich.api_key, timeout=1)
    await immich.postgres(up=False)
    with pytest.raises(errors.ServerError):
        await client.queues()
    await client.ping()
    await immich.postgres(up=True)
    for mode, expected in (
        ("500", errors.ServerError),
        ("hang", errors.NoReplyError),
        ("garbage", errors.UnexpectedReplyError),
        ("down", errors.CannotConnectError),
    ):
        await immich.control("api", mode=mode)
        with pytest.raises(expected):
            await client.queues()
    await immich.api("normal")
    await valkey.stop()
    with pytest.raises(errors.NoReplyError):
        await client.queues()
    await client.ping()
    await valkey.start()

    async def answers() -> bool:
        try:
            return bool(await client.queues())
        except errors.ImmichError:
            return False

    await until(answers, timeout=40, what="queues answer again")


async def test_machine_learning(immich: Simulator, client: ImmichClient) -> None:
    """As Immich itself finds it."""
    assert await client.probe_machine_learning() is MachineLearning.ANSWERS
    await immich.machine_learning("off")
    assert await client.probe_machine_learning() is MachineLearning.FAILS
    await immich.machine_learning("error500")
    assert await client.probe_machine_learning() is MachineLearning.FAILS
    await immich.machine_learning("hanging")
    probe = await client.probe_machine_learning(timeout=1)
    assert probe is MachineLearning.HANGS
    await immich.machine_learning("on")
    assert await client.probe_machine_learning() is MachineLearning.ANSWERS


async def test_maintenance(
    immich: Simulator, client: ImmichClient, http: httpx.AsyncClient
) -> None:
    """In with the key, out with the cookie only, and by nobody's cookie."""
    assert not (await client.maintenance_status()).active
    assert not await client.in_maintenance()
    cookie = await client.start_maintenance(httpx.AsyncClient)
    await immich.until_maintenance(on=True, timeout=RESTART)
    assert await client.in_maintenance()
    assert (await client.maintenance_status()).active
    with pytest.raises(errors.MaintenanceModeError):
        await client.queues()
    with pytest.raises(errors.MaintenanceModeError):
        await client.start_maintenance(httpx.AsyncClient)
    with pytest.raises(errors.MaintenanceTokenError):
        await client.end_maintenance(MaintenanceCookie("a.b.c"), httpx.AsyncClient)
    await client.end_maintenance(cookie, httpx.AsyncClient)
    await immich.until_maintenance(on=False, timeout=RESTART)
    async with asyncio.timeout(RESTART):
        assert await client.queues()
    await client.end_maintenance(cookie, httpx.AsyncClient)
    assert not http.cookies
