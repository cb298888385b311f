"""The guard of maintenance mode for one config entry."""

from typing import TYPE_CHECKING

from .clock import monotonic_ms, now_ms
from .fresh_http import fresh_http
from .healing.maintenance import MaintenanceGuard
from .immich.client import ImmichClient
from .settings import connection_of
from .stores import EntryStores

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

MAINTENANCE = "maintenance"
"""Section of the safety store."""


def create_maintenance_guard(
    entry: AdminToolsConfigEntry, client: ImmichClient, stores: EntryStores
) -> MaintenanceGuard:
    """Return a guard that goes on from what is stored."""
    verify_ssl = connection_of(entry.data).verify_ssl

    return MaintenanceGuard(
        client,
        fresh_http(verify_ssl),
        stores.safety.section(MAINTENANCE),
        now_ms,
        monotonic_ms,
    )
