"""Finding the master of a service through Sentinel."""

from collections.abc import Mapping
import ssl
from typing import Any

import redis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from .address import RedisAddress
from .transport import TcpConnection, TlsConnection, socket_options

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
