"""Each reply of two real servers, read as the client would get it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields

import pytest

from custom_components.immich_admin_tools.immich import errors, models
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import JobStatus, QueueCounts

from .http_server import HttpServer
from .recordings import VERSIONS, Recording, names, recording

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"
NO_ASSET = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Case:
    """A call that makes the recorded request, and what comes of it."""

    call: Callable[[ImmichClient], Awaitable[object]]
    result: Callable[[Recording], object] | type[errors.ImmichError]


def counts(fields: dict[str, object], queue: str | None = None) -> QueueCounts:
    """Return a recorded queue, of either kind of reply."""
    values = fields.get("statistics") or fields["jobCounts"]
    status = fields.get("queueStatus") or fields
    assert isinstance(values, dict)
    assert isinstance(status, dict)
    numbers = {name: values[name] for name in values if name != "completed"}
    return QueueCounts(
        queue=queue or str(fields["name"]), is_paused=status["isPaused"], **numbers
    )


def all_counts(record: Recording) -> tuple[QueueCounts, ...]:
    """Return all recorded queues."""
    assert len(record.response) > 15
    return tuple(counts(fields) for fields in record.response)


def one_counts(record: Recording) -> QueueCounts:
    """Return the recorded queue."""
    return counts(record.response)


def legacy_counts(record: Recording) -> QueueCounts:
    """Return the recorded queue of a reply that doesn't hold its name."""
    return counts(record.response, record.target.rpartition("/")[2])


def jobs(record: Recording) -> tuple[models.ListedJob, ...]:
    """Return the recorded jobs. Jobs about persons have an id that is no asset's."""
    return tuple(
        models.ListedJob(
            fields["id"],
            fields["name"],
            fields["timestamp"],
            None if fields["name"].startswith("Person") else fields["data"]["id"],
        )
        for fields in record.response
    )


def version(record: Recording) -> models.Version:
    """Return the recorded version."""
    return models.Version(
        *(record.response[part] for part in ("major", "minor", "patch"))
    )


def user(record: Recording) -> models.User:
    """Return the recorded user."""
    fields = record.response
    return models.User(fields["id"], fields["name"], fields["isAdmin"])


def asset(record: Recording) -> models.Asset:
    """Return the recorded asset."""
    fields = record.response
    return models.Asset(
        fields["id"],
        fields["originalFileName"],
        fields["originalPath"],
        fields["type"],
        fields["exifInfo"]["fileSizeInByte"],
    )


def image(record: Recording) -> models.Image:
    """Return the recorded picture."""
    return models.Image(str(record.response).encode(), record.content_type)


def system_config(record: Recording) -> models.SystemConfig:
    """Return what is used of the recorded config."""
    fields = record.response
    return models.SystemConfig(
        {queue: setting["concurrency"] for queue, setting in fields["job"].items()},
        tuple(fields["machineLearning"]["urls"]),
    )


def nothing(_: Recording) -> None:
    """Expect no result but no error either."""


PING = Case(lambda c: c.ping(), nothing)
QUEUES = Case(lambda c: c.queues(), all_counts)
OCR = Case(lambda c: c.queue("ocr"), one_counts)
THUMBNAILS = Case(lambda c: c.queue("thumbnailGeneration"), one_counts)
PAUSE = Case(lambda c: c.pause("thumbnailGeneration"), one_counts)
RESUME = Case(lambda c: c.resume("thumbnailGeneration"), one_counts)
ALL_JOBS = Case(lambda c: c.jobs("thumbnailGeneration"), jobs)
FAILED_JOBS = Case(lambda c: c.jobs("thumbnailGeneration", [JobStatus.FAILED]), jobs)
TWO_STATES = Case(
    lambda c: c.jobs("thumbnailGeneration", [JobStatus.PAUSED, JobStatus.ACTIVE]), jobs
)
START_OCR = Case(lambda c: c.start("ocr", force=True), legacy_counts)
START_SMART = Case(lambda c: c.start("smartSearch", force=True), legacy_counts)
PERMISSIONS = Case(
    lambda c: c.permissions(), lambda r: frozenset(r.response["permissions"])
)
VERSION = Case(lambda c: c.version(), version)
SERVER_CONFIG = Case(
    lambda c: c.server_config(),
    lambda r: models.ServerConfig(None, r.response["maintenanceMode"]),
)
MAINTENANCE_STATUS = Case(
    lambda c: c.maintenance_status(),
    lambda r: models.MaintenanceStatus(
        r.response["active"], r.response["action"], None
    ),
)
ABOUT = Case(
    lambda c: c.about(),
    lambda r: models.About(
        "3.1.0",
        {
            part: r.response[part]
            for part in ("nodejs", "exiftool", "ffmpeg", "libvips")
        },
    ),
)
BAD_KEY = Case(lambda c: c.queues(), errors.InvalidApiKeyError)
NO_PERMISSION = errors.MissingPermissionError
NO_ADMIN = errors.NotAdminError

CASES: dict[tuple[str, str], Case] = {
    ("2.7.5", "api-keys-me"): PERMISSIONS,
    ("2.7.5", "err-badkey"): BAD_KEY,
    ("2.7.5", "err-nokey"): BAD_KEY,
    ("2.7.5", "err403-queues"): Case(lambda c: c.queues(), NO_PERMISSION),
    ("2.7.5", "jobs-start-ocr"): START_OCR,
    ("2.7.5", "ping"): PING,
    ("2.7.5", "queue-jobs-status_failed_status_failed"): FAILED_JOBS,
    ("2.7.5", "queue-jobs-status_paused_status_active"): TWO_STATES,
    ("2.7.5", "queue-pause"): PAUSE,
    ("2.7.5", "queue-resume"): RESUME,
    ("2.7.5", "queue-unknown"): Case(
        lambda c: c.queue("nope"), errors.UnknownQueueError
    ),
    ("2.7.5", "queues-after-ml-error"): QUEUES,
    ("2.7.5", "queues-idle"): QUEUES,
    ("2.7.5", "version"): VERSION,
    ("3.1.0", "about"): ABOUT,
    ("3.1.0", "about-nokey"): Case(lambda c: c.about(), errors.InvalidApiKeyError),
    ("3.1.0", "api-keys-me"): PERMISSIONS,
    ("3.1.0", "asset-get"): Case(lambda c: c.asset(ASSET), asset),
    ("3.1.0", "asset-otheruser"): Case(
        lambda c: c.asset(ASSET), errors.UnknownAssetError
    ),
    ("3.1.0", "asset-thumbnail"): Case(lambda c: c.thumbnail(ASSET), image),
    ("3.1.0", "asset-thumbnail-preview"): Case(
        lambda c: c.thumbnail(ASSET, models.ThumbnailSize.PREVIEW), image
    ),
    ("3.1.0", "asset-unknown"): Case(
        lambda c: c.asset(NO_ASSET), errors.UnknownAssetError
    ),
    ("3.1.0", "err-badkey"): BAD_KEY,
    ("3.1.0", "err-nokey"): BAD_KEY,
    ("3.1.0", "err403-about"): Case(lambda c: c.about(), NO_PERMISSION),
    ("3.1.0", "err403-asset"): Case(lambda c: c.asset(ASSET), NO_PERMISSION),
    ("3.1.0", "err403-config"): Case(lambda c: c.system_config(), NO_PERMISSION),
    ("3.1.0", "err403-me"): PERMISSIONS,
    ("3.1.0", "err403-queues"): Case(lambda c: c.queues(), NO_PERMISSION),
    ("3.1.0", "jobs-legacy-pause-backgroundTask"): Case(
        lambda c: c.pause("backgroundTask"), legacy_counts
    ),
    ("3.1.0", "jobs-legacy-resume-backgroundTask"): Case(
        lambda c: c.resume("backgroundTask"), legacy_counts
    ),
    ("3.1.0", "jobs-start-faceDetection"): Case(
        lambda c: c.start("faceDetection", force=True), legacy_counts
    ),
    ("3.1.0", "jobs-start-ocr"): START_OCR,
    ("3.1.0", "jobs-start-smart-mloff"): START_SMART,
    ("3.1.0", "jobs-start-smartSearch"): START_SMART,
    ("3.1.0", "jobs-start-while-active"): Case(
        lambda c: c.start("smartSearch", force=False), errors.JobAlreadyRunningError
    ),
    ("3.1.0", "maint-config"): SERVER_CONFIG,
    ("3.1.0", "maint-ping"): PING,
    ("3.1.0", "maint-status"): MAINTENANCE_STATUS,
    ("3.1.0", "maint-version"): VERSION,
    ("3.1.0", "maintenance-status"): MAINTENANCE_STATUS,
    ("3.1.0", "nonadmin-about"): ABOUT,
    ("3.1.0", "nonadmin-config"): Case(lambda c: c.system_config(), NO_ADMIN),
    ("3.1.0", "nonadmin-me"): Case(lambda c: c.me(), user),
    ("3.1.0", "nonadmin-queues"): Case(lambda c: c.queues(), NO_ADMIN),
    ("3.1.0", "ocr-after-empty"): OCR,
    ("3.1.0", "ocr-pause-while-hung"): Case(lambda c: c.pause("ocr"), one_counts),
    ("3.1.0", "ocr-resume-while-hung"): Case(lambda c: c.resume("ocr"), one_counts),
    ("3.1.0", "ocr-zombie-slot"): OCR,
    ("3.1.0", "ping"): PING,
    ("3.1.0", "qread-put"): Case(lambda c: c.pause("ocr"), NO_PERMISSION),
    ("3.1.0", "qread-queues"): QUEUES,
    ("3.1.0", "queue-get"): THUMBNAILS,
    ("3.1.0", "queue-jobs-failed"): Case(
        lambda c: c.jobs("ocr", [JobStatus.FAILED]), jobs
    ),
    ("3.1.0", "queue-jobs-idle"): ALL_JOBS,
    ("3.1.0", "queue-jobs-multi"): TWO_STATES,
    ("3.1.0", "queue-jobs-nostatus"): ALL_JOBS,
    ("3.1.0", "queue-jobs-prioritized-all"): ALL_JOBS,
    ("3.1.0", "queue-jobs-rep"): FAILED_JOBS,
    ("3.1.0", "queue-ocr-after-clear"): OCR,
    ("3.1.0", "queue-ocr-failed"): OCR,
    ("3.1.0", "queue-ocr-failed-external"): OCR,
    ("3.1.0", "queue-pause"): PAUSE,
    ("3.1.0", "queue-resume"): RESUME,
    ("3.1.0", "queue-thumb-prioritized"): THUMBNAILS,
    ("3.1.0", "queue-unknown"): Case(
        lambda c: c.queue("nope"), errors.UnknownQueueError
    ),
    ("3.1.0", "queues-active"): QUEUES,
    ("3.1.0", "queues-after-upload-thumb-paused"): QUEUES,
    ("3.1.0", "queues-api-alive-micro-dead"): QUEUES,
    ("3.1.0", "queues-api-alive-micro-dead-40s"): QUEUES,
    ("3.1.0", "queues-hung"): QUEUES,
    ("3.1.0", "queues-idle"): QUEUES,
    ("3.1.0", "server-config"): SERVER_CONFIG,
    ("3.1.0", "server-config-normal"): SERVER_CONFIG,
    ("3.1.0", "system-config-get"): Case(lambda c: c.system_config(), system_config),
    ("3.1.0", "users-me"): Case(lambda c: c.me(), user),
    ("3.1.0", "version-nokey"): VERSION,
}

ELSEWHERE: dict[tuple[str, str], str] = {
    ("2.7.5", "queue-delete-failed"): "never sent: it drops the waiting jobs too",
    ("2.7.5", "queue-delete-nobody"): "never sent: Immich 3 wants a body",
    ("2.7.5", "queue-jobs-"): "the client sends no lone question mark",
    ("2.7.5", "queue-jobs-status___failed"): "never sent: Immich ignores it",
    ("2.7.5", "queue-jobs-status_failed"): "never sent: Immich 3 refuses it",
    ("2.7.5", "queue-jobs-status_foo"): "never sent; read in test_failures",
    ("2.7.5", "queue-jobs-status_paused"): "never sent: Immich 3 refuses it",
    ("2.7.5", "queue-pause-bg"): "never sent; read in test_failures",
    ("2.7.5", "queue-put-bad"): "never sent; read in test_failures",
    ("3.1.0", "api-keys-list"): "not used",
    ("3.1.0", "asset-thumb-unknown"): "size left out; read in test_failures",
    ("3.1.0", "assets-statistics"): "not used",
    ("3.1.0", "err403-jobs"): "not used: GET /jobs is older than GET /queues",
    ("3.1.0", "err403-thumb"): "size left out; read in test_failures",
    ("3.1.0", "features"): "not used",
    ("3.1.0", "jobs-bad-command"): "never sent; read in test_failures",
    ("3.1.0", "jobs-legacy-active"): "not used: GET /jobs",
    ("3.1.0", "jobs-legacy-idle"): "not used: GET /jobs",
    ("3.1.0", "jobs-post-bad"): "not used",
    ("3.1.0", "jobs-post-tagcleanup"): "not used",
    ("3.1.0", "jobs-start-notstartable"): "force left out; read in test_failures",
    ("3.1.0", "maint-about"): "test_requests, with the other paths of that state",
    ("3.1.0", "maint-jobs"): "not used: GET /jobs",
    ("3.1.0", "maint-keysme"): "test_requests, with the other paths of that state",
    ("3.1.0", "maint-queues"): "test_requests, with the other paths of that state",
    ("3.1.0", "nonadmin-jobs"): "not used: GET /jobs",
    ("3.1.0", "nonadmin-stat"): "not used",
    ("3.1.0", "nonadmin-storage"): "not used",
    ("3.1.0", "notifications"): "not used",
    ("3.1.0", "ocr-empty-while-worker-dead"): "failed is never sent along",
    ("3.1.0", "qread-deljobs"): "failed is never sent along; read in test_failures",
    ("3.1.0", "qread-jobs-put"): "the client pauses by /queues; read in test_failures",
    ("3.1.0", "queue-clear-failed"): "never sent: it drops the waiting jobs too",
    ("3.1.0", "queue-clear-failed-legacy"): "test_queue_api, with the count before",
    ("3.1.0", "queue-delete-emptyobj"): "test_queue_api, with the count before",
    ("3.1.0", "queue-delete-nobody"): "never sent; read in test_failures",
    ("3.1.0", "queue-empty-paused-ok-404"): "test_queue_api, with the count before",
    ("3.1.0", "queue-jobs-active"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr-failed"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr-two"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-badstatus"): "never sent; read in test_failures",
    ("3.1.0", "queue-jobs-comma"): "never sent: Immich refuses it",
    ("3.1.0", "queue-jobs-idx"): "never sent: Immich ignores it",
    ("3.1.0", "queue-jobs-paused"): "never sent: Immich refuses a single status",
    ("3.1.0", "queue-jobs-waiting"): "never sent: Immich refuses a single status",
    ("3.1.0", "queue-jobs-waiting2"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-pause-backgroundTask"): "never sent; read in test_failures",
    ("3.1.0", "queue-put-bad"): "never sent; read in test_failures",
    ("3.1.0", "queue-put-empty"): "never sent",
    ("3.1.0", "queues-ping-bad"): "test_requests",
    ("3.1.0", "server-media-types"): "not used",
    ("3.1.0", "statistics"): "not used",
    ("3.1.0", "storage"): "not used",
    ("3.1.0", "system-config-defaults"): "not used",
    ("3.1.0", "system-config-put"): "test_system_config_api",
    ("3.1.0", "system-config-put-partial"): "never sent; read in test_failures",
    ("3.1.0", "version-check"): "not used",
    ("3.1.0", "version-history"): "not used",
    ("3.1.0", "websocket-events"): "not a request",
}


@pytest.mark.parametrize(("release", "name"), CASES)
async def test_recording_is_read(
    release: str, name: str, server: HttpServer, client: ImmichClient
) -> None:
    """The client sends exactly the recorded request and reads its reply."""
    case = CASES[release, name]
    record = recording(release, name)
    server.answer(record.method, record.target, record.answer())
    if isinstance(case.result, type):
        with pytest.raises(case.result) as caught:
            await case.call(client)
        assert type(caught.value) is case.result
    else:
        assert await case.call(client) == case.result(record)
    assert [(asked.method, asked.target) for asked in server.asked] == [
        (record.method, record.target)
    ]
    if record.body is not None:
        assert server.asked[0].json() == record.body


def test_every_recording_is_accounted_for() -> None:
    """A new recording is read by a test or has its reason why not."""
    recorded = {(version, name) for version in VERSIONS for name in names(version)}
    assert CASES.keys() | ELSEWHERE.keys() == recorded
    assert not CASES.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("release", VERSIONS)
def test_recorded_counts_have_the_fields_of_the_model(release: str) -> None:
    """Nothing of Immich's counts is lost but `completed`, which is always 0."""
    [first, *_] = recording(release, "queues-idle").response
    known = {field.name for field in fields(QueueCounts)} - {"queue", "is_paused"}
    assert known == set(first["statistics"]) - {"completed"}
