"""Photos and videos."""

from .api import ImmichApi, path_segment
from .errors import UnexpectedReplyError, UnknownAssetError
from .jobs import is_uuid
from .models import Asset, Image, ThumbnailSize
from .readers import asset_of
from .requests import Request

_THUMBNAIL_TIMEOUT = 20.0
_IMAGE_TYPES = frozenset(
    {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
)
"""Passed on to browsers, so nothing in it that could hold a script, such as SVG."""


class AssetApi(ImmichApi):
    """What a job works on. Unknown and foreign assets are UnknownAssetErrors."""

    async def asset(self, asset_id: str) -> Asset:
        """Return one asset (`asset.read`). Admins see their own assets only."""
        reply = await self._requests.send(Request("GET", _path(asset_id)))
        return asset_of(reply.as_object())

    async def thumbnail(
        self, asset_id: str, size: ThumbnailSize = ThumbnailSize.THUMBNAIL
    ) -> Image:
        """Return the picture of an asset (`asset.view`)."""
        reply = await self._requests.send(
            Request(
                "GET",
                f"{_path(asset_id)}/thumbnail",
                params=[("size", size)],
                timeout=_THUMBNAIL_TIMEOUT,
            )
        )
        if reply.content_type not in _IMAGE_TYPES or not reply.content:
            raise UnexpectedReplyError("The thumbnail is not an image")
        return Image(reply.content, reply.content_type)


def _path(asset_id: str) -> str:
    """Return the path of an asset."""
    if not is_uuid(asset_id):
        raise UnknownAssetError("The id of an asset is a UUID")
    return f"/assets/{path_segment(asset_id)}"
