"""From httpx's exceptions to the errors of this package."""

from collections.abc import Iterator
import ssl

import httpx

from .errors import (
    CannotConnectError,
    CertificateError,
    ConnectionLostError,
    ImmichError,
    InvalidAddressError,
    NoReplyError,
    NotImmichError,
    TlsNotSpokenError,
    UnexpectedReplyError,
)

_PLAIN_HTTP_REASONS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}
"""What OpenSSL says when the other side answers a TLS handshake with text."""


def transport_error(error: httpx.HTTPError | httpx.InvalidURL) -> ImmichError:
    """Return the error for a request that ended without a whole reply.

    The message is built here and never taken from httpx where that could hold a
    header, and with it the key.
    """
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return InvalidAddressError("The address is malformed")
        case httpx.ConnectTimeout():
            return CannotConnectError("Nobody answers at the address")
        case httpx.TimeoutException():
            return NoReplyError("The server did not answer in time")
        case httpx.ConnectError():
            return _connect_error(error)
        case httpx.RemoteProtocolError():
            return _protocol_error(error)
        case httpx.NetworkError():
            return ConnectionLostError("The connection broke off")
        case httpx.DecodingError():
            return UnexpectedReplyError("The reply is compressed wrongly")
        case _:
            return CannotConnectError(f"The request failed: {type(error).__name__}")


def _connect_error(error: httpx.ConnectError) -> ImmichError:
    """Tell a wrong certificate or scheme from nobody being there."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateError(cause.verify_message)
        if isinstance(cause, ssl.SSLError):
            if cause.reason in _PLAIN_HTTP_REASONS:
                return TlsNotSpokenError("The server does not answer with TLS")
            if isinstance(cause, ssl.SSLEOFError):
                return ConnectionLostError("The server ended the TLS handshake")
            return CannotConnectError(f"TLS failed: {cause.reason}")
    return CannotConnectError(str(error) or "Nobody answers at the address")


def _protocol_error(error: httpx.RemoteProtocolError) -> ImmichError:
    """Tell a connection that was closed from one that does not speak HTTP."""
    words = str(error)
    if "disconnected" in words or "closed connection" in words:
        return ConnectionLostError("The server closed the connection")
    return NotImmichError("The server does not speak HTTP")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an exception was raised from, the nearest first."""
    seen: set[int] = set()
    cause = error.__cause__ or error.__context__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
