"""The server itself and the owner of the key."""

from collections.abc import Iterable

from .api import ImmichApi
from .errors import NotImmichError, UnexpectedReplyError, UnsupportedVersionError
from .models import MINIMUM_VERSION, About, ServerConfig, User, Version
from .permissions import Permission
from .readers import about_of, server_config_of, user_of, version_of
from .requests import Request


class ServerApi(ImmichApi):
    """Versions, state and access rights."""

    async def ping(self) -> None:
        """Raise NotImmichError unless Immich answers. Works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/ping"))
        try:
            answer = reply.as_object().optional_text("res")
        except UnexpectedReplyError:
            answer = None
        if answer != "pong":
            raise NotImmichError("Something else than Immich answers")

    async def version(self) -> Version:
        """Return Immich's version. Needs no key; works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/version"))
        return version_of(reply.as_object())

    async def check_version(self) -> Version:
        """Return the version, or raise UnsupportedVersionError for one before 2.4."""
        version = await self.version()
        if version < MINIMUM_VERSION:
            raise UnsupportedVersionError(str(version))
        return version

    async def about(self) -> About:
        """Return the versions of Immich's parts (`server.about`, about 90 ms)."""
        reply = await self._requests.send(Request("GET", "/server/about"))
        return about_of(reply.as_object())

    async def server_config(self) -> ServerConfig:
        """Return what anybody may know. Needs no key; works in maintenance mode."""
        reply = await self._requests.send(Request("GET", "/server/config"))
        return server_config_of(reply.as_object())

    async def me(self) -> User:
        """Return the owner of the API key (`user.read`)."""
        reply = await self._requests.send(Request("GET", "/users/me"))
        return user_of(reply.as_object())

    async def permissions(self, timeout: float | None = None) -> frozenset[str]:
        """Return the permissions of the key itself, perhaps just `all`."""
        request = Request("GET", "/api-keys/me", timeout=timeout)
        reply = await self._requests.send(request)
        return frozenset(reply.as_object().texts("permissions"))

    async def missing_permissions(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Return which of the wanted permissions the key lacks, in their order."""
        granted = await self.permissions()
        if Permission.ALL in granted:
            return ()
        return tuple(str(name) for name in wanted if name not in granted)
