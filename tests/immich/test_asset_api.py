"""Assets and their pictures."""

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient

from .http_server import Answer, HttpServer, json_answer

ASSET = "fa1ce28a-f37f-40e4-bef2-2edb31513834"
THUMBNAIL = f"/api/assets/{ASSET}/thumbnail?size=thumbnail"


@pytest.mark.parametrize(
    "asset_id", ["", "7", "../users/me", ASSET + "/x", ASSET + "?"]
)
async def test_what_is_no_asset(
    asset_id: str, server: HttpServer, client: ImmichClient
) -> None:
    """Nothing is asked for an id that can't be one."""
    with pytest.raises(errors.UnknownAssetError):
        await client.asset(asset_id)
    with pytest.raises(errors.UnknownAssetError):
        await client.thumbnail(asset_id)
    assert not server.asked


async def test_thumbnail(server: HttpServer, client: ImmichClient) -> None:
    """Its bytes and type; parameters of the type are dropped."""
    server.answer("GET", THUMBNAIL, Answer(200, b"\xff\xd8", "Image/JPEG; q=1"))
    image = await client.thumbnail(ASSET)
    assert (image.content, image.content_type) == (b"\xff\xd8", "image/jpeg")
    assert "xff" not in repr(image), "a log line is no place for a picture"


async def test_thumbnail_that_is_not_made_yet(
    server: HttpServer, client: ImmichClient
) -> None:
    """Immich's 404 is neither maintenance mode nor an old version."""
    server.answer(
        "GET", THUMBNAIL, json_answer({"message": "Asset media not found"}, 404)
    )
    with pytest.raises(errors.UnknownAssetError):
        await client.thumbnail(ASSET)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>", "text/html"),
        Answer(200, b"<svg onload='alert(1)'/>", "image/svg+xml"),
        Answer(200, b"", "image/jpeg"),
    ],
)
async def test_thumbnail_that_is_no_picture(
    answer: Answer, server: HttpServer, client: ImmichClient
) -> None:
    """It is shown in browsers, so only plain pictures are passed on."""
    server.answer("GET", THUMBNAIL, answer)
    with pytest.raises(errors.UnexpectedReplyError):
        await client.thumbnail(ASSET)
