"""What the API does beyond the recorded replies: configuration, listings, starts, pictures, telemetry."""

import copy
from typing import cast

import pytest

from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

type Config = dict[str, dict[str, dict[str, object]]]


async def _config(immich: Simulator) -> Config:
    _, config = await immich.request("GET", "/api/system-config")
    return cast("Config", config)


async def test_concurrency_takes_effect(valkey: Valkey) -> None:
    """Raised, more jobs run at once as soon as one ends."""
    async with Simulator(valkey.url) as immich:
        await immich.speed(300)
        await immich.add_jobs("thumbnailGeneration", 40)
        assert (await immich.until_truth("thumbnailGeneration", running=3)).running == 3
        config = await _config(immich)
        config["job"]["thumbnailGeneration"]["concurrency"] = 8
        status, answer = await immich.request("PUT", "/api/system-config", config)
        assert (status, answer) == (200, config)
        await immich.until_truth("thumbnailGeneration", running=8, timeout=5)


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None])
async def test_wrong_concurrency_is_refused(valkey: Valkey, value: object) -> None:
    """400 with the path; nothing changes."""
    async with Simulator(valkey.url, worker=False) as immich:
        config = await _config(immich)
        wrong = copy.deepcopy(config)
        wrong["job"]["ocr"]["concurrency"] = value
        status, answer = await immich.request("PUT", "/api/system-config", wrong)
        assert status == 400
        assert isinstance(answer, dict)
        assert [error["path"] for error in answer["errors"]] == [
            ["job", "ocr", "concurrency"]
        ]
        assert await _config(immich) == config


async def test_configuration_drops_what_it_does_not_know(valkey: Valkey) -> None:
    """Unknown fields vanish silently; with a configuration file nothing can be written."""
    async with Simulator(valkey.url, worker=False) as immich:
        config = await _config(immich)
        status, answer = await immich.request(
            "PUT", "/api/system-config", {**config, "new": {"a": 1}}
        )
        assert (status, answer) == (200, config)
        await immich.control("config_file", on=True)
        assert (await immich.request("PUT", "/api/system-config", config))[0] == 400
        _, features = await immich.request("GET", "/api/server/features")
        assert isinstance(features, dict)
        assert features["configFile"] is True


async def test_listing_is_capped_and_newest_first(valkey: Valkey) -> None:
    """At most 1001 jobs of a state; of those that wait, the newest."""
    async with Simulator(valkey.url, worker=False) as immich:
        ids = await immich.add_jobs("ocr", 1500)
        _, jobs = await immich.request(
            "GET", "/api/queues/ocr/jobs?status=waiting&status=waiting"
        )
        assert isinstance(jobs, list)
        assert [job["id"] for job in jobs] == ids[::-1][:1001]


async def test_start_all_and_missing(valkey: Valkey) -> None:
    """Forced, every asset is done again; else only what is missing."""
    async with Simulator(valkey.url, assets=60) as immich:
        await immich.speed(1)
        start = {"command": "start", "force": True}
        status, _ = await immich.request("PUT", "/api/jobs/ocr", start)
        assert status == 200
        assert (await immich.until_truth("ocr", finished=61)).added == 61
        await immich.request(
            "PUT", "/api/jobs/ocr", {"command": "start", "force": False}
        )
        assert (await immich.until_truth("ocr", finished=62)).added == 62
        await immich.request("PUT", "/api/jobs/videoConversion", start)
        assert (await immich.until_truth("videoConversion", finished=6)).added == 6


async def test_upload_goes_through_the_pipeline(valkey: Valkey) -> None:
    """New photos bring jobs to every queue, as seen on the real server."""
    async with Simulator(valkey.url, assets=12) as immich:
        await immich.speed(1)
        ids = await immich.upload(12)
        for queue in (
            "metadataExtraction",
            "storageTemplateMigration",
            "thumbnailGeneration",
            "smartSearch",
            "faceDetection",
            "ocr",
            "duplicateDetection",
        ):
            truth = await immich.until_truth(queue, finished=12)
            assert (truth.added, truth.handler_failed) == (12, 0), queue
        await immich.until_truth("videoConversion", finished=1)
        await immich.until_truth("facialRecognition", finished=4)
        status, asset = await immich.request("GET", f"/api/assets/{ids[0]}")
        assert status == 200
        assert isinstance(asset, dict)
        assert asset["originalFileName"].startswith("IMG_0013.")
        _, statistics = await immich.request("GET", "/api/assets/statistics")
        assert statistics == {"images": 22, "videos": 2, "total": 24}


async def test_deleted_asset(valkey: Valkey) -> None:
    """Its jobs fail quietly, and the API doesn't know it."""
    async with Simulator(valkey.url) as immich:
        gone = (await immich.asset_ids())[0]
        await immich.control("assets", delete=[gone])
        await immich.add_jobs("thumbnailGeneration", data={"id": gone})
        assert (
            await immich.until_truth("thumbnailGeneration", finished=1)
        ).handler_failed == 1
        assert (await immich.request("GET", f"/api/assets/{gone}"))[0] == 400


@pytest.mark.parametrize(("size", "short_side"), [("thumbnail", 250), ("preview", 540)])
async def test_pictures(valkey: Valkey, size: str, short_side: int) -> None:
    """Each asset has a picture of its own, always the same."""
    async with Simulator(valkey.url, worker=False) as immich:
        pictures: list[bytes] = []
        for asset in [*(await immich.asset_ids())[:2], (await immich.asset_ids())[0]]:
            url = f"{immich.url}/api/assets/{asset}/thumbnail?size={size}"
            async with immich.session.get(
                url, headers={"x-api-key": immich.api_key}
            ) as response:
                assert response.status == 200
                pictures.append(await response.read())
        assert pictures[0] == pictures[2] != pictures[1]
        frame = pictures[0].index(b"\xff\xc0")
        height, width = (
            int.from_bytes(pictures[0][frame + at : frame + at + 2]) for at in (5, 7)
        )
        assert min(height, width) == short_side
        assert pictures[0].startswith(b"\xff\xd8\xff")
        assert pictures[0].endswith(b"\xff\xd9")


async def _metrics(immich: Simulator, url: str) -> dict[str, float]:
    async with immich.session.get(url) as response:
        lines = [
            line
            for line in (await response.text()).splitlines()
            if line[:1] not in ("", "#")
        ]
    return {line.split("{")[0]: float(line.split()[-1]) for line in lines}


async def test_telemetry(valkey: Valkey) -> None:
    """Only telemetry splits good from bad; the gauge counts slots, also lost ones."""
    async with Simulator(valkey.url) as immich:
        await immich.speed(1)
        await immich.request("PUT", "/api/jobs/smartSearch", {"command": "start"})
        await immich.until_truth("smartSearch", finished=1)
        await immich.machine_learning("off")
        await immich.add_jobs("faceDetection", 3)
        await immich.until_truth("faceDetection", finished=3)
        await immich.hang("ocr")
        await immich.add_jobs("ocr")
        await immich.until_truth("ocr", hung_now=1)
        await immich.control("forget_active", queue="ocr")
        await immich.add_jobs("backgroundTask", name="NoSuchJob")
        await immich.until_truth("backgroundTask", skipped=1)

        counts = await _metrics(immich, immich.metrics_url)
        assert counts["immich_jobs_smart_search_queue_all_success_total"] == 1
        assert counts["immich_jobs_asset_detect_faces_failed_total"] == 3
        assert counts["immich_jobs_no_such_job_skipped_total"] == 1
        assert counts["immich_queues_ocr_active"] == 1
        assert counts["immich_job_repository_run_duration_count"] == 5
        starts = await _metrics(immich, immich.api_metrics_url)
        assert starts["immich_queues_smart_search_started_total"] == 1

        await immich.telemetry(on=False)
        with pytest.raises(OSError):
            await _metrics(immich, immich.metrics_url)
        await immich.telemetry(on=True)
        await immich.kill_worker(restart=True)

        async def restarted() -> bool:
            return (
                "immich_jobs_smart_search_queue_all_success_total"
                not in await _metrics(immich, immich.metrics_url)
            )

        await until(restarted, timeout=5, what="counters begin at nothing again")


async def test_reset(valkey: Valkey) -> None:
    """Jobs and counts are gone, and the queues work."""
    async with Simulator(valkey.url) as immich, valkey.client() as client:
        await immich.speed(1)
        await immich.hang("ocr")
        await immich.add_jobs("ocr", 20)
        await immich.until_truth("ocr", hung_now=1)
        await immich.control("reset")
        assert not await client.exists("immich_bull:ocr:wait")
        await immich.add_jobs("ocr", 5)
        truth = await immich.until_truth("ocr", finished=5)
        assert (truth.added, truth.started, truth.finished, truth.hung_now) == (
            5,
            5,
            5,
            0,
        )
