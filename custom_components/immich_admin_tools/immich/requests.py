"""The one place where requests to Immich are made."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from .address import normalise_key, normalise_url
from .errors import (
    CertificateError,
    ConnectionLostError,
    ImmichError,
    MaintenanceModeError,
    NoReplyError,
    NotImmichError,
    UnexpectedReplyError,
    UnsupportedVersionError,
    WrongSchemeError,
)
from .failures import error_of, message_of, redirect_error
from .readers import version_of
from .replies import JsonObject, Reply
from .transport import transport_error

TIMEOUT = 10.0
"""Seconds for a whole request. Without it a request hangs while Redis is down."""

_CONNECT_TIMEOUT = 5.0
_PROBE_TIMEOUT = 3.0
_MAX_SIZE = 32 * 1024 * 1024
"""Bytes of a reply; the largest real ones have about 1 MB."""

type Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a path below `/api`."""

    method: str
    path: str
    """Starts with a slash; values in it are already quoted."""
    params: Parameters = ()
    body: object = None
    """Sent as JSON; None sends no body."""
    timeout: float | None = None
    """Seconds for the whole request; None for what the client was made with."""
    repeatable: bool = True
    """Whether to ask once more when the server closed the connection.

    Servers close idle connections after 5 s, at times just when they are used.
    """
    cookie: str | None = None
    """Sent in place of the API key."""


class Requests:
    """Sends requests with the API key, and turns all that fails into errors."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, api_key: str, timeout: float = TIMEOUT
    ) -> None:
        """Use a client that others may share: nothing of it is changed.

        Raises InvalidAddressError and InvalidApiKeyError.
        """
        self._http = http
        self._timeout = timeout
        self.url = normalise_url(url)
        self._api_key = normalise_key(api_key)

    async def send(
        self, request: Request, http: httpx.AsyncClient | None = None
    ) -> Reply:
        """Return the reply if its status is 200 to 299, or raise an ImmichError."""
        http = http or self._http
        status, headers, content = await self._exchange(http, request)
        if 200 <= status < 300:
            return Reply(
                status,
                headers.get("content-type", "").partition(";")[0].strip().lower(),
                content,
                tuple(headers.get_list("set-cookie")),
            )
        if 300 <= status < 400:
            url = f"{self.url}/api{request.path}"
            raise redirect_error(url, headers.get("location", ""))
        if status == 404 and (message_of(content) or "").startswith("Cannot "):
            raise await self._missing_path()
        raise error_of(status, content)

    async def _exchange(
        self, http: httpx.AsyncClient, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        """Send a request, once more if the connection was lost."""
        try:
            async with asyncio.timeout(request.timeout or self._timeout):
                try:
                    return await self._attempt(http, request)
                except ConnectionLostError:
                    if not request.repeatable:
                        raise
                return await self._attempt(http, request)
        except TimeoutError as error:
            raise NoReplyError("The server did not answer in time") from error
        except ConnectionLostError:
            if await self._other_scheme_answers(http):
                other = self._other_scheme().partition("/")[0]
                raise WrongSchemeError(f"The server wants {other}//") from None
            raise

    async def _attempt(
        self, http: httpx.AsyncClient, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        """Send a request once and read the whole reply."""
        timeout = request.timeout or self._timeout
        headers = {"accept": "application/json, image/*"}
        if request.cookie is None:
            headers["x-api-key"] = self._api_key
        else:
            headers["cookie"] = request.cookie
        try:
            async with http.stream(
                request.method,
                f"{self.url}/api{request.path}",
                params=list(request.params) or None,
                json=request.body,
                headers=headers,
                timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
                follow_redirects=False,
            ) as response:
                return response.status_code, response.headers, await _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Without the cause: its request holds the key.
            raise transport_error(error) from None

    async def _missing_path(self) -> ImmichError:
        """Say why Immich does not know a path that this project needs."""
        try:
            config = await self._fields("/server/config")
            if config.optional_flag("maintenanceMode"):
                return MaintenanceModeError("Immich is in maintenance mode")
            version = version_of(await self._fields("/server/version"))
        except UnexpectedReplyError:
            return NotImmichError("The server does not know Immich's paths")
        return UnsupportedVersionError(str(version))

    async def _fields(self, path: str) -> JsonObject:
        """Return the fields of a reply, whatever its status."""
        status, _, content = await self._exchange(self._http, Request("GET", path))
        return Reply(status, "", content).as_object()

    async def _other_scheme_answers(self, http: httpx.AsyncClient) -> bool:
        """Return whether the server speaks https where http was used, or vice versa.

        Asked without the key, and only after the connection was lost.
        """
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT):
                async with http.stream(
                    "GET",
                    f"{self._other_scheme()}/api/server/ping",
                    timeout=_PROBE_TIMEOUT,
                    follow_redirects=False,
                ):
                    return True
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return isinstance(transport_error(error), CertificateError)
        except TimeoutError:
            return False

    def _other_scheme(self) -> str:
        """Return the address with https for http, or the other way round."""
        scheme, _, rest = self.url.partition("://")
        return f"{'http' if scheme == 'https' else 'https'}://{rest}"


async def _read(response: httpx.Response) -> bytes:
    """Return the body, if it is not absurdly large."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _MAX_SIZE:
            raise UnexpectedReplyError("The reply is too large")
        parts.append(part)
    return b"".join(parts)
