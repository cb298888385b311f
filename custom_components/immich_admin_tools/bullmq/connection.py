"""A client for the Redis server that a user configured."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
import ssl
from typing import Any

import certifi
import redis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider, UsernamePasswordCredentialProvider
from redis.driver_info import DriverInfo
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError

from .address import RedisAddress, split_user_info
from .errors import RedisCertificateError
from .keys import DEFAULT_PREFIX
from .translation import translate_errors

_PEM_MARK = "-----BEGIN"


def build_context(ca: str | None, *, verify: bool) -> ssl.SSLContext:
    """Return the context for a client. Blocks: run it in an executor.

    `ca` is a PEM text or the path of a PEM file; with one, nothing else is trusted.
    Raises CertificateError when it can't be used.
    """
    if not verify:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not ca:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=certifi.where())
        return context
    try:
        context = ssl.create_default_context(cadata=_pem(ca))
    except ssl.SSLError:
        raise RedisCertificateError("The CA is not a certificate in PEM form") from None
    # Python insists on extensions that home-made authorities often lack. Whoever
    # names a CA trusts it, whatever its extensions say.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _pem(ca: str) -> str:
    if _PEM_MARK in ca:
        text = ca
    else:
        try:
            text = Path(ca.strip()).read_text(encoding="ascii", errors="replace")
        except OSError, ValueError:
            raise RedisCertificateError("The file of the CA can't be read") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise RedisCertificateError("The CA is not a certificate in PEM form")
    # Comments around the blocks may hold anything; OpenSSL takes ASCII only.
    return text.encode("ascii", "replace").decode("ascii")


SOCKET_TIMEOUT = 5.0
"""Seconds for a connection to be made, and for one reply."""

HEALTH_CHECK_INTERVAL = 30
"""Seconds without traffic after which a connection is tried by a PING first."""

_CONNECT_RETRIES = (0.1, 0.4)
"""Seconds to wait before connecting again: a server that restarts refuses for a
moment."""


def socket_options() -> dict[str, Any]:
    """Return the options that all connections share.

    A command is never sent twice: a lost reply says nothing about whether a script
    has run. Only connecting is retried (`_Reconnecting`), so redis-py's own retry is
    off.
    """
    return {
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": SOCKET_TIMEOUT,
        "health_check_interval": HEALTH_CHECK_INTERVAL,
        "retry": Retry(NoBackoff(), 0),
        # Nothing of it is sent: a user with few rights may not, and each connection
        # would leave two refusals in the server's log. Left out, redis-py reads its
        # version from the package's metadata, which blocks.
        "driver_info": DriverInfo(name="", lib_version=""),
        # The older protocol: the same replies from all servers and all releases
        # of redis-py, and no HELLO to be allowed.
        "protocol": 2,
    }


class _Reconnecting(AbstractConnection):
    """Mixin that tries to connect a few times."""

    async def connect(self) -> None:
        """Connect, waiting a little when the server refuses."""
        for delay in _CONNECT_RETRIES:
            try:
                await self._connect_once()
            except redis.ConnectionError as error:
                if _is_final(error):
                    raise
                await asyncio.sleep(delay)
            else:
                return
        await self._connect_once()

    async def _connect_once(self) -> None:
        await super().connect()  # type: ignore[no-untyped-call]  # redis-py's

    async def check_health(self) -> None:
        """Try the connection by a PING when it was idle, and make it anew."""
        try:
            await super().check_health()  # type: ignore[no-untyped-call]  # redis-py's
        except NoPermissionError:
            # Somebody answers: this is not the place to tell about missing rights.
            return
        except redis.ConnectionError, redis.TimeoutError:
            await self.connect_check_health(check_health=False)


def _is_final(error: redis.ConnectionError) -> bool:
    """Return whether connecting again would end the same way."""
    return isinstance(error, AuthenticationError | AuthorizationError) or isinstance(
        error.__context__, ssl.SSLError
    )


class _SharedContext(SSLConnection):
    """Mixin that takes an SSL context instead of building one per connection."""

    def __init__(self, *, shared_context: ssl.SSLContext, **kwargs: Any) -> None:
        """Hand the context to redis-py, which then has nothing to load."""
        super().__init__(**kwargs)
        self.ssl_context.context = shared_context


class TcpConnection(_Reconnecting, Connection):
    """Plain connection."""


class TlsConnection(_Reconnecting, _SharedContext):
    """Encrypted connection."""


class UnixConnection(_Reconnecting, UnixDomainSocketConnection):
    """Connection to a socket on the same machine."""


class MasterConnection(_Reconnecting, SentinelManagedConnection):
    """Plain connection to the server that Sentinel names."""


class MasterTlsConnection(_Reconnecting, _SharedContext, SentinelManagedSSLConnection):
    """Encrypted connection to the server that Sentinel names."""


SENTINEL_TIMEOUT = 2.0
"""Seconds for one sentinel: the others have to be asked within the same poll."""


class Sentinels(Sentinel):
    """The sentinels of an address, asked in turn for the master.

    Most sentinels have no password even where the servers have one, and refuse one
    that they did not ask for. So credentials are sent only to those that want them.
    """

    def __init__(
        self,
        address: RedisAddress,
        credentials: CredentialProvider | None,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        """Prepare a client for each sentinel; connects to none."""
        super().__init__([])  # type: ignore[no-untyped-call]  # redis-py's
        options = socket_options() | {
            "socket_timeout": SENTINEL_TIMEOUT,
            "socket_connect_timeout": SENTINEL_TIMEOUT,
        }
        if ssl_context is None:
            options["connection_class"] = TcpConnection
        else:
            options |= {
                "connection_class": TlsConnection,
                "shared_context": ssl_context,
            }
        self.sentinels = [
            Redis.from_pool(ConnectionPool(host=host, port=port, **options))
            for host, port in address.hosts
        ]
        self._credentials = credentials

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return host and port of the master that is up."""
        failure: redis.RedisError | None = None
        for position, sentinel in enumerate(self.sentinels):
            try:
                masters = await self._masters(sentinel)
            except (redis.ConnectionError, redis.TimeoutError) as error:
                failure = failure or error
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                # Ask the one that knows first the next time.
                self.sentinels.insert(0, self.sentinels.pop(position))
                return state["ip"], state["port"]
        if isinstance(failure, AuthenticationError):
            raise failure
        raise MasterNotFoundError(
            f"No sentinel knows a master that is up for {service_name}"
        ) from failure

    async def _masters(self, sentinel: Redis) -> Mapping[str, Any]:
        try:
            return await _ask_masters(sentinel)
        except AuthenticationError:
            pool = sentinel.connection_pool
            known = "credential_provider" in pool.connection_kwargs
            if known or self._credentials is None:
                raise
        pool.connection_kwargs["credential_provider"] = self._credentials
        await pool.disconnect()
        # Connections made before have no credentials.
        pool.reset()  # type: ignore[no-untyped-call]  # redis-py's
        return await _ask_masters(sentinel)

    async def disconnect(self) -> None:
        """Close the connections to all sentinels."""
        for sentinel in self.sentinels:
            await sentinel.connection_pool.disconnect()


async def _ask_masters(sentinel: Redis) -> Mapping[str, Any]:
    """Return the state of each master that one sentinel watches, by service."""
    masters = await sentinel.sentinel_masters()
    return masters if isinstance(masters, dict) else {}


class MasterPool(SentinelConnectionPool):
    """Connections to the master; closing them closes those to the sentinels too."""

    sentinel_manager: Sentinels

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections; only the idle ones when the master has changed."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.disconnect()


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
