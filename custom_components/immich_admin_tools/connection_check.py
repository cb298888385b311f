"""Checks an address and its credentials before a config entry is made or changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.httpx_client import get_async_client

from .bullmq.access import Access, check_access, check_queues
from .bullmq.address import split_user_info
from .bullmq.connection import RedisSettings, build_ssl_context, create_client
from .bullmq.reader import QueueReader
from .data import AdminToolsConfigEntry
from .immich.client import ImmichClient
from .immich.errors import MissingPermissionError, NotAdminError
from .immich.models import QueueCounts, User, Version
from .immich.permissions import REQUIRED


@dataclass(frozen=True, slots=True)
class ImmichFound:
    """What answers at Immich's address."""

    version: Version
    user: User
    queues: tuple[QueueCounts, ...]


@dataclass(frozen=True, slots=True)
class RedisFound:
    """What answers at the address of Redis."""

    access: Access
    layouts_unknown: tuple[str, ...]
    """Queues that can only be watched: their BullMQ layout is not known."""


async def async_check_immich(
    hass: HomeAssistant, url: str, api_key: str, verify_ssl: bool
) -> ImmichFound:
    """Ask Immich who it is and whether the key may do all that is needed.

    Raises ImmichError.
    """
    client = ImmichClient(get_async_client(hass, verify_ssl), url, api_key)
    version = await client.check_version()
    if missing := await client.missing_permissions(REQUIRED):
        raise MissingPermissionError(missing)
    user = await client.me()
    if not user.is_admin:
        raise NotAdminError
    return ImmichFound(version, user, await client.queues())


async def async_check_redis(
    hass: HomeAssistant, settings: RedisSettings, queues: Mapping[str, QueueCounts]
) -> RedisFound:
    """Ask Redis for the queues that Immich named, and what its user may do.

    Raises BullMQError.
    """
    ssl_context = await hass.async_add_executor_job(build_ssl_context, settings)
    client = create_client(settings, ssl_context)
    try:
        access = await check_access(client, settings.prefix)
        access.require_read()
        reading = await QueueReader(client, settings.prefix).read(tuple(queues))
        check_queues(reading, settings.prefix)
    finally:
        await client.aclose()
    return RedisFound(
        access,
        tuple(name for name, read in reading.queues.items() if not read.writable),
    )


def reads_same_queues(
    entry: AdminToolsConfigEntry, settings: RedisSettings, found: RedisFound
) -> bool:
    """Return whether a loaded entry reads the queues that were found.

    A Redis is known by its run id: it may have many addresses.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    redis = entry.runtime_data.queues.redis
    return (
        redis is not None
        and redis.reading is not None
        and redis.reading.run_id == found.access.run_id
        and redis.settings.prefix == settings.prefix
        # Immich's REDIS_DBINDEX: the same names there are other queues.
        and split_user_info(redis.settings.url).database
        == split_user_info(settings.url).database
    )
