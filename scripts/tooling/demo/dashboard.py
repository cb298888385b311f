"""A dashboard of the demo that shows every queue at a glance.

It is made from the entities that are there, so it needs to know no names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..common import INTEGRATION

PATH = "demo-queues"
"""Where it is found, below Home Assistant's address."""

_FEW = 3
"""Queues with no more sensors than this share one section."""

TEMPLATE = (
    "{% set found = namespace(rows=[]) %}"
    "{% for id in integration_entities('" + INTEGRATION.name + "') %}"
    "{% set device = device_attr(device_id(id), 'name') %}"
    "{% set found.rows = found.rows + [[id, device, state_attr(id, 'friendly_name'), states(id)]] %}"
    "{% endfor %}{{ found.rows | to_json }}"
)
"""Gives id, device's name, name and state of each entity."""


def build(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the dashboard: the server, then a section per queue, then those that show little."""
    devices: dict[str, list[tuple[str, str]]] = {}
    for entity_id, device, name, *_ in rows:
        if entity_id.startswith(("sensor.", "binary_sensor.", "switch.")):
            # The device's name is in the heading.
            short = str(name).removeprefix(device).strip() or name
            devices.setdefault(device, []).append((entity_id, short))
    # The server's device has the shortest entity ids: the queues' start with its name.
    by_length = sorted(
        devices, key=lambda device: min(len(id_) for id_, _ in devices[device])
    )
    server = by_length[:1]
    sensors = {
        device: [entity for entity in entities if entity[0].startswith("sensor.")]
        for device, entities in devices.items()
    }
    full = [
        name for name in devices if len(sensors[name]) > _FEW and name not in server
    ]
    sections = [_section(device, devices[device]) for device in (*server, *full)]
    others = [
        (entity_id, f"{device} {name}")
        for device in sorted(set(devices) - {*server, *full})
        for entity_id, name in sensors[device]
    ]
    if others:
        sections.append(_section("Other queues", others))
    view = {
        "title": "Queues",
        "type": "sections",
        "max_columns": 4,
        "sections": sections,
    }
    return {"title": "Queues", "views": [view]}


def _section(title: str, entities: Sequence[tuple[str, str]]) -> dict[str, Any]:
    heading = {"type": "heading", "heading": title}
    tiles = [{"type": "tile", "entity": id_, "name": name} for id_, name in entities]
    return {"type": "grid", "cards": [heading, *tiles]}
