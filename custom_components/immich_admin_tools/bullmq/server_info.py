"""Which server answers, from the `server` section of INFO."""

from dataclasses import dataclass

# Servers that speak Redis' protocol name their own version beside `redis_version`,
# which then is only the one that they are compatible with.
_VERSION_FIELDS = {
    "valkey_version": "Valkey",
    "dragonfly_version": "Dragonfly",
    "redis_version": "Redis",
}


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Name and run of a server."""

    version: str
    """Such as `Valkey 9.1.2`."""
    run_id: str
    """Changes when the server is restarted."""


def server_info(reply: object) -> ServerInfo:
    """Return what an INFO reply, parsed by redis-py, says."""
    info = reply if isinstance(reply, dict) else {}
    version = next(
        (
            f"{name} {info[field]}"
            for field, name in _VERSION_FIELDS.items()
            if field in info
        ),
        "unknown",
    )
    return ServerInfo(version=version, run_id=str(info.get("run_id", "")))
