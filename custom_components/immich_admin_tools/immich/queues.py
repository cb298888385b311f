"""What is known of Immich's queues. Unknown ones work too: they get the defaults.

The list of queues itself always comes from the server, never from here.
"""

from collections.abc import Mapping
from enum import StrEnum
import re


class QueueName(StrEnum):
    """Queues of Immich 3.1.0, by Immich's own names."""

    THUMBNAIL_GENERATION = "thumbnailGeneration"
    METADATA_EXTRACTION = "metadataExtraction"
    VIDEO_CONVERSION = "videoConversion"
    FACE_DETECTION = "faceDetection"
    FACIAL_RECOGNITION = "facialRecognition"
    SMART_SEARCH = "smartSearch"
    DUPLICATE_DETECTION = "duplicateDetection"
    BACKGROUND_TASK = "backgroundTask"
    STORAGE_TEMPLATE_MIGRATION = "storageTemplateMigration"
    MIGRATION = "migration"
    SEARCH = "search"
    SIDECAR = "sidecar"
    LIBRARY = "library"
    NOTIFICATIONS = "notifications"
    BACKUP_DATABASE = "backupDatabase"
    OCR = "ocr"
    WORKFLOW = "workflow"
    INTEGRITY_CHECK = "integrityCheck"
    EDITOR = "editor"


PIPELINE: frozenset[str] = frozenset(
    {
        QueueName.THUMBNAIL_GENERATION,
        QueueName.METADATA_EXTRACTION,
        QueueName.VIDEO_CONVERSION,
        QueueName.FACE_DETECTION,
        QueueName.FACIAL_RECOGNITION,
        QueueName.SMART_SEARCH,
        QueueName.OCR,
        QueueName.DUPLICATE_DETECTION,
        QueueName.LIBRARY,
        QueueName.SIDECAR,
    }
)
"""Queues that a photo goes through: most of their entities are on by default."""

MACHINE_LEARNING: frozenset[str] = frozenset(
    {QueueName.SMART_SEARCH, QueueName.FACE_DETECTION, QueueName.OCR}
)
"""Queues whose jobs Immich sends to its machine learning service."""

STARTABLE: frozenset[str] = frozenset(
    {
        *PIPELINE,
        QueueName.STORAGE_TEMPLATE_MIGRATION,
        QueueName.MIGRATION,
        QueueName.BACKUP_DATABASE,
    }
)
"""Queues that Immich can be told to look for work for."""

RESUMED_AT_START: frozenset[str] = frozenset({QueueName.METADATA_EXTRACTION})
"""Queues that Immich lets go on whenever its workers start, even if paused before."""

DEFAULT_STUCK_THRESHOLD = 300
"""Seconds that a job may run before it is called stuck."""

_STUCK_THRESHOLDS: dict[str, int] = {
    QueueName.VIDEO_CONVERSION: 1800,
    QueueName.THUMBNAIL_GENERATION: 120,
    QueueName.METADATA_EXTRACTION: 180,
    QueueName.BACKUP_DATABASE: 6 * 3600,
}


def default_stuck_threshold(queue: str) -> int:
    """Return the seconds after which a job of this queue is called stuck."""
    return _STUCK_THRESHOLDS.get(queue, DEFAULT_STUCK_THRESHOLD)


_JOB_THRESHOLDS: dict[str, int] = {
    # At 03:00, for up to an hour by Immich's own limit.
    "IntegrityChecksumFiles": 2 * 3600,
    "IntegrityChecksumFilesRefresh": 2 * 3600,
    # As long as the library is big: nobody knows how long.
    "IntegrityMissingFilesQueueAll": 0,
    "IntegrityUntrackedFilesQueueAll": 0,
    "LibraryDelete": 0,
    "LibraryScanAssetsQueueAll": 0,
    "LibraryScanQueueAll": 0,
    "LibrarySyncFilesQueueAll": 0,
    "StorageTemplateMigration": 0,
}

_HUNG_NOT_BEFORE: dict[str, int] = {
    # Takes as long as the film: 90 minutes among clips of seconds are no hang.
    "AssetEncodeVideo": 6 * 3600,
}


def default_job_threshold(name: str) -> int | None:
    """Return the seconds that Immich itself means a job to run.

    0: it may run for any time. None: it is like others of its queue.
    """
    return _JOB_THRESHOLDS.get(name)


def hung_not_before(name: str | None) -> int:
    """Return the seconds before which a job is never hung, only long."""
    return 0 if name is None else _HUNG_NOT_BEFORE.get(name, 0)


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_DATA_ID_IS_ASSET: frozenset[str] = frozenset(
    {
        "AssetDelete",
        "AssetDetectDuplicates",
        "AssetDetectFaces",
        "AssetEditThumbnailGeneration",
        "AssetEncodeVideo",
        "AssetExtractMetadata",
        "AssetFileMigration",
        "AssetGenerateThumbnails",
        "Ocr",
        "SidecarCheck",
        "SidecarWrite",
        "SmartSearch",
        "StorageTemplateMigrationSingle",
    }
)
"""Jobs whose `data.id` is an asset. With other jobs it is a person, a face, a user."""


def is_uuid(value: object) -> bool:
    """Return whether a value has the form of the ids that Immich gives out."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def asset_ids(job_name: str, data: Mapping[str, object] | None) -> tuple[str, ...]:
    """Return the assets of a job in lower case, none for jobs without an asset.

    What is not a UUID is left out, as job data may hold anything.
    """
    candidates: object = None
    if data is None:
        return ()
    if job_name in _DATA_ID_IS_ASSET:
        candidates = [data.get("id")]
    elif job_name == "WorkflowAssetTrigger":
        candidates = [data.get("assetId")]
    elif job_name == "LibrarySyncAssets":
        candidates = data.get("assetIds")
    if not isinstance(candidates, list):
        return ()
    return tuple(
        candidate.lower()
        for candidate in candidates
        if isinstance(candidate, str) and is_uuid(candidate)
    )
