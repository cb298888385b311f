"""The `data` of a job: JSON from a client, which may hold anything."""

from collections.abc import Mapping
import json

from .models import DataProblem, JsonValue

MAX_DATA_SIZE = 256 * 1024
"""Bytes above which data is not looked at: Immich's own stays below 1 kB."""

_INT64 = range(-(2**63), 2**63)


def parse_data(
    raw: bytes | None,
) -> tuple[Mapping[str, JsonValue] | None, DataProblem | None]:
    """Return the data of a job, or why it can't be read."""
    if raw is None:
        return None, None
    if len(raw) > MAX_DATA_SIZE:
        return None, DataProblem.TOO_LARGE
    try:
        value = _presentable(
            json.loads(raw.decode(errors="replace"), parse_constant=_refuse)
        )
    except ValueError, OverflowError, RecursionError:
        return None, DataProblem.NOT_JSON
    if not isinstance(value, dict):
        return None, DataProblem.NOT_AN_OBJECT
    return value, None


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads though JSON doesn't know them."""
    raise ValueError(constant)


def _presentable(value: JsonValue) -> JsonValue:
    r"""Return the value without what the JSON writer of Home Assistant refuses.

    That is a lone surrogate (`\ud800`) and a whole number over 64 bits.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_presentable(item) for item in value]
    if isinstance(value, dict):
        return {
            name.encode(errors="replace").decode(): _presentable(item)
            for name, item in value.items()
        }
    if isinstance(value, int) and value not in _INT64:
        return float(value)
    return value
