"""The ways to restart the workers that the user of one entry chose."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant

from .analysis.models import Source
from .bullmq.address import split_user_info
from .clock import now_ms
from .healing.errors import ActionsInvalidError
from .healing.maintenance import MaintenanceGuard
from .healing.restart_ways import (
    ActionsWay,
    MaintenanceWay,
    RedisWay,
    RestartWay,
    WayKind,
)
from .healing.worker_watch import ApiWatch, RedisWatch, WorkerWatch
from .immich.client import ImmichClient
from .immich.queues import QueueName
from .redis_source import RedisSource
from .settings import restart_settings_of
from .user_actions import async_run_actions

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

ACTIONS_TIMEOUT = 300.0
"""Seconds for the user's own actions."""


class EntryRestartWays:
    """What restarts the workers of one Immich, and what sees them come back."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AdminToolsConfigEntry,
        client: ImmichClient,
        redis: RedisSource | None,
        guard: MaintenanceGuard,
    ) -> None:
        """Use what the entry has."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._redis = redis
        self._guard = guard

    def chosen(self) -> Iterator[RestartWay]:
        """Yield the ways that the user chose, in the user's order."""
        chosen = restart_settings_of(self._entry)
        for kind in chosen.ways:
            match kind:
                case WayKind.REDIS if self._redis is not None:
                    yield RedisWay(
                        self._redis.client,
                        self._redis.settings.prefix,
                        split_user_info(self._redis.settings.url).database,
                        frozenset(QueueName),
                        now_ms,
                        others_too=chosen.others_too,
                    )
                case WayKind.MAINTENANCE:
                    yield MaintenanceWay(self._guard)
                case WayKind.ACTIONS:
                    yield ActionsWay(self._run_actions, now_ms)

    async def _run_actions(self) -> None:
        """Run what the user chose. Raises OwnActionsError."""
        actions = restart_settings_of(self._entry).actions
        if not actions:
            raise ActionsInvalidError("No actions were chosen")
        await async_run_actions(
            self._hass,
            actions,
            f"{self._entry.title} restart",
            {"entry_id": self._entry.entry_id, "instance": self._entry.title},
            ACTIONS_TIMEOUT,
        )

    def watch(self) -> WorkerWatch:
        """Return what sees the workers come back."""
        if self._redis is None:
            return ApiWatch(
                self._client.version,
                lambda: self._entry.runtime_data.server.data.queues,
                now_ms,
            )
        return RedisWatch(
            self._redis.client,
            self._redis.settings.prefix,
            split_user_info(self._redis.settings.url).database,
            self._heartbeats,
        )

    async def _heartbeats(self) -> Mapping[str, int | None]:
        """Look at the queues; return when each worker was heard last."""
        queues = self._entry.runtime_data.queues
        await queues.async_refresh()
        if not queues.last_update_success or queues.data.source is not Source.REDIS:
            return {}
        return {name: view.worker_seen_at for name, view in queues.data.queues.items()}
