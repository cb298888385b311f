"""Checks that the demo shows what it should: entities with values, and values that move."""

from __future__ import annotations

from dataclasses import dataclass
import time

from ..errors import ToolingError
from ..paths import INTEGRATION
from .home_assistant import HomeAssistant
from .http_json import Json

_TIMEOUT = 90.0
_MOVING = 3
"""So many sensors must have changed: one could be a clock."""

_TEMPLATE = (
    "{% set ns = namespace(states={}) %}"
    "{% for id in integration_entities('" + INTEGRATION.name + "') %}"
    "{% set ns.states = dict(ns.states, **{id: states(id)}) %}"
    "{% endfor %}{{ ns.states | to_json }}"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the check found."""

    entities: int
    with_value: int
    moving: int


def check(home_assistant: HomeAssistant) -> Seen:
    """Wait until most entities have a value and some change; raises `ToolingError` if not."""
    deadline = time.monotonic() + _TIMEOUT
    first: dict[str, str] = {}
    moving: set[str] = set()
    states: dict[str, str] = {}
    while time.monotonic() < deadline:
        home_assistant.child.must_run()
        states = entity_states(home_assistant)
        for entity_id, state in states.items():
            if _is_number(state) and _is_number(first.setdefault(entity_id, state)):
                if state != first[entity_id]:
                    moving.add(entity_id)
        with_value = sum(
            state not in ("unavailable", "unknown") for state in states.values()
        )
        if states and with_value * 2 > len(states) and len(moving) >= _MOVING:
            return Seen(len(states), with_value, len(moving))
        time.sleep(1)
    missing = [
        entity_id for entity_id, state in states.items() if state == "unavailable"
    ]
    raise ToolingError(
        f"After {_TIMEOUT:.0f} s: {len(states)} entities, {len(missing)} unavailable, "
        f"{len(moving)} moving.\n{home_assistant.child.tail()}"
    )


def entity_states(home_assistant: HomeAssistant) -> dict[str, str]:
    """Return the state of each entity of the integration."""
    rendered: Json = home_assistant.render(_TEMPLATE)
    return {str(name): str(state) for name, state in rendered.items()}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
