"""The states in which the recordings were made, and which recordings are compared in which."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.support.processes import until
from tests.support.simulator import Simulator

FACES = "faceDetection"
THUMBNAILS = "thumbnailGeneration"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A state, and the recordings made in it."""

    prepare: Callable[[Simulator], Awaitable[str | None]]
    """Brings a fresh simulator there. Returns the API key to use, None for the administrator's."""
    recordings: Sequence[str]
    """Their names, in the order in which they are replayed."""


async def _fresh(_: Simulator) -> None:
    """Leave everything as it is after the start."""


async def _without_key(_: Simulator) -> str:
    return ""


async def _with_wrong_key(_: Simulator) -> str:
    return "wrong"


async def _with_asset_key(immich: Simulator) -> str:
    return await immich.add_key("asset.read")


async def _with_queue_key(immich: Simulator) -> str:
    return await immich.add_key("queue.read")


async def _as_other_user(immich: Simulator) -> str:
    return await immich.add_key("all", admin=False)


async def _working(immich: Simulator) -> None:
    """Let the ML queues work slowly on 50 jobs each."""
    await immich.speed(60_000)
    for queue in (FACES, "smartSearch", "ocr"):
        await immich.add_jobs(queue, 50, data={"source": "upload"})
    await immich.until_truth(FACES, running=2)
    await immich.until_truth("smartSearch", running=2)
    await immich.until_truth("ocr", running=1)


async def _working_without_worker(immich: Simulator) -> None:
    await _working(immich)
    await immich.kill_worker()


async def _ocr_hangs(immich: Simulator) -> None:
    await immich.hang("ocr")
    await immich.add_jobs("ocr", 51)
    await immich.until_truth("ocr", hung_now=1)


async def _ocr_slot_lost(immich: Simulator) -> None:
    """Take the hung job out of Redis: its slot in the worker stays taken."""
    await _ocr_hangs(immich)
    await immich.control("forget_active", queue="ocr")


async def _thumbnails_paused(immich: Simulator) -> None:
    await immich.control("pause", queue=THUMBNAILS)
    await immich.add_jobs(THUMBNAILS, 50, data={"source": "upload"})


async def _person_thumbnails_paused(immich: Simulator) -> None:
    await immich.control("pause", queue=THUMBNAILS)
    await immich.add_jobs(THUMBNAILS, 2, name="PersonGenerateThumbnail")


async def _one_failed(immich: Simulator) -> None:
    """Let a job stall twice (the checks run often in this scenario)."""
    await immich.speed(60_000)
    await immich.add_jobs("ocr")
    for run in (1, 2):
        await immich.until_truth("ocr", started=run)
        await immich.kill_worker(restart=True)

    async def failed() -> bool:
        _, queue = await immich.request("GET", "/api/queues/ocr")
        assert isinstance(queue, dict)
        return bool(queue["statistics"]["failed"] == 1)

    await until(failed, timeout=40, what="the job has stalled twice")


async def _without_machine_learning(immich: Simulator) -> None:
    await immich.machine_learning("off")


async def _in_maintenance(immich: Simulator) -> None:
    await immich.control("maintenance", on=True)
    await immich.until_maintenance(on=True)


SCENARIOS_3_1_0: Mapping[str, Scenario] = {
    "fresh": Scenario(
        _fresh,
        [
            "ping",
            "version-nokey",
            "about",
            "server-config",
            "server-config-normal",
            "features",
            "storage",
            "statistics",
            "version-check",
            "version-history",
            "server-media-types",
            "users-me",
            "api-keys-me",
            "api-keys-list",
            "notifications",
            "assets-statistics",
            "asset-get",
            "asset-unknown",
            "asset-thumb-unknown",
            "asset-thumbnail",
            "asset-thumbnail-preview",
            "queues-ping-bad",
            "system-config-get",
            "system-config-defaults",
            "system-config-put-partial",
            "system-config-put",
            "maintenance-status",
            "queues-idle",
            "queue-get",
            "jobs-legacy-idle",
            "queue-jobs-idle",
            "queue-jobs-badstatus",
            "queue-jobs-comma",
            "queue-jobs-paused",
            "queue-jobs-waiting",
            "queue-unknown",
            "queue-empty-paused-ok-404",
            "queue-put-bad",
            "queue-put-empty",
            "queue-pause-backgroundTask",
            "jobs-legacy-pause-backgroundTask",
            "jobs-legacy-resume-backgroundTask",
            "queue-pause",
            "queue-delete-nobody",
            "queue-delete-emptyobj",
            "jobs-bad-command",
            "jobs-post-bad",
            "jobs-start-notstartable",
            "jobs-post-tagcleanup",
            "queue-clear-failed",
            "queue-clear-failed-legacy",
            "queue-ocr-after-clear",
            "jobs-start-smartSearch",
            "jobs-start-faceDetection",
            "jobs-start-ocr",
        ],
    ),
    "without a key": Scenario(_without_key, ["about-nokey", "err-nokey"]),
    "with a wrong key": Scenario(_with_wrong_key, ["err-badkey"]),
    "with a key for assets": Scenario(
        _with_asset_key,
        ["err403-queues", "err403-jobs", "err403-about", "err403-config", "err403-me"],
    ),
    "with a key for queues": Scenario(
        _with_queue_key,
        [
            "qread-queues",
            "qread-put",
            "qread-jobs-put",
            "qread-deljobs",
            "err403-asset",
            "err403-thumb",
        ],
    ),
    "as a user who is no administrator": Scenario(
        _as_other_user,
        [
            "nonadmin-about",
            "nonadmin-config",
            "nonadmin-jobs",
            "nonadmin-me",
            "nonadmin-queues",
            "nonadmin-stat",
            "nonadmin-storage",
            "asset-otheruser",
        ],
    ),
    "working": Scenario(
        _working,
        [
            "queues-active",
            "queues-hung",
            "jobs-legacy-active",
            "jobs-start-while-active",
            "queue-jobs-active",
            "queue-jobs-waiting2",
        ],
    ),
    "working, then the worker is killed": Scenario(
        _working_without_worker,
        [
            "queues-api-alive-micro-dead",
            "queues-api-alive-micro-dead-40s",
            "ocr-empty-while-worker-dead",
            "ocr-after-empty",
        ],
    ),
    "an OCR job hangs, its slot is lost": Scenario(
        _ocr_slot_lost,
        ["ocr-zombie-slot", "ocr-pause-while-hung", "ocr-resume-while-hung"],
    ),
    "50 thumbnails wait in a paused queue": Scenario(
        _thumbnails_paused,
        [
            "queues-after-upload-thumb-paused",
            "queue-jobs-nostatus",
            "queue-jobs-arr",
            "queue-jobs-arr-failed",
            "queue-jobs-arr-two",
            "queue-jobs-idx",
            "queue-jobs-multi",
            "queue-jobs-rep",
            "queue-resume",
        ],
    ),
    "person thumbnails wait in a paused queue": Scenario(
        _person_thumbnails_paused,
        ["queue-thumb-prioritized", "queue-jobs-prioritized-all"],
    ),
    "a job has stalled twice": Scenario(
        _one_failed,
        ["queue-ocr-failed", "queue-ocr-failed-external", "queue-jobs-failed"],
    ),
    "machine learning is off": Scenario(
        _without_machine_learning, ["jobs-start-smart-mloff"]
    ),
    "in maintenance": Scenario(
        _in_maintenance,
        [
            "maint-ping",
            "maint-version",
            "maint-config",
            "maint-status",
            "maint-about",
            "maint-jobs",
            "maint-keysme",
            "maint-queues",
        ],
    ),
}

SCENARIOS_2_7_5: Mapping[str, Scenario] = {
    "fresh": Scenario(
        _fresh,
        [
            "ping",
            "version",
            "api-keys-me",
            "queues-idle",
            "queues-after-ml-error",
            "queue-unknown",
            "queue-put-bad",
            "queue-pause-bg",
            "queue-pause",
            "queue-delete-nobody",
            "queue-delete-failed",
            "jobs-start-ocr",
            "queue-jobs-status_foo",
        ],
    ),
    "without a key": Scenario(_without_key, ["err-nokey"]),
    "with a wrong key": Scenario(_with_wrong_key, ["err-badkey"]),
    "with a key for assets": Scenario(_with_asset_key, ["err403-queues"]),
    "50 thumbnails wait in a paused queue": Scenario(
        _thumbnails_paused,
        [
            "queue-jobs-",
            "queue-jobs-status___failed",
            "queue-jobs-status_failed",
            "queue-jobs-status_failed_status_failed",
            "queue-jobs-status_paused",
            "queue-jobs-status_paused_status_active",
            "queue-resume",
        ],
    ),
}

SCENARIOS = {"3.1.0": SCENARIOS_3_1_0, "2.7.5": SCENARIOS_2_7_5}
