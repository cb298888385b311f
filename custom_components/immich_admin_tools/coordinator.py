"""What keeps the picture of Immich up to date: a fast look at the queues, a slow one at the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, time
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .analysis.analyst import Analyst
from .analysis.models import ServerView
from .const import DOMAIN, LOGGER, POLLS_BEFORE_REMOVAL, SERVER_INTERVAL
from .entry_activity import EntryActivity
from .entry_gpu import EntryGpuHosts
from .entry_healing import EntryHealing
from .entry_restart import EntryRestart
from .entry_telemetry import EntryTelemetry
from .errors import message_of
from .healing.lease_keeper import LeaseKeeper
from .immich.client import ImmichClient
from .immich.errors import ImmichError, InvalidApiKeyError, MissingPermissionError
from .immich.models import ListedJob, QueueCounts, User, Version
from .immich.permissions import Permission
from .redis_source import RedisSource
from .settings import poll_interval_of, thresholds_of
from .skipped_jobs import EntrySkippedJobs
from .stores import EntryStores


@dataclass(kw_only=True)
class RuntimeData:
    """What lives as long as a loaded config entry."""

    client: ImmichClient
    server: ServerCoordinator
    queues: QueueCoordinator
    stores: EntryStores
    leases: LeaseKeeper
    activity: EntryActivity
    healing: EntryHealing | None
    """None without Redis."""
    restart: EntryRestart
    telemetry: EntryTelemetry
    gpu_hosts: EntryGpuHosts
    skipped_jobs: EntrySkippedJobs
    server_device_id: str
    """Registry id of the server, the parent of the queues."""
    set_up_with: tuple[object, ...]


type AdminToolsConfigEntry = ConfigEntry[RuntimeData]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What Immich says of itself."""

    version: Version
    user: User
    permissions: frozenset[str]
    queues: tuple[str, ...]
    """Names in Immich's own order."""
    concurrency: Mapping[str, int] | None
    """Per queue that has one; None when the key may not read the settings."""

    def may(self, permission: Permission) -> bool:
        """Return whether the API key has a permission."""
        return not {permission, Permission.ALL}.isdisjoint(self.permissions)


class ServerCoordinator(DataUpdateCoordinator[ServerStatus]):
    """Asks Immich which queues there are, and for its version and settings."""

    config_entry: AdminToolsConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: AdminToolsConfigEntry, client: ImmichClient
    ) -> None:
        """Set the slow pace."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} server",
            update_interval=SERVER_INTERVAL,
            always_update=False,
        )
        self.client = client
        self._missing: dict[str, int] = {}

    @override
    async def _async_update_data(self) -> ServerStatus:
        """Ask Immich.

        Raises ConfigEntryAuthFailed for a wrong key and UpdateFailed otherwise.
        """
        try:
            return ServerStatus(
                version=await self.client.check_version(),
                user=await self.client.me(),
                permissions=await self.client.permissions(),
                queues=self._lasting(await self.client.queues()),
                concurrency=await self._concurrency(),
            )
        except ImmichError as err:
            raise _update_error(err) from err

    def _lasting(self, counts: tuple[QueueCounts, ...]) -> tuple[str, ...]:
        """Return the queues of this reply and those that are missing for a short time.

        A queue goes only after POLLS_BEFORE_REMOVAL good replies without it, so
        that an update or a restart of Immich never takes a device away.
        """
        named = tuple(queue.queue for queue in counts)
        before = self.data.queues if self.data else ()
        self._missing = {
            queue: self._missing.get(queue, 0) + 1
            for queue in before
            if queue not in named
        }
        return named + tuple(
            queue
            for queue, polls in self._missing.items()
            if polls < POLLS_BEFORE_REMOVAL
        )

    async def _concurrency(self) -> Mapping[str, int] | None:
        """Read the numbers of workers, if the key may see them."""
        try:
            return await self.client.concurrency()
        except MissingPermissionError:
            return None


class QueueCoordinator(DataUpdateCoordinator[ServerView]):
    """Looks at the queues: in Redis, or through the API where Redis is not to be had."""

    config_entry: AdminToolsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        server: ServerCoordinator,
        redis: RedisSource | None,
        analyst: Analyst,
    ) -> None:
        """Set the fast pace."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} queues",
            # Listeners hear of every poll: held-back values are written in time.
            update_interval=timedelta(seconds=poll_interval_of(entry)),
        )
        self.redis = redis
        self.analyst = analyst
        self._server = server

    @override
    async def _async_update_data(self) -> ServerView:
        """Look once.

        Raises ConfigEntryAuthFailed for a wrong key and UpdateFailed when
        neither Redis nor the API answers.
        """
        thresholds = thresholds_of(self.config_entry)
        if self.redis is not None and (
            reading := await self.redis.read(self._server.data.queues, monotonic())
        ):
            return self.analyst.update_from_redis(
                reading, thresholds, int(time() * 1000)
            )
        try:
            counts = await self._server.client.queues()
            listed = await self._active_jobs(counts)
        except ImmichError as err:
            raise _update_error(err) from err
        return self.analyst.update_from_api(
            counts, listed, thresholds, int(time() * 1000)
        )

    @callback
    def async_take_options(self) -> None:
        """Take over the options that need no reload."""
        self.update_interval = timedelta(seconds=poll_interval_of(self.config_entry))

    async def _active_jobs(
        self, counts: tuple[QueueCounts, ...]
    ) -> dict[str, tuple[ListedJob, ...]]:
        """List the active jobs of the queues that have some."""
        return {
            queue.queue: await self._server.client.jobs(queue.queue, ("active",))
            for queue in counts
            if queue.active
        }


def _update_error(err: ImmichError) -> ConfigEntryAuthFailed | UpdateFailed:
    """Say in Home Assistant's terms why Immich could not be asked."""
    key, placeholders = message_of(err)
    error = (
        ConfigEntryAuthFailed if isinstance(err, InvalidApiKeyError) else UpdateFailed
    )
    return error(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
