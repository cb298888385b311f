"""Permissions of an API key that this project uses, and what each is for."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """Permissions by Immich's own names."""

    ALL = "all"
    QUEUE_READ = "queue.read"
    QUEUE_UPDATE = "queue.update"
    QUEUE_JOB_READ = "queueJob.read"
    QUEUE_JOB_DELETE = "queueJob.delete"
    JOB_CREATE = "job.create"
    USER_READ = "user.read"
    ASSET_READ = "asset.read"
    ASSET_VIEW = "asset.view"
    SYSTEM_CONFIG_READ = "systemConfig.read"
    SYSTEM_CONFIG_UPDATE = "systemConfig.update"
    MAINTENANCE = "maintenance"
    SERVER_ABOUT = "server.about"


REQUIRED: Mapping[str, str] = MappingProxyType(
    {
        Permission.QUEUE_READ: "see the queues",
        Permission.QUEUE_UPDATE: "pause and resume queues",
        Permission.QUEUE_JOB_READ: "see the jobs of a queue",
        Permission.QUEUE_JOB_DELETE: "clear waiting jobs",
        Permission.JOB_CREATE: (
            "start queues, clear failed jobs, pause the background tasks"
        ),
        Permission.USER_READ: "know whose key it is",
        Permission.ASSET_READ: "name the photo of a job, test the machine learning",
        Permission.ASSET_VIEW: "show the photo of a job",
    }
)
"""Without one of these an address and key are refused."""

OPTIONAL: Mapping[str, str] = MappingProxyType(
    {
        Permission.SYSTEM_CONFIG_READ: "see how many jobs a queue runs at once",
        Permission.SYSTEM_CONFIG_UPDATE: "change how many jobs a queue runs at once",
        Permission.MAINTENANCE: "restart the workers through maintenance mode",
        Permission.SERVER_ABOUT: "put versions of Immich's parts into diagnostics",
    }
)
"""Without one of these only the named feature is missing."""
