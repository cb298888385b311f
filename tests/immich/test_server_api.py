"""The server itself and the owner of the key."""

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import Version
from custom_components.immich_admin_tools.immich.permissions import (
    OPTIONAL,
    REQUIRED,
    Permission,
)

from .http_server import Answer, HttpServer, json_answer


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"res": "ping"}),
        json_answer(["pong"]),
        Answer(body=b"<html>Welcome</html>", content_type="text/html"),
        Answer(404, b"404: Not Found", "text/plain"),
    ],
)
async def test_ping_of_something_else(
    answer: Answer, server: HttpServer, client: ImmichClient
) -> None:
    """Another web server answers too, but not with pong."""
    server.answer("GET", "/api/server/ping", answer)
    with pytest.raises(errors.NotImmichError):
        await client.ping()


@pytest.mark.parametrize(
    ("version", "accepted"),
    [((2, 3, 9), False), ((2, 4, 0), True), ((3, 0, 0), True), ((1, 142, 0), False)],
)
async def test_check_version(
    version: tuple[int, int, int],
    accepted: bool,
    server: HttpServer,
    client: ImmichClient,
) -> None:
    """2.4 is the first version with what is needed."""
    fields = dict(zip(("major", "minor", "patch"), version, strict=True))
    server.answer("GET", "/api/server/version", json_answer(fields))
    assert await client.version() == Version(*version)
    if accepted:
        assert await client.check_version() == Version(*version)
        return
    with pytest.raises(errors.UnsupportedVersionError) as caught:
        await client.check_version()
    assert caught.value.version == ".".join(map(str, version))


async def test_missing_permissions(server: HttpServer, client: ImmichClient) -> None:
    """They are named in the order of what is wanted."""
    granted = [name for name in REQUIRED if name != "queue.update"]
    granted.remove("asset.view")
    server.answer("GET", "/api/api-keys/me", json_answer({"permissions": granted}))
    assert await client.permissions() == frozenset(granted)
    missing = await client.missing_permissions(REQUIRED)
    assert missing == ("queue.update", "asset.view")
    assert await client.missing_permissions(OPTIONAL) == tuple(OPTIONAL)
    assert await client.missing_permissions(()) == ()


async def test_key_with_all_permissions(
    server: HttpServer, client: ImmichClient
) -> None:
    """`all` stands for every other."""
    server.answer("GET", "/api/api-keys/me", json_answer({"permissions": ["all"]}))
    assert await client.missing_permissions([*REQUIRED, *OPTIONAL]) == ()


def test_each_permission_has_its_use() -> None:
    """Nothing is asked for without a reason, nothing used without being named."""
    assert not REQUIRED.keys() & OPTIONAL.keys()
    assert REQUIRED.keys() | OPTIONAL.keys() == set(Permission) - {Permission.ALL}
