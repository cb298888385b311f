"""What is different from one snapshot to the next. Pure."""

from collections.abc import Mapping
from typing import Any

type Json = dict[str, Any]
"""As it is sent."""

COLLECTIONS = ("queues", "sparks", "stuck", "outcomes", "gpu_hosts")
"""Whose items are sent one by one; None takes one away."""


def delta_of(before: Json, after: Json) -> Json:
    """Return what turns one snapshot into the next; empty when nothing is new."""
    delta: Json = {}
    for key, value in after.items():
        if key in COLLECTIONS:
            if changed := _changed_items(before[key], value):
                delta[key] = changed
        elif value != before[key]:
            delta[key] = value
    return delta


def _changed_items(before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    changed: Json = {
        key: item
        for key, item in after.items()
        if key not in before or before[key] != item
    }
    changed.update((key, None) for key in before if key not in after)
    return changed


def applied(snapshot: Json, delta: Json) -> Json:
    """Return a snapshot with what is new, as whoever is sent the delta has it."""
    result = {**snapshot, **delta}
    for key in COLLECTIONS:
        items = {**snapshot[key], **delta.get(key, {})}
        result[key] = {name: item for name, item in items.items() if item is not None}
    return result


def without_secrets(part: Json) -> Json:
    """Return a snapshot or a delta as those may see it who may not act."""
    hosts = part.get("gpu_hosts")
    if hosts:
        part = {
            **part,
            "gpu_hosts": {
                host_id: None if host is None else {**host, "mac": None}
                for host_id, host in hosts.items()
            },
        }
    return part
