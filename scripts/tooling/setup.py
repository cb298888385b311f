"""Everything this project needs, in the order it is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
from pathlib import Path
import time

from . import node, npm, python, venvs
from .homeassistant_versions import ALL, HomeAssistantVersion
from .paths import FRONTEND, SIMULATOR, cache_dir
from .progress import duration, say


@dataclass(frozen=True, slots=True)
class Tools:
    """What the other scripts start."""

    python: Path
    """An interpreter that Home Assistant runs on, without packages."""

    node: node.Node


def set_up(versions: Collection[HomeAssistantVersion] = ALL) -> Tools:
    """Get Python, Node, Home Assistant and the npm packages into place; no root needed.

    What is in place already is left alone. Python, uv and Node go into a cache folder
    (IMMICH_ADMIN_TOOLS_CACHE, else the user's cache), the packages into this repository.
    """
    started = time.monotonic()
    say("Setting up")
    with _alone():
        interpreter = python.find_or_install()
        venvs.make_all(interpreter, versions)
        found_node = node.find_or_install()
        for folder in (SIMULATOR, FRONTEND):
            npm.install(folder, found_node)
    say(f"Set up in {duration(time.monotonic() - started)}")
    return Tools(interpreter, found_node)


@contextmanager
def _alone() -> Iterator[None]:
    """Let only one set-up at a time work on the cache; another one waits its turn."""
    file = cache_dir() / "setup.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("    waiting for another set-up to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
