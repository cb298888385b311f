"""Everything this project needs, in the order it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import time

from . import node, npm, python, venvs
from .paths import FRONTEND, SIMULATOR
from .progress import duration, say


@dataclass(frozen=True, slots=True)
class Tools:
    """What the other scripts start."""

    python: Path
    """An interpreter that Home Assistant runs on, without packages."""

    node: node.Node


def set_up() -> Tools:
    """Get Python, Node, Home Assistant and the npm packages into place; no root needed.

    What is in place already is left alone. Python, uv and Node go into a cache folder
    (IMMICH_ADMIN_TOOLS_CACHE, else the user's cache), the packages into this repository.
    """
    started = time.monotonic()
    say("Setting up")
    interpreter = python.find_or_install()
    venvs.make_all(interpreter)
    found_node = node.find_or_install()
    for folder in (SIMULATOR, FRONTEND):
        npm.install(folder, found_node)
    say(f"Set up in {duration(time.monotonic() - started)}")
    return Tools(interpreter, found_node)
