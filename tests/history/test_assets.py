"""What is remembered of photos, and how often Immich is asked."""

from dataclasses import dataclass, field

import pytest

from custom_components.immich_admin_tools.history import assets
from custom_components.immich_admin_tools.history.assets import PATIENCE, AssetCache
from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    ImmichError,
    UnknownAssetError,
)
from custom_components.immich_admin_tools.immich.models import Asset
from tests.support.views import NOW


@dataclass(slots=True)
class Library:
    """An Immich that knows some photos."""

    known: set[str]
    error: ImmichError | None = None
    asked: list[str] = field(default_factory=list)
    now: int = NOW

    async def asset(self, asset_id: str) -> Asset:
        """Return a photo."""
        self.asked.append(asset_id)
        if self.error is not None:
            raise self.error
        if asset_id not in self.known:
            raise UnknownAssetError("no access")
        return Asset(asset_id, f"{asset_id}.jpg", f"/data/{asset_id}.jpg", "IMAGE", 7)

    def book(self) -> AssetCache:
        """Return an empty book."""
        return AssetCache(self.asset, lambda: self.now)


async def test_each_is_asked_for_once() -> None:
    """Also one that Immich does not show."""
    library = Library({"a"})
    book = library.book()
    assert book.missing(["a"])
    assert await book.look_up(["a", "gone", "a"])
    assert not await book.look_up(["a", "gone"])
    assert library.asked == ["a", "gone"]
    assert not book.missing(["a", "gone"])
    asset = book.get("a")
    assert asset is not None
    assert asset.path == "/data/a.jpg"
    assert book.get("gone") is None
    assert "a" in book
    assert "gone" not in book
    assert None not in book


async def test_while_immich_fails_it_is_left_in_peace() -> None:
    """One question a minute, and nothing is remembered."""
    library = Library({"a", "b"}, CannotConnectError("Nobody answers"))
    book = library.book()
    assert not await book.look_up(["a", "b"])
    assert not await book.look_up(["a"])
    assert not book.missing(["a"])
    assert library.asked == ["a"]
    library.error = None
    library.now += PATIENCE
    assert await book.look_up(["a", "b"])
    assert "b" in book


async def test_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one looked up longest ago goes first."""
    monkeypatch.setattr(assets, "MOST", 2)
    library = Library({"a", "b", "c"})
    book = library.book()
    await book.look_up(["a", "b", "c"])
    assert [asset_id in book for asset_id in "abc"] == [False, True, True]
