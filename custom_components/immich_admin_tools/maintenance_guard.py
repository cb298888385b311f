"""The guard of maintenance mode for one config entry."""

from typing import TYPE_CHECKING

from homeassistant.util.ssl import client_context, client_context_no_verify
import httpx

from .clock import monotonic_ms, now_ms
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

    def http() -> httpx.AsyncClient:
        """Make a client that can be closed, other than Home Assistant's own ones."""
        context = client_context() if verify_ssl else client_context_no_verify()
        return httpx.AsyncClient(verify=context)

    return MaintenanceGuard(
        client, http, stores.safety.section(MAINTENANCE), now_ms, monotonic_ms
    )
