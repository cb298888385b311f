"""The pictures of photos that events were about, for the apps and the dashboard.

They fetch them with the login to Home Assistant; Immich's API key stays here.
"""

from http import HTTPStatus

from aiohttp import web
from homeassistant.components.http import KEY_HASS_USER, HomeAssistantView
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import DOMAIN, THUMBNAIL_URL
from .data import AdminToolsConfigEntry
from .immich.errors import ImmichError, RequestRefusedError
from .permissions import async_may_read

CACHE_FOR = 3600
"""Seconds: the picture of an asset hardly ever changes."""


class ThumbnailView(HomeAssistantView):
    """Serves pictures of assets that were seen in a stuck job, and of no others."""

    url = THUMBNAIL_URL
    name = f"api:{DOMAIN}:thumbnail"

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(
        self, request: web.Request, entry_id: str, asset_id: str
    ) -> web.Response:
        """Fetch the picture from Immich."""
        entry: AdminToolsConfigEntry | None = self._hass.config_entries.async_get_entry(
            entry_id
        )
        if (
            entry is None
            or entry.domain != DOMAIN
            or entry.state is not ConfigEntryState.LOADED
            or not async_may_read(self._hass, request[KEY_HASS_USER], entry)
            or not entry.runtime_data.history.has_shown(asset_id)
        ):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            image = await entry.runtime_data.client.thumbnail(asset_id)
        except RequestRefusedError:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        except ImmichError:
            return web.Response(status=HTTPStatus.BAD_GATEWAY)
        return web.Response(
            body=image.content,
            content_type=image.content_type,
            headers={"Cache-Control": f"private, max-age={CACHE_FOR}"},
        )
