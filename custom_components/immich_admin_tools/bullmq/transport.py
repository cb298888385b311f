"""The connections that redis-py opens for us. None of them blocks the event loop."""

import asyncio
import ssl
from typing import Any

import redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError

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
