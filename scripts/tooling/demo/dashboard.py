"""A dashboard of the demo that shows every queue at a glance.

It is made from the entities that are there, so it needs to know no names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path

from ..paths import INTEGRATION
from .http_json import Json

PATH = "demo-queues"
"""Where it is found, below Home Assistant's address."""

FILE = "queues.yaml"
"""In the configuration folder; JSON is YAML."""

CONFIGURATION = f"""
lovelace:
  dashboards:
    {PATH}:
      mode: yaml
      filename: {FILE}
      title: Queues
      icon: mdi:tray-full
      show_in_sidebar: true
"""

_SHOWN = ("sensor", "binary_sensor", "switch")
_FEW = 3
"""Queues with no more sensors than this share one section."""

TEMPLATE = (
    "{% set found = namespace(rows=[]) %}"
    "{% for id in integration_entities('" + INTEGRATION.name + "') %}"
    "{% set device = device_attr(device_id(id), 'name') %}"
    "{% set found.rows = found.rows + [[id, device, state_attr(id, 'friendly_name')]] %}"
    "{% endfor %}{{ found.rows | to_json }}"
)
"""Gives entity id, device's name and entity's name of each entity."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entity on the dashboard."""

    entity_id: str
    device: str
    name: str

    @property
    def domain(self) -> str:
        """For example `sensor`."""
        return self.entity_id.partition(".")[0]


def write(rows: Sequence[Sequence[Json]], config: Path) -> None:
    """Write the dashboard from what `TEMPLATE` gave; it is read when it is opened."""
    entities = [
        Shown(str(entity_id), str(device), short_name(str(device), str(name)))
        for entity_id, device, name in rows
    ]
    (config / FILE).write_text(json.dumps(build(entities), indent=2))


def short_name(device: str, name: str) -> str:
    """Return an entity's name without that of its device, which is in the heading."""
    short = name.removeprefix(device).strip()
    return short or name


def build(entities: Sequence[Shown]) -> Json:
    """Return the dashboard: the server, then a section per queue, then those that show little."""
    by_device: dict[str, list[Shown]] = {}
    for entity in entities:
        if entity.domain in _SHOWN:
            by_device.setdefault(entity.device, []).append(entity)
    # The server's device has the shortest entity ids: the queues' start with its name.
    order = sorted(
        by_device, key=lambda device: min(len(e.entity_id) for e in by_device[device])
    )
    server = order[:1]
    full = [device for device in by_device if _sensors(by_device[device]) > _FEW]
    sections = [
        _section(device, [_tile(entity) for entity in by_device[device]])
        for device in [*server, *(device for device in full if device not in server)]
    ]
    others = [
        _tile(entity, name=f"{device} {entity.name}")
        for device in sorted(set(by_device) - set(server) - set(full))
        for entity in by_device[device]
        if entity.domain == "sensor"
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


def _sensors(entities: Sequence[Shown]) -> int:
    return sum(entity.domain == "sensor" for entity in entities)


def _section(title: str, cards: Sequence[Json]) -> Json:
    heading = {"type": "heading", "heading": title}
    return {"type": "grid", "cards": [heading, *cards]}


def _tile(entity: Shown, *, name: str | None = None) -> Json:
    return {"type": "tile", "entity": entity.entity_id, "name": name or entity.name}
