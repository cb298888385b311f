"""Maintenance mode: a restart of Immich from the outside.

Each step has its own HTTP client, as one shared with others would keep the cookie
and send it along for ever.
"""

from .api import ImmichApi
from .errors import (
    InvalidApiKeyError,
    MaintenanceModeError,
    MaintenanceTokenError,
    UnexpectedReplyError,
)
from .models import MaintenanceCookie, MaintenanceStatus
from .readers import maintenance_status_of, server_config_of
from .replies import Reply
from .requests import HttpFactory, Request

_COOKIE = "immich_maintenance_token"
_PATH = "/admin/maintenance"


class MaintenanceApi(ImmichApi):
    """Starts and ends maintenance mode. Each restarts the API and the workers."""

    async def maintenance_status(self) -> MaintenanceStatus:
        """Return the state of maintenance mode (Immich 2.5 or newer)."""
        reply = await self._requests.send(Request("GET", f"{_PATH}/status"))
        return maintenance_status_of(reply.as_object())

    async def in_maintenance(self) -> bool:
        """Return whether Immich is in maintenance mode. Needs no key."""
        reply = await self._requests.send(Request("GET", "/server/config"))
        return server_config_of(reply.as_object()).in_maintenance

    async def start_maintenance(self, http_factory: HttpFactory) -> MaintenanceCookie:
        """Begin maintenance mode and return what ends it (`maintenance`).

        Store the cookie before anything else: without it only the server's own
        shell, or the link in its log, gets out of maintenance mode again. Raises
        MaintenanceModeError when it has begun already.
        """
        request = Request("POST", _PATH, body={"action": "start"})
        try:
            reply = await self._send_alone(request, http_factory)
        except MaintenanceTokenError as error:
            raise MaintenanceModeError("Immich is in maintenance mode") from error
        return _cookie_of(reply)

    async def end_maintenance(
        self, cookie: MaintenanceCookie, http_factory: HttpFactory
    ) -> None:
        """End maintenance mode. Does nothing when it has ended already.

        Raises MaintenanceTokenError when Immich does not accept the cookie.
        Immich stops answering for about 4 s afterwards.
        """
        if not all("!" <= character <= "~" for character in cookie.value):
            raise MaintenanceTokenError("The cookie holds odd characters")
        if not await self.in_maintenance():
            return
        request = Request(
            "POST",
            _PATH,
            body={"action": "end"},
            cookie=f"{_COOKIE}={cookie.value}",
        )
        try:
            await self._send_alone(request, http_factory)
        except InvalidApiKeyError as error:
            # The answer out of maintenance mode: someone else may have ended it.
            if await self.in_maintenance():
                raise MaintenanceTokenError(str(error)) from error

    async def _send_alone(self, request: Request, http_factory: HttpFactory) -> Reply:
        """Send a request with a client of its own."""
        http = http_factory()
        try:
            return await self._requests.send(request, http)
        finally:
            await http.aclose()


def _cookie_of(reply: Reply) -> MaintenanceCookie:
    """Return the cookie that a reply sets.

    Its attributes are not looked at: one that is unknown must not lose the cookie.
    """
    for header in reply.set_cookies:
        name, _, value = header.partition(";")[0].partition("=")
        if name.strip() == _COOKIE and value.strip():
            return MaintenanceCookie(value.strip())
    raise UnexpectedReplyError("Maintenance mode began without a way to end it")
