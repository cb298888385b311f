"""Reading JSON that an older version, or a hand, may have written."""

from collections.abc import Mapping

from ..bullmq.models import JsonValue


def stored_mapping(
    stored: Mapping[str, JsonValue], key: str
) -> Mapping[str, JsonValue]:
    """Return a mapping; empty when it is missing or something else."""
    value = stored.get(key)
    return value if isinstance(value, dict) else {}


def stored_int(stored: Mapping[str, JsonValue], key: str) -> int | None:
    """Return a whole number of at least 0; None when it is missing or another thing."""
    value = stored.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def stored_str(stored: Mapping[str, JsonValue], key: str) -> str | None:
    """Return a text; None when it is missing or something else."""
    value = stored.get(key)
    return value if isinstance(value, str) else None
