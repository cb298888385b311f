"""What lives as long as a loaded config entry."""

from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry

from .coordinator import QueueCoordinator, ServerCoordinator
from .gpu_host.manager import GpuHostManager
from .healing.manager import HealingManager
from .history.manager import HistoryManager
from .immich.client import ImmichClient
from .pauses.keeper import LeaseKeeper
from .pauses.manager import BoxPauses
from .restart.manager import RestartManager
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
    activity: HistoryManager
    healing: HealingManager | None
    """None without Redis."""
    restart: RestartManager
    telemetry: EntryTelemetry
    gpu_hosts: GpuHostManager
    box_pauses: BoxPauses = field(init=False)
    skipped_jobs: EntrySkippedJobs
    server_device_id: str
    """Registry id of the server, the parent of the queues."""
    set_up_with: tuple[object, ...]


type AdminToolsConfigEntry = ConfigEntry[RuntimeData]
