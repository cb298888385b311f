"""Which jobs are about an asset."""

from collections.abc import Mapping
import json

import pytest

from custom_components.immich_admin_tools.immich.queues import asset_ids, is_uuid

from .recordings import FOLDER

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"
OTHER = "6007f61a-27c7-4a65-b2ab-29f7ed23da78"


@pytest.mark.parametrize(
    "name",
    [
        "AssetGenerateThumbnails",
        "AssetEditThumbnailGeneration",
        "AssetExtractMetadata",
        "AssetEncodeVideo",
        "AssetDetectFaces",
        "SmartSearch",
        "Ocr",
        "AssetDetectDuplicates",
        "SidecarCheck",
        "SidecarWrite",
        "AssetFileMigration",
        "StorageTemplateMigrationSingle",
        "AssetDelete",
    ],
)
def test_id_is_an_asset(name: str) -> None:
    """Of these jobs."""
    assert asset_ids(name, {"id": ASSET.upper(), "source": "upload"}) == (ASSET,)


@pytest.mark.parametrize(
    "name",
    [
        "PersonGenerateThumbnail",
        "PersonFileMigration",
        "FacialRecognition",
        "UserDelete",
        "LibraryDelete",
        "LibrarySyncFiles",
        "NotifyAlbumUpdate",
        "SmartSearchQueueAll",
        "SomethingNew",
    ],
)
def test_id_is_no_asset(name: str) -> None:
    """Of these it is a person, a face, a user or a library."""
    assert asset_ids(name, {"id": ASSET}) == ()


def test_other_fields_that_hold_assets() -> None:
    """Two jobs have their assets elsewhere."""
    assert asset_ids("WorkflowAssetTrigger", {"id": OTHER, "assetId": ASSET}) == (
        ASSET,
    )
    data = {"libraryId": OTHER, "assetIds": [ASSET, OTHER]}
    assert asset_ids("LibrarySyncAssets", data) == (ASSET, OTHER)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"id": None},
        {"id": 7},
        {"id": "../../users/me"},
        {"id": ASSET + "\n"},
        {"id": [ASSET]},
        {"assetIds": ASSET},
        {"assetIds": {"0": ASSET}},
    ],
)
@pytest.mark.parametrize("name", ["Ocr", "LibrarySyncAssets", "WorkflowAssetTrigger"])
def test_odd_data(name: str, data: Mapping[str, object] | None) -> None:
    """Job data may hold anything; what is no UUID is no asset."""
    assert asset_ids(name, data) == ()


def test_good_ids_among_odd_ones() -> None:
    """One bad entry does not hide the others."""
    data = {"assetIds": [None, ASSET, 3, "x", OTHER]}
    assert asset_ids("LibrarySyncAssets", data) == (ASSET, OTHER)


def test_is_uuid() -> None:
    """The form counts, not the version in it."""
    assert is_uuid(ASSET)
    assert not is_uuid(None)
    assert not is_uuid(ASSET.replace("-", ""))


def test_recorded_jobs_of_assets_have_one() -> None:
    """Every asset job of a real server leads to its asset."""
    seen = 0
    for path in FOLDER.glob("immich-*/queue-jobs*.json"):
        response = json.loads(path.read_text("utf-8"))["response"]
        for job in response if isinstance(response, list) else ():
            if job["name"] in {"AssetGenerateThumbnails", "SmartSearch", "Ocr"}:
                assert asset_ids(job["name"], job["data"]) == (job["data"]["id"],)
                seen += 1
    assert seen > 100
