"""Immich Admin Tools: what Immich's job queues are really doing."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.typing import ConfigType

from .analysis.analyst import Analyst
from .analysis.ignored import IgnoredRuns
from .bullmq.errors import BullMQError
from .clock import monotonic_ms, now_ms
from .const import DOMAIN
from .coordinator import (
    QueueCoordinator,
    RedisSource,
    ServerCoordinator,
    async_create_redis_source,
)
from .dashboard.manager import IGNORED, DashboardManager
from .dashboard.runs import Runs
from .data import AdminToolsConfigEntry, RuntimeData
from .devices import async_keep_devices, async_register_server
from .errors import message_of
from .fresh_http import fresh_http
from .frontend import async_setup_frontend
from .gpu_host.manager import GpuHostManager, HostContext, async_remove_gpu_issues
from .healing.manager import HealingManager, HealIssues, create_journal
from .history.manager import HistoryManager
from .immich.client import ImmichClient
from .pauses.manager import (
    BoxPauses,
    async_is_back,
    async_keep_leases,
    async_leave_in_order,
    async_let_go,
    create_immich_starts,
    create_lease_keeper,
)
from .repairs import async_keep_issues, async_remove_issues
from .restart.manager import MaintenanceMode, RestartManager, create_maintenance_guard
from .serialization import stored_mapping
from .services import async_setup_services
from .settings import connection_of, set_up_with
from .skipped_jobs import EntrySkippedJobs
from .skipped_watch import async_hand_on_doubts, create_guard
from .storage import EntryStores, async_end_with_entry
from .telemetry import RUNS, EntryTelemetry, async_keep_counters
from .views import ThumbnailView
from .websocket_api import async_setup_websocket_api

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the dashboard: they are there before any entry is."""
    async_setup_services(hass)
    async_setup_websocket_api(hass)
    hass.http.register_view(ThumbnailView(hass))
    await async_setup_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> bool:
    """Connect to Immich, and to its Redis where it is set up."""
    # In this order: each uses only what is above it.
    connection = connection_of(entry.data)
    client = ImmichClient(
        get_async_client(hass, connection.verify_ssl),
        connection.url,
        connection.api_key,
        fresh_http=fresh_http(connection.verify_ssl),
    )
    stores = EntryStores(hass, entry.entry_id)
    await stores.async_load()
    maintenance = MaintenanceMode(
        hass, entry, create_maintenance_guard(entry, client, stores)
    )
    # In maintenance mode Immich would not answer what comes next; and whatever can't
    # be set up, Immich must not stay locked.
    await maintenance.async_end()
    redis = await _async_redis(hass, entry)
    starts = None if redis is None else create_immich_starts(redis)
    guard = None if redis is None else create_guard(entry, redis)
    leases = create_lease_keeper(client, stores, starts, guard)
    async_end_with_entry(hass, entry, stores, leases)
    server = ServerCoordinator(hass, entry, client)
    await server.async_config_entry_first_refresh()
    analyst = Analyst.from_dict(stores.counters.data)
    ignored = stores.safety.section(IGNORED)
    analyst.ignored = IgnoredRuns.from_dict(ignored.data, monotonic_ms(), now_ms())
    # As they were stored: the first poll moves them on.
    positions = analyst.positions
    if redis is not None:
        redis.go_on_from(positions)
    queues = QueueCoordinator(hass, entry, server, redis, analyst)
    await queues.async_config_entry_first_refresh()
    async_is_back(hass, entry)
    server_device_id = async_register_server(hass, entry, server)
    journal = None if redis is None else create_journal(stores)
    history = HistoryManager(
        hass,
        entry,
        stores=stores,
        leases=leases,
        server=server,
        queues=queues,
        journal=journal,
        server_device_id=server_device_id,
    )
    restart = RestartManager(
        hass,
        entry,
        stores=stores,
        leases=leases,
        maintenance=maintenance,
        server=server,
        queues=queues,
        history=history,
        starts=starts,
    )
    healing = None
    if redis is not None and journal is not None:
        healing = HealingManager(
            hass,
            entry,
            redis=redis,
            journal=journal,
            queues=queues,
            history=history,
            restart=restart,
        )
    gpu_hosts = GpuHostManager(
        HostContext(
            hass=hass,
            entry=entry,
            client=client,
            stores=stores,
            leases=leases,
            queues=queues,
            history=history,
            healing=healing,
            guard=guard,
        ),
        server_device_id,
    )
    # Before anybody lets a queue go on.
    await async_hand_on_doubts(leases, gpu_hosts.hosts)
    skipped_jobs = EntrySkippedJobs(
        hass,
        entry,
        stores=stores,
        positions=positions,
        leases=leases,
        guard=guard,
        server=server,
        queues=queues,
        history=history,
        gpu_hosts=gpu_hosts,
    )
    box_pauses = BoxPauses(
        hass,
        entry,
        client=client,
        stores=stores,
        leases=leases,
        queues=queues,
        hosts=gpu_hosts.hosts,
    )
    telemetry = EntryTelemetry(hass, entry, stores)
    runs = Runs.from_dict(stored_mapping(stores.counters.data, RUNS))
    dashboard = DashboardManager(
        hass,
        entry,
        ignored=ignored,
        leases=leases,
        server=server,
        queues=queues,
        history=history,
        journal=journal,
        restart=restart,
        healing=healing,
        gpu_hosts=gpu_hosts,
        skipped_jobs=skipped_jobs,
        runs=runs,
        server_device_id=server_device_id,
    )
    entry.runtime_data = RuntimeData(
        client=client,
        stores=stores,
        leases=leases,
        maintenance=maintenance,
        server=server,
        queues=queues,
        history=history,
        restart=restart,
        healing=healing,
        gpu_hosts=gpu_hosts,
        skipped_jobs=skipped_jobs,
        box_pauses=box_pauses,
        telemetry=telemetry,
        dashboard=dashboard,
        server_device_id=server_device_id,
        set_up_with=set_up_with(entry),
    )
    # From here on each looks after every poll, in this order.
    dashboard.async_keep()
    skipped_jobs.async_keep()
    async_keep_devices(hass, entry, server, server_device_id)
    async_keep_issues(hass, entry)
    async_keep_counters(entry, stores.counters, queues, telemetry, runs)
    telemetry.async_keep()
    restart.async_keep()
    async_keep_leases(hass, entry, leases, queues, starts)
    history.async_keep()
    if healing is not None:
        healing.async_keep()
    HealIssues(hass, entry, queues, healing).async_keep()
    # Before a host pauses anything: what is found paused now was not its doing.
    box_pauses.async_keep()
    gpu_hosts.async_keep()
    entry.async_on_unload(stores.async_flush)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    return True


async def _async_redis(
    hass: HomeAssistant, entry: AdminToolsConfigEntry
) -> RedisSource | None:
    """Prepare the connection to Redis; it is closed with the entry.

    Raises ConfigEntryError when its address or certificate can't be used at all.
    A Redis that does not answer is no error: the API stands in for it.
    """
    settings = connection_of(entry.data).redis
    if settings is None:
        return None
    try:
        source = await async_create_redis_source(hass, settings)
    except BullMQError as err:
        key, placeholders = message_of(err)
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=placeholders,
        ) from err
    entry.async_on_unload(source.close)
    return source


async def _async_updated(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Reload when something changed that was needed to set up; else take it over."""
    if set_up_with(entry) != entry.runtime_data.set_up_with:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    entry.runtime_data.queues.async_take_options()
    await entry.runtime_data.restart.async_check_options()


async def async_unload_entry(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> bool:
    """Take the entities away; the connection closes by itself."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    runtime = entry.runtime_data
    await runtime.restart.async_act_over()
    await async_let_go(
        hass,
        entry,
        client=runtime.client,
        stores=runtime.stores,
        leases=runtime.leases,
        restart=runtime.restart,
        gpu_hosts=runtime.gpu_hosts,
    )
    return True


async def async_remove_entry(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Leave nothing behind."""
    async_remove_issues(hass, entry)
    async_remove_gpu_issues(hass, entry)
    await async_leave_in_order(hass, entry)
