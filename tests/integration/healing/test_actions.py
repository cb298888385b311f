"""The actions on single jobs, and what they refuse."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.bullmq import connection, reader
from custom_components.immich_admin_tools.const import (
    CONF_REDIS_PASSWORD,
    CONF_REDIS_USERNAME,
)
from tests.integration.conftest import entry_for, poll, set_up
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import call, hang, refused


async def test_clear_stuck_says_what_it_achieved(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Cleared, but the worker still hangs: never called healed."""
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    answer = await call(hass, "clear_stuck", queue=["ocr", "library"])
    (job,) = answer["queues"]["ocr"]["jobs"]
    assert job["job_id"] == job_id
    assert job["name"] == "Ocr"
    assert job["asset_id"] in await simulator.asset_ids()
    assert job["asset_path"].startswith("/data/")
    assert job["age"] >= 3
    assert (job["kind"], job["mode"]) == ("hung", "remove")
    assert (job["outcome"], job["doubt"]) == ("slot_lost", None)
    assert answer["queues"]["ocr"]["count"] == 1
    assert answer["queues"]["library"] == {"jobs": [], "skipped": [], "count": 0}
    assert entry.runtime_data.healing.lost_slots("ocr") == 1
    (queue,) = (await call(hass, "get_queue", queue="ocr"))["queues"].values()
    assert queue["lost_slots"] == 1
    assert queue["stuck"] == queue["active"] == 0

    # It ends after all: its worker is free, as the next looks find out.
    await simulator.unhang("ocr")
    async with asyncio.timeout(40):
        while entry.runtime_data.healing.lost_slots():
            await asyncio.sleep(1)
            await poll(hass, entry)


async def test_older_than_takes_the_place_of_the_threshold(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The user's own word on what is too long."""
    await hang(hass, entry, simulator, "ocr")
    answer = await call(
        hass, "clear_stuck", queue="ocr", older_than={"hours": 1}, mode="fail"
    )
    assert [it["reason"] for it in answer["queues"]["ocr"]["skipped"]] == [
        "younger_than_asked"
    ]
    await simulator.unhang()


async def test_a_held_job_is_not_put_back(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It would run twice."""
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    answer = await call(hass, "clear_stuck", queue="ocr", mode="requeue")
    assert answer["queues"]["ocr"]["skipped"] == [
        {"job_id": job_id, "reason": "live_lock"}
    ]
    key = await refused(hass, "clear_job", queue="ocr", job_id=job_id, mode="requeue")
    assert key == "job_held"
    truth = await simulator.truth()
    assert truth.queues["ocr"].started == 1
    await simulator.unhang()


async def test_clear_job_names_what_is_wrong(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Unknown queue, unknown job, a job that is fine, more than one queue."""
    await simulator.speed(60_000, "sidecar")
    (running,) = await simulator.add_jobs("sidecar", 1)
    await simulator.until_truth("sidecar", running=1)
    await poll(hass, entry)
    assert await refused(hass, "clear_job", queue="x", job_id="1") == "unknown_queue"
    for mode in ("remove", "requeue", "fail"):
        assert (
            await refused(hass, "clear_job", queue="sidecar", job_id="77", mode=mode)
            == "unknown_job"
        )
        assert (
            await refused(hass, "clear_job", queue="sidecar", job_id=running, mode=mode)
            == "job_not_stuck"
        )
    assert (
        await refused(hass, "clear_job", queue=["sidecar", "library"], job_id=running)
        == "one_queue"
    )
    assert await refused(hass, "clear_job", job_id=running) == "target_missing"
    assert (await simulator.truth()).queues["sidecar"].running == 1


async def test_a_job_that_finished_meanwhile(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, valkey: Valkey
) -> None:
    """Between the look and the act."""
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    await simulator.unhang("ocr")
    async with valkey.client() as client, asyncio.timeout(10):
        while await client.llen("immich_bull:ocr:active"):
            await asyncio.sleep(0.05)
    assert await refused(hass, "clear_job", queue="ocr", job_id=job_id) == "job_raced"
    assert entry.runtime_data.history.history.last_heal is None


async def test_queues_are_named_in_any_case(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """As Immich spells them, as the list of the action does, or as people type them."""
    spellings = ["faceDetection", "face_detection", "FACEDETECTION", " OCR "]
    answer = await call(hass, "get_queue", queue=spellings)
    assert list(answer["queues"]) == ["faceDetection", "ocr"]
    # What acts on everything is written out.
    assert await refused(hass, "clear_waiting", queue="ALL") == "unknown_queue"
    assert await refused(hass, "get_queue", queue="face detection") == "unknown_queue"


async def test_measured_numbers_are_rounded(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Two decimals, as people read them."""
    await simulator.speed(37, "ocr")
    await simulator.add_jobs("ocr", 7)
    await simulator.until_truth("ocr", finished=7)
    await poll(hass, entry)
    await poll(hass, entry)
    ocr = (await call(hass, "get_queue", queue="ocr"))["queues"]["ocr"]
    assert ocr["average_duration"] > 0
    for key in ("average_duration", "rate"):
        assert ocr[key] is None or ocr[key] == round(ocr[key], 2)


async def test_clear_job_of_one_that_waits(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It is simply taken out."""
    await simulator.speed(60_000, "facialRecognition")
    ids = await simulator.add_jobs("facialRecognition", 3)
    await simulator.until_truth("facialRecognition", running=1)
    answer = await call(hass, "clear_job", queue="facialRecognition", job_id=ids[1])
    assert answer["queues"]["facialRecognition"]["count"] == 1
    jobs = await call(hass, "get_jobs", queue="facialRecognition", state="waiting")
    page = jobs["queues"]["facialRecognition"]
    assert [job["job_id"] for job in page["jobs"]] == [ids[2]]
    assert (page["total"], page["next"]) == (1, None)


@pytest.fixture
async def failed_ids(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Make failed jobs: given up while they hung, and free since."""
    monkeypatch.setattr(
        "custom_components.immich_admin_tools.healing.verification.ANSWER_WITHIN", 0
    )
    ids = await hang(hass, entry, simulator, "migration", 3)
    answer = await call(hass, "clear_stuck", queue="migration", mode="fail")
    assert answer["queues"]["migration"]["count"] == 3
    await simulator.unhang("migration")
    await simulator.until_truth("migration", finished=3)
    async with valkey.client() as client:
        # The worker has let go; its locks would run out by themselves.
        await client.delete(*[f"immich_bull:migration:{it}:lock" for it in ids])
    await poll(hass, entry)
    return ids


async def test_failed_jobs(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    failed_ids: list[str],
) -> None:
    """One is put back, one is deleted, the rest is put back."""
    jobs = await call(hass, "get_jobs", queue="migration", state="failed")
    page = jobs["queues"]["migration"]
    assert {job["job_id"] for job in page["jobs"]} == set(failed_ids)
    assert "given up" in page["jobs"][0]["failed_reason"].lower()
    first, second, third = failed_ids
    await call(hass, "clear_job", queue="migration", job_id=first, mode="requeue")
    await simulator.until_truth("migration", started=4)
    await call(hass, "clear_job", queue="migration", job_id=second)
    answer = await call(hass, "retry_failed", queue="migration")
    assert answer["queues"]["migration"] == {"count": 1, "skipped": []}
    await simulator.until_truth("migration", finished=5)
    assert (await call(hass, "retry_failed", queue="migration"))["queues"] == {
        "migration": {"count": 0, "skipped": []}
    }
    assert third


@pytest.mark.parametrize("source", ["redis", "api"])
async def test_pages_of_jobs(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, source: str
) -> None:
    """All of them, each once, in the order they run, also without Redis."""
    entry = entry_for(simulator, valkey.url if source == "redis" else None)
    await set_up(hass, entry)
    await simulator.control("pause", queue="ocr")
    ids = await simulator.add_jobs("ocr", 230)
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        jobs = await call(
            hass, "get_jobs", queue="ocr", state="waiting", offset=offset, count=110
        )
        page = jobs["queues"]["ocr"]
        assert page["total"] == 230
        assert len(page["jobs"]) <= 110
        found += [job["job_id"] for job in page["jobs"]]
        offset = page["next"]
    assert sorted(found) == sorted(ids)
    if source == "redis":
        assert found == ids
    assert page["jobs"][0]["name"] == "Ocr"
    assert page["jobs"][0]["url"].startswith(f"{simulator.url}/photos/")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_pages_are_bounded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nobody gets a million jobs in one answer."""
    for bad in ({"count": 201}, {"count": 0}, {"offset": -1}, {"state": "lost"}):
        with pytest.raises(Exception, match=next(iter(bad))):
            await call(hass, "get_jobs", queue="ocr", **bad)


async def test_active_jobs_carry_what_the_last_look_judged(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Kind, age and photo; all queues when none is named."""
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    jobs = (await call(hass, "get_jobs"))["queues"]
    assert len(jobs) == 19
    (job,) = jobs["ocr"]["jobs"]
    assert (job["job_id"], job["kind"], job["stuck"]) == (job_id, "hung", True)
    assert job["age"] >= 3
    assert job["times_stuck"] == 1
    assert job["file_name"]
    await simulator.unhang()


async def test_run_queue(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """What is missing, or everything; what can't be started is passed over with `all`."""
    await simulator.speed(1, "all")
    answer = await call(hass, "run_queue", queue="metadataExtraction", scope="all")
    assert answer["queues"] == {"metadataExtraction": {"started": True}}
    await simulator.until_truth("metadataExtraction", finished=100)
    assert (
        await refused(hass, "run_queue", queue="backgroundTask")
        == "immich_not_startable"
    )
    await simulator.control("drain", queue="all")
    answer = await call(hass, "run_queue", queue="all")
    assert answer["queues"]["backgroundTask"] == {
        "started": False,
        "reason": "not_startable",
    }
    assert answer["queues"]["ocr"]["started"]


async def test_without_redis(
    hass: HomeAssistant, simulator: Simulator, api_only_entry: MockConfigEntry
) -> None:
    """It says what is needed; looking works."""
    for action in ("clear_stuck", "retry_failed"):
        assert await refused(hass, action, queue="ocr") == "needs_redis"
    assert await refused(hass, "clear_job", queue="ocr", job_id="1") == "needs_redis"
    assert await refused(hass, "clear_all_and_restart") == "needs_redis"
    assert (
        await refused(hass, "get_jobs", queue="ocr", state="prioritized")
        == "needs_redis"
    )
    queues = (await call(hass, "get_queue"))["queues"]
    assert queues["ocr"]["source"] == "api"
    assert queues["ocr"]["lost_slots"] is None


async def test_a_redis_user_who_may_only_read(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The missing command is named, and nothing is changed."""
    async with valkey.client() as client:
        await client.acl_setuser(
            "reader",
            enabled=True,
            passwords=["+secret"],
            keys=["immich_bull:*"],
            categories=["+@all"],
            commands=["-lrem", "-lpush"],
        )
    entry = entry_for(
        simulator,
        valkey.url,
        **{CONF_REDIS_USERNAME: "reader", CONF_REDIS_PASSWORD: "secret"},
    )
    await set_up(hass, entry)
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    for action, data in (
        ("clear_stuck", {}),
        ("clear_job", {"job_id": job_id}),
    ):
        key = await refused(hass, action, queue="ocr", **data)
        assert key == "redis_missing_rights", action
    assert (await simulator.truth()).queues["ocr"].hung_now == 1
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.queues["ocr"].active == 1
    await simulator.unhang()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_while_redis_is_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is tried, and looking goes on through Immich."""
    monkeypatch.setattr(connection, "SOCKET_TIMEOUT", 0.5)
    monkeypatch.setattr(reader, "POLL_TIMEOUT", 1.0)
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    async with valkey.client() as client:
        await client.execute_command("CLIENT", "PAUSE", 3_000)  # type: ignore[no-untyped-call]  # redis-py's own
    await poll(hass, entry)
    assert await refused(hass, "clear_stuck", queue="ocr") == "redis_lost"
    assert await refused(hass, "clear_all_and_restart") == "redis_lost"
    await hass.config_entries.async_unload(entry.entry_id)
