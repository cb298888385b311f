"""Sets up the integration as a user does, through its own dialogs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import time

from ..errors import ToolingError
from ..paths import INTEGRATION
from .folder import Connection
from .home_assistant import HomeAssistant
from .http_json import Json

_DOMAIN = INTEGRATION.name
_FLOWS = "/api/config/config_entries/flow"
_MENU_CHOICE = "redis"
_MOST_STEPS = 10
_LOAD_TIMEOUT = 20.0


def set_up(home_assistant: HomeAssistant, connection: Connection) -> Json:
    """Add the integration; returns the last answer of the dialogs."""
    answers = {
        "url": connection.url,
        "api_key": connection.api_key,
        "redis_url": connection.redis_url,
    }
    step = home_assistant.post(
        _FLOWS, {"handler": _DOMAIN, "show_advanced_options": False}
    )
    for _ in range(_MOST_STEPS):
        if step["type"] == "create_entry":
            return step
        if step["type"] == "menu":
            reply: Mapping[str, Json] = {"next_step_id": _choice(step["menu_options"])}
        elif step["type"] == "form":
            if step.get("errors"):
                raise ToolingError(
                    f"The step {step['step_id']} refused: {step['errors']}"
                )
            reply = fill_in(step["data_schema"], answers)
        else:
            raise ToolingError(
                f"The set-up ended with {step['type']}: {step.get('reason')}"
            )
        step = home_assistant.post(f"{_FLOWS}/{step['flow_id']}", reply)
    raise ToolingError("The set-up asks for more and more")


def remove(home_assistant: HomeAssistant) -> None:
    """Remove every entry of the integration."""
    for entry in _entries(home_assistant):
        home_assistant.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")


def is_set_up(home_assistant: HomeAssistant) -> bool:
    """Whether there is an entry."""
    return bool(_entries(home_assistant))


def problem(home_assistant: HomeAssistant) -> str | None:
    """Return why the integration isn't loaded, after giving it time; None when it is."""
    deadline = time.monotonic() + _LOAD_TIMEOUT
    while True:
        entries = _entries(home_assistant)
        waiting = [entry for entry in entries if entry["state"] != "loaded"]
        if entries and not waiting:
            return None
        if time.monotonic() > deadline:
            return "; ".join(
                f"{entry['state']} {entry['reason'] or ''}" for entry in waiting
            )
        time.sleep(0.5)


def _entries(home_assistant: HomeAssistant) -> Sequence[Mapping[str, Json]]:
    found: Sequence[Mapping[str, Json]] = home_assistant.get(
        f"/api/config/config_entries/entry?domain={_DOMAIN}"
    )
    return found


def fill_in(
    schema: Sequence[Mapping[str, Json]], answers: Mapping[str, Json]
) -> dict[str, Json]:
    """Answer a form as a user does who fills in what he knows and leaves the rest as it is."""
    reply: dict[str, Json] = {}
    for field in schema:
        name = field["name"]
        if field.get("type") == "expandable":
            reply[name] = fill_in(field["schema"], answers)
        elif name in answers:
            reply[name] = answers[name]
        elif "suggested_value" in (field.get("description") or {}):
            reply[name] = field["description"]["suggested_value"]
        elif "default" in field:
            reply[name] = field["default"]
        elif field.get("required"):
            raise ToolingError(
                f"The set-up asks for {name}, which the demo doesn't know"
            )
    return reply


def _choice(options: Sequence[str] | Mapping[str, str]) -> str:
    names = list(options)
    return _MENU_CHOICE if _MENU_CHOICE in names else names[0]
