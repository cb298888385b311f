"""What is known of Immich's queues. Unknown ones work too: they get the defaults.

The list of queues itself always comes from the server, never from here.
"""

from enum import StrEnum


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
