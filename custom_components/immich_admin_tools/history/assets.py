"""What photo or video a job is about, as far as Immich's API tells."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import logging

from ..immich.errors import ImmichError, RequestRefusedError
from ..immich.models import Asset

_LOGGER = logging.getLogger(__name__)

MOST = 1_000
"""Assets that are remembered; the one looked up longest ago is forgotten first."""

PATIENCE = 60_000
"""ms until Immich is asked again after it failed."""


class AssetCache:
    """Remembers assets, so that each is asked for once.

    An asset that Immich does not show (deleted, or another user's) is remembered as
    such. While Immich fails, nothing is remembered, and it is asked again in a minute.
    """

    def __init__(
        self, fetch: Callable[[str], Awaitable[Asset]], now: Callable[[], int]
    ) -> None:
        """`fetch` asks Immich and raises ImmichError; `now` is ms since the epoch."""
        self._fetch = fetch
        self._now = now
        self._not_before = 0
        self._known: dict[str, Asset | None] = {}
        self._lock = asyncio.Lock()

    def get(self, asset_id: str) -> Asset | None:
        """Return an asset that was looked up, None for all others."""
        return self._known.get(asset_id)

    def __contains__(self, asset_id: object) -> bool:
        """Return whether Immich showed this asset."""
        return isinstance(asset_id, str) and self._known.get(asset_id) is not None

    def missing(self, asset_ids: Iterable[str]) -> bool:
        """Return whether some of the assets are to be looked up now."""
        return self._now() >= self._not_before and any(
            asset_id not in self._known for asset_id in asset_ids
        )

    async def look_up(self, asset_ids: Iterable[str]) -> bool:
        """Ask for those that are not known yet; return whether there was news."""
        news = False
        async with self._lock:
            for asset_id in dict.fromkeys(asset_ids):
                if not self.missing((asset_id,)):
                    continue
                try:
                    asset = await self._fetch(asset_id)
                except RequestRefusedError:
                    self._remember(asset_id, None)
                except ImmichError as err:
                    _LOGGER.debug("No assets can be looked up now: %s", err)
                    self._not_before = self._now() + PATIENCE
                else:
                    self._remember(asset_id, asset)
                    news = True
        return news

    def _remember(self, asset_id: str, asset: Asset | None) -> None:
        self._known[asset_id] = asset
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
