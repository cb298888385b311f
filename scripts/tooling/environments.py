"""One virtual environment per Home Assistant version, and the npm packages of the simulator and of the cards."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
import os
from pathlib import Path
import sys
import time
from typing import NoReturn

from . import bootstrap
from .bootstrap import Program, run_uv
from .common import (
    FRONTEND,
    REPOSITORY,
    REQUIREMENTS,
    SIMULATOR,
    ToolingError,
    duration,
    finished,
    run,
    say,
    step,
)


@dataclass(frozen=True, slots=True)
class HomeAssistantVersion:
    """One of the releases this project is tested with."""

    version: str
    plugin: str
    """Version of pytest-homeassistant-custom-component."""

    @property
    def venv(self) -> Path:
        """Folder of the virtual environment."""
        return REPOSITORY / ".venvs" / self.version

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def lock(self) -> Path:
        """The compiled requirements."""
        return REQUIREMENTS / f"{self.version}.txt"


OLDEST = HomeAssistantVersion("2026.9.0", plugin="0.13.363")
"""The minimum in hacs.json."""

MAIN = HomeAssistantVersion("2026.10.4", plugin="0.13.375")
"""The release the newest test plugin pins: checks, coverage and the demo run here."""

NEWEST = HomeAssistantVersion("2026.11.0", plugin="0.13.375")
"""No plugin release pins it yet: its pin is overridden, and tests/support/newest_release.py helps."""

ALL = (OLDEST, MAIN, NEWEST)

_MAIN_LINK = REPOSITORY / ".venv"


def set_up(versions: Collection[HomeAssistantVersion] = ALL) -> Program:
    """Get Python, Node, Home Assistant and the npm packages into place; no root needed.

    What is in place already is left alone. Python, uv and Node go into a cache folder
    (IMMICH_ADMIN_TOOLS_CACHE, else the user's cache), the packages into this repository.
    Returns Node.
    """
    started = time.monotonic()
    say("Setting up")
    with bootstrap.alone():
        interpreter = bootstrap.python()
        for version in versions:
            _make(version, interpreter)
        _link_main()
        node = bootstrap.node()
        for project in (SIMULATOR, FRONTEND):
            _install_npm_packages(node, project)
    say(f"Set up in {duration(time.monotonic() - started)}")
    return node


def go_on_in_main(*arguments: str | Path) -> NoReturn:
    """Go on in the environment of the checks, which has Home Assistant and a browser's driver."""
    node = set_up((MAIN,))
    command = [str(MAIN.python), *map(str, arguments)]
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, **node.environment})


def _make(version: HomeAssistantVersion, interpreter: Path) -> None:
    inputs = (str(interpreter), version.lock)
    stamp = version.venv / ".setup"
    if finished(stamp, inputs):
        return
    with step(f"Installing Home Assistant {version.version} and its test plugin"):
        stamp.unlink(missing_ok=True)
        if not version.python.is_file() or not version.python.samefile(interpreter):
            run_uv("venv", "--quiet", "--clear", "--python", interpreter, version.venv)
        # `sync` installs exactly what the lock says and never resolves anything.
        run_uv("pip", "sync", "--quiet", "--python", version.python, version.lock)
        finished(stamp, inputs, now=True)


def _link_main() -> None:
    """Make `.venv` a link to the environment that editors and checks use."""
    wanted = MAIN.venv.relative_to(REPOSITORY)
    if _MAIN_LINK.is_symlink():
        if _MAIN_LINK.readlink() == wanted:
            return
        _MAIN_LINK.unlink()
    elif _MAIN_LINK.exists():
        raise ToolingError(f"{_MAIN_LINK} is not ours. Move it away and start again.")
    _MAIN_LINK.symlink_to(wanted)


def _install_npm_packages(node: Program, project: Path) -> None:
    """Install exactly what the lock file says, when it changed since the last time."""
    folder = project / "node_modules"
    stamp = folder / ".setup"
    names = ("package-lock.json", "package.json", ".npmrc")
    inputs: list[str | Path] = [str(node.executable)]
    inputs += [project / name for name in names]
    if finished(stamp, inputs):
        return
    with step(f"Installing the npm packages of {project.name}/"):
        if folder.is_symlink():
            # npm would empty the folder of another checkout.
            folder.unlink()
        stamp.unlink(missing_ok=True)
        options = ("--no-audit", "--no-fund", "--loglevel=error")
        try:
            run(["npm", "ci", *options], cwd=project, env=node.environment)
        except ToolingError as error:
            if "Missing: " not in str(error):
                raise
            # A lock made where the registry lacks an optional package of another system has no entry
            # for it, and `npm ci` refuses such a lock. `install` takes the same locked versions.
            command = ["npm", "install", "--no-save", *options]
            run(command, cwd=project, env=node.environment)
        finished(stamp, inputs, now=True)
