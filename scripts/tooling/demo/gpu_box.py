"""A GPU box for the demo: the simulated machine learning, with a switch and a slow start.

It is on at first, and its switch "Automatic power" is left to the user.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..paths import INTEGRATION
from .http_json import Json

if TYPE_CHECKING:
    from .home_assistant import HomeAssistant
    from .immich import Immich

NAME = "GPU box"
FILE = "gpu_box.yaml"

CONFIGURATION = f"""
# What the actions of the GPU box call: the simulated machine learning goes on and off.
rest_command: !include {FILE}
"""

_COMMANDS = """\
# Written at each start of the demo.
gpu_box:
  url: "{url}/ml"
  method: post
  content_type: application/json
  payload: '{{"mode": "{{{{ mode }}}}"}}'
"""

_BOOT_SECONDS = 8
_OFF_SECONDS = 4
_ENTRIES = f"/api/config/config_entries/entry?domain={INTEGRATION.name}"
_FLOWS = "/api/config/config_entries/subentries/flow"


def write(server: Immich, config: Path) -> None:
    """Tell Home Assistant's configuration where the simulator is this time."""
    (config / FILE).write_text(_COMMANDS.format(url=server.control_url))


def set_up(home_assistant: HomeAssistant, server: Immich) -> None:
    """Add the box by its dialog; what is not said here has a default."""
    answers: dict[str, Json] = {
        "name": NAME,
        "ml_url": server.ml_url,
        "wake": {"on_action": _switch("on", _BOOT_SECONDS)},
        "sleep": {
            "off_action": _switch("off", _OFF_SECONDS),
            "idle_time": {"seconds": 30},
            "minimum_on": {"seconds": 30},
            "cool_down": {"seconds": 30},
        },
        "automatic": {"wake_backlog": 20},
        "work": {},
    }
    for entry in home_assistant.get(_ENTRIES):
        form = home_assistant.post(_FLOWS, {"handler": [entry["entry_id"], "gpu_host"]})
        home_assistant.post(f"{_FLOWS}/{form['flow_id']}", answers)


def _switch(mode: str, seconds: int) -> Json:
    """Return the actions that let the box go on or off after a while."""
    call = {"action": "rest_command.gpu_box", "data": {"mode": mode}}
    return [{"delay": {"seconds": seconds}}, call]
