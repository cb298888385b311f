"""Diagnostics: what is needed to help, and nothing that is secret or private."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant

from .analysis.models import QueueView
from .const import (
    CONF_EXTERNAL_URL,
    CONF_REDIS_CA,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_TELEMETRY_URL,
)
from .coordinator import RedisSource
from .data import AdminToolsConfigEntry
from .gpu_host.manager import GpuHost

REDACTED = {
    # Actions of the user: they may hold anything.
    "actions",
    CONF_API_KEY,
    CONF_URL,
    CONF_EXTERNAL_URL,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_CA,
    CONF_TELEMETRY_URL,
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: AdminToolsConfigEntry
) -> dict[str, Any]:
    """Return the state of an entry without names of people, photos or hosts."""
    runtime = entry.runtime_data
    status = runtime.server.data
    return {
        "data": async_redact_data(dict(entry.data), REDACTED),
        "options": async_redact_data(dict(entry.options), REDACTED),
        "immich": {
            "answers": runtime.server.answers,
            "version": str(status.version),
            "permissions": sorted(status.permissions),
            "queues": list(status.queues),
            "concurrency": dict(status.concurrency or {}),
        },
        "redis": _redis(runtime.queues.redis),
        "pauses": runtime.leases.book.to_dict(),
        "restarts": runtime.restart.tries,
        "skipped_jobs": runtime.skipped_jobs.to_dict(),
        "gpu_hosts": [_gpu_host(host) for host in runtime.gpu_hosts.hosts.values()],
        "source": runtime.queues.data.source.value,
        "queues": {
            name: _queue(view) for name, view in runtime.queues.data.queues.items()
        },
    }


def _redis(redis: RedisSource | None) -> Mapping[str, object] | None:
    """Return how Redis answers; its address stays out."""
    if redis is None:
        return None
    reading = redis.reading
    return {
        "answers": redis.connected,
        "error": type(redis.error).__name__ if redis.error else None,
        "server_version": reading.server_version if reading else None,
        "latency": reading.latency if reading else None,
        "round_trips": reading.round_trips if reading else None,
    }


def _gpu_host(host: GpuHost) -> dict[str, object]:
    """Return how a GPU host stands; its name, addresses and actions stay out."""
    controller = host.controller
    hidden = {"host_id", "name", "ml_url", "packet"}
    settings = asdict(host.settings)
    return {
        "settings": {key: val for key, val in settings.items() if key not in hidden},
        "has_packet": host.settings.packet is not None,
        "contact": asdict(controller.contact),
        "record": controller.record.to_dict(controller.clocks),
        "guarded": host.guarded,
    }


def _queue(view: QueueView) -> dict[str, object]:
    """Return a queue; jobs without their data, which may hold paths and names."""
    hidden = {"data", "lock_token", "asset_ids"}
    queue = {key: val for key, val in asdict(view).items() if key != "jobs"}
    queue["jobs"] = [
        {key: val for key, val in asdict(job).items() if key not in hidden}
        for job in view.jobs
    ]
    return queue
