"""A client for the Redis server that a user configured."""

from dataclasses import dataclass, field
import ssl
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.credentials import CredentialProvider, UsernamePasswordCredentialProvider

from .address import RedisAddress, split_user_info
from .keys import DEFAULT_PREFIX
from .sentinel import MasterPool, Sentinels
from .tls import build_context
from .translation import translate_errors
from .transport import (
    MasterConnection,
    MasterTlsConnection,
    TcpConnection,
    TlsConnection,
    UnixConnection,
    socket_options,
)

__all__ = ["RedisSettings", "build_ssl_context", "create_client", "translate_errors"]


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Everything that is needed to reach one Immich's Redis."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    prefix: str = DEFAULT_PREFIX
    verify_ssl: bool = True
    ca: str | None = None
    """PEM text, or path of a PEM file; None trusts what the system trusts."""


def build_ssl_context(settings: RedisSettings) -> ssl.SSLContext | None:
    """Return the SSL context, or None when the address is not encrypted.

    Reads certificates from disk: call it in an executor. Raises InvalidAddressError
    and CertificateError.
    """
    if not split_user_info(settings.url).is_tls:
        return None
    return build_context(settings.ca, verify=settings.verify_ssl)


def create_client(settings: RedisSettings, ssl_context: ssl.SSLContext | None) -> Redis:
    """Return a client that connects when it is first used.

    `ssl_context` is what `build_ssl_context` returned. Credentials in the URL are
    used when the settings have none. Close it with `aclose()`. Raises
    InvalidAddressError.
    """
    address = split_user_info(settings.url)
    if address.is_tls != (ssl_context is not None):
        raise ValueError("rediss:// needs an SSL context, other addresses none")
    credentials = _credentials(
        settings.username or address.username, settings.password or address.password
    )
    options = socket_options() | {"db": address.database}
    if credentials is not None:
        options["credential_provider"] = credentials
    if ssl_context is not None:
        options["shared_context"] = ssl_context
    return Redis.from_pool(_pool(address, credentials, options, ssl_context))


def _credentials(
    username: str | None, password: str | None
) -> CredentialProvider | None:
    """Return the credentials as an object, which unlike a text is never shown."""
    if not (username or password):
        return None
    return UsernamePasswordCredentialProvider(username, password)


def _pool(
    address: RedisAddress,
    credentials: CredentialProvider | None,
    options: dict[str, Any],
    ssl_context: ssl.SSLContext | None,
) -> ConnectionPool:
    if address.service is not None:
        return MasterPool(  # type: ignore[no-untyped-call]  # redis-py's
            address.service,
            Sentinels(address, credentials, ssl_context),
            connection_class=MasterTlsConnection if ssl_context else MasterConnection,
            **options,
        )
    if address.path is not None:
        return ConnectionPool(
            connection_class=UnixConnection, path=address.path, **options
        )
    host, port = address.hosts[0]
    return ConnectionPool(
        connection_class=TlsConnection if ssl_context else TcpConnection,
        host=host,
        port=port,
        **options,
    )
