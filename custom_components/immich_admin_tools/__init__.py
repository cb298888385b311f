"""Immich Admin Tools: what Immich's job queues are really doing."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.httpx_client import get_async_client
from homeassistant.helpers.typing import ConfigType

from .analysis.analyst import Analyst
from .bullmq.errors import BullMQError
from .const import DOMAIN
from .coordinator import (
    QueueCoordinator,
    RedisSource,
    ServerCoordinator,
    async_create_redis_source,
)
from .data import AdminToolsConfigEntry, RuntimeData
from .devices import async_keep_devices, async_register_server
from .errors import message_of
from .fresh_http import fresh_http
from .gpu_host.manager import GpuHostManager, async_remove_gpu_issues
from .healing.manager import HealingManager, async_keep_heal_issues, async_keep_healing
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
from .restart.manager import RestartManager
from .services import async_setup_services
from .services.hosts import async_setup_gpu_actions
from .services.queues import async_setup_restart_action
from .settings import connection_of, set_up_with
from .skipped_jobs import EntrySkippedJobs
from .skipped_watch import async_hand_on_doubts
from .storage import EntryStores, async_end_with_entry, async_keep_counters
from .telemetry import EntryTelemetry
from .views import ThumbnailView

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
    """Register the actions: they are there before any entry is."""
    async_setup_services(hass)
    async_setup_restart_action(hass)
    async_setup_gpu_actions(hass)
    hass.http.register_view(ThumbnailView(hass))
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> bool:
    """Connect to Immich, and to its Redis where it is set up."""
    connection = connection_of(entry.data)
    client = ImmichClient(
        get_async_client(hass, connection.verify_ssl),
        connection.url,
        connection.api_key,
        fresh_http=fresh_http(connection.verify_ssl),
    )
    stores = EntryStores(hass, entry.entry_id)
    await stores.async_load()
    redis = await _async_redis(hass, entry)
    starts = None if redis is None else create_immich_starts(redis)
    leases = create_lease_keeper(client, stores, starts)
    async_end_with_entry(hass, entry, stores, leases)
    restart = RestartManager(hass, entry, client, stores, leases, redis, starts)
    # In maintenance mode Immich would not answer what comes next.
    await restart.async_end_maintenance()
    server = ServerCoordinator(hass, entry, client)
    await server.async_config_entry_first_refresh()
    activity = HistoryManager(hass, entry, client, stores)
    analyst = Analyst.from_dict(stores.counters.data)
    if redis is not None:
        redis.go_on_from(analyst.positions)
    queues = QueueCoordinator(hass, entry, server, redis, analyst)
    entry.runtime_data = RuntimeData(
        client=client,
        server=server,
        queues=queues,
        stores=stores,
        leases=leases,
        activity=activity,
        healing=None
        if redis is None
        else HealingManager(hass, entry, stores, redis, activity),
        restart=restart,
        telemetry=EntryTelemetry(hass, entry, stores),
        gpu_hosts=GpuHostManager(),
        skipped_jobs=EntrySkippedJobs(
            hass, entry, client, stores, redis, analyst.positions
        ),
        server_device_id="",
        set_up_with=set_up_with(entry),
    )
    await queues.async_config_entry_first_refresh()
    async_is_back(hass, entry)
    entry.runtime_data.server_device_id = async_register_server(hass, entry)
    entry.runtime_data.gpu_hosts.async_create(hass, entry)
    # Before anybody lets a queue go on.
    await async_hand_on_doubts(entry)
    entry.runtime_data.skipped_jobs.async_keep()
    async_keep_devices(hass, entry)
    async_keep_issues(hass, entry)
    async_keep_counters(hass, entry)
    entry.runtime_data.telemetry.async_keep()
    restart.async_keep()
    async_keep_leases(hass, entry, starts)
    async_keep_healing(hass, entry)
    async_keep_heal_issues(hass, entry)
    # Before a host pauses anything: what is found paused now was not its doing.
    entry.runtime_data.box_pauses = BoxPauses(hass, entry)
    entry.runtime_data.box_pauses.async_keep()
    entry.runtime_data.gpu_hosts.async_keep(hass, entry)
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
    await entry.runtime_data.restart.async_act_over()
    await async_let_go(hass, entry)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: AdminToolsConfigEntry) -> None:
    """Leave nothing behind."""
    async_remove_issues(hass, entry)
    async_remove_gpu_issues(hass, entry)
    await async_leave_in_order(hass, entry)
