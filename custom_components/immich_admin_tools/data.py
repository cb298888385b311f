"""What lives as long as a loaded config entry."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN
from .coordinator import QueueCoordinator, ServerCoordinator
from .dashboard.manager import DashboardManager
from .gpu_host.manager import GpuHostManager
from .healing.manager import HealingManager
from .history.manager import HistoryManager
from .immich.client import ImmichClient
from .pauses.keeper import LeaseKeeper
from .pauses.manager import BoxPauses
from .restart.manager import MaintenanceMode, RestartManager
from .skipped_jobs import EntrySkippedJobs
from .storage import EntryStores
from .telemetry import EntryTelemetry


@dataclass(kw_only=True)
class RuntimeData:
    """What lives as long as a loaded config entry."""

    client: ImmichClient
    server: ServerCoordinator
    queues: QueueCoordinator
    stores: EntryStores
    leases: LeaseKeeper
    history: HistoryManager
    maintenance: MaintenanceMode
    healing: HealingManager | None
    """None without Redis."""
    restart: RestartManager
    telemetry: EntryTelemetry
    gpu_hosts: GpuHostManager
    box_pauses: BoxPauses
    skipped_jobs: EntrySkippedJobs
    dashboard: DashboardManager
    server_device_id: str
    """Registry id of the server, the parent of the queues."""
    set_up_with: tuple[object, ...]


type AdminToolsConfigEntry = ConfigEntry[RuntimeData]


def reachable_healing(entry: AdminToolsConfigEntry) -> HealingManager:
    """Return the healing of an entry. Raises ServiceValidationError without Redis."""
    healing = entry.runtime_data.healing
    if healing is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="needs_redis"
        )
    if not healing.reachable:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="redis_lost"
        )
    return healing
