"""For each recorded request the call that makes it, and what comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from custom_components.immich_admin_tools.immich import errors, models
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import JobStatus

from .recorded_results import (
    all_counts,
    asset,
    image,
    jobs,
    legacy_counts,
    nothing,
    one_counts,
    system_config,
    user,
    version,
)
from .recordings import Recording

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"
NO_ASSET = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Case:
    """A call that makes the recorded request, and what comes of it."""

    call: Callable[[ImmichClient], Awaitable[object]]
    result: Callable[[Recording], object] | type[errors.ImmichError]


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
