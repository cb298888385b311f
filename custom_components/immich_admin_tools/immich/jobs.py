"""Which assets a job works on, from its name and data."""

from collections.abc import Mapping
import re

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
