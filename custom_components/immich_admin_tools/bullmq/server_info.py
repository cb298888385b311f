"""Which server answers, from the `server` section of INFO."""

from collections.abc import Iterator
from dataclasses import dataclass

from .pipeline import as_text

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
    """Return what a reply to `INFO server` says, as it came or parsed by redis-py."""
    info = reply if isinstance(reply, dict) else dict(_fields(as_text(reply) or ""))
    version = next(
        (
            f"{name} {info[field]}"
            for field, name in _VERSION_FIELDS.items()
            if field in info
        ),
        "unknown",
    )
    return ServerInfo(version=version, run_id=str(info.get("run_id", "")))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value
