"""The one place where requests to Immich are made."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from .address import normalise_key, normalise_url
from .errors import (
    CannotConnectError,
    CertificateError,
    ConnectionLostError,
    ImmichError,
    InvalidApiKeyError,
    MaintenanceModeError,
    NoReplyError,
    NotImmichError,
    OnlyPlainHttpError,
    RedirectedError,
    ServerError,
    TlsNotSpokenError,
    UnexpectedReplyError,
    UnsupportedVersionError,
    WrongSchemeError,
)
from .failures import error_of, message_of, redirect_error
from .models import version_of
from .replies import JsonObject, Reply
from .transport import transport_error

TIMEOUT = 10.0
"""Seconds for a whole request. Without it a request hangs while Redis is down."""

_CONNECT_TIMEOUT = 5.0
_PROBE_TIMEOUT = 3.0
_MAX_SIZE = 32 * 1024 * 1024
"""Bytes of a reply; the largest real ones have about 1 MB."""

_NOT_ANSWERED = (
    CannotConnectError,
    InvalidApiKeyError,
    MaintenanceModeError,
    NotImmichError,
    ServerError,
    UnexpectedReplyError,
)
"""Errors after which Immich's API can't be said to answer. A refusal is an answer."""

type Parameters = Sequence[tuple[str, str]]

type HttpFactory = Callable[[], httpx.AsyncClient]
"""Makes a client that nobody else uses; it is closed after one request."""


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
    cookie: str | None = None
    """Sent in place of the API key."""
    tells_health: bool = True
    """Whether its failure says that Immich's API does not answer."""

    @property
    def repeatable(self) -> bool:
        """Return whether to ask once more when the connection was lost.

        Servers close idle connections after 2 to 5 s, at times just when they are
        used. What changes something is never sent twice: a lost reply says nothing
        about whether it was done.
        """
        return self.method == "GET"


class Requests:
    """Sends requests with the API key, and turns all that fails into errors."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        api_key: str,
        timeout: float = TIMEOUT,
        fresh_http: HttpFactory | None = None,
    ) -> None:
        """Use a client that others may share: nothing of it is changed.

        `fresh_http` makes the clients for what must not meet a kept connection that
        the server is just closing. Raises InvalidAddressError and InvalidApiKeyError.
        """
        self._http = http
        self._timeout = timeout
        self._fresh_http = fresh_http
        self.failure: ImmichError | None = None
        """Why the last request was not answered; None when it was."""
        self.listeners: set[Callable[[], None]] = set()
        """Told when Immich begins or ceases to answer."""
        self.url = normalise_url(url)
        self._api_key = normalise_key(api_key)

    async def send(
        self, request: Request, http: httpx.AsyncClient | None = None
    ) -> Reply:
        """Return the reply if its status is 200 to 299, or raise an ImmichError."""
        try:
            reply = await self._send(request, http or self._http)
        except ImmichError as error:
            if request.tells_health:
                self._note(error if isinstance(error, _NOT_ANSWERED) else None)
            raise
        self._note(None)
        return reply

    def _note(self, failure: ImmichError | None) -> None:
        """Keep whether Immich answers, and tell it when that changed."""
        changed = (failure is None) is not (self.failure is None)
        self.failure = failure
        if changed:
            for listener in tuple(self.listeners):
                listener()

    async def _send(self, request: Request, http: httpx.AsyncClient) -> Reply:
        """Return the reply if its status is 200 to 299."""
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
            error = redirect_error(url, headers.get("location", ""))
            if isinstance(error, RedirectedError) and error.drops_tls(url):
                raise await self._other_scheme_error(http) or error
            raise error
        if status == 404 and (message_of(content) or "").startswith("Cannot "):
            raise await self._missing_path()
        # Whatever stands between may repeat the request in its reply.
        raise error_of(status, content.replace(self._api_key.encode(), b"***"))

    async def _exchange(
        self, http: httpx.AsyncClient, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        """Send a request, once more if the connection was lost."""
        try:
            async with asyncio.timeout(request.timeout or self._timeout):
                if not request.repeatable:
                    return await self._attempt_afresh(http, request)
                try:
                    return await self._attempt(http, request)
                except ConnectionLostError:
                    return await self._attempt_afresh(http, request)
        except TimeoutError:
            raise NoReplyError("The server did not answer in time") from None
        except ConnectionLostError, TlsNotSpokenError:
            if (error := await self._other_scheme_error(http)) is not None:
                raise error from None
            raise

    async def _attempt_afresh(
        self, http: httpx.AsyncClient, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        """Send a request once, over a new connection where that can be had."""
        if self._fresh_http is None or http is not self._http:
            return await self._attempt(http, request)
        fresh = self._fresh_http()
        try:
            return await self._attempt(fresh, request)
        finally:
            await fresh.aclose()

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

    async def _other_scheme_error(self, http: httpx.AsyncClient) -> ImmichError | None:
        """Return the error that names the other scheme, if Immich answers by that one.

        Asked without the key, and only after the connection was lost.
        """
        other = self._other_scheme()
        is_tls = other.startswith("https:")
        try:
            async with (
                asyncio.timeout(_PROBE_TIMEOUT),
                http.stream(
                    "GET",
                    f"{other}/api/server/ping",
                    timeout=_PROBE_TIMEOUT,
                    follow_redirects=False,
                ) as response,
            ):
                reply = Reply(response.status_code, "", await _read(response))
                if not _is_pong(reply):
                    return None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Who shows a certificate speaks TLS, where http was tried in vain.
            if not (is_tls and isinstance(transport_error(error), CertificateError)):
                return None
        except TimeoutError, ImmichError:
            return None
        if is_tls:
            return WrongSchemeError("The server wants https://")
        return OnlyPlainHttpError("Immich answers by unencrypted http:// only")

    def _other_scheme(self) -> str:
        """Return the address with https for http, or the other way round."""
        scheme, _, rest = self.url.partition("://")
        return f"{'http' if scheme == 'https' else 'https'}://{rest}"


def _is_pong(reply: Reply) -> bool:
    """Return whether this is how Immich answers a ping."""
    return reply.status == 200 and reply.as_object().optional_text("res") == "pong"


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
