"""Installs the npm packages of a folder, exactly as its lock file says."""

from __future__ import annotations

from pathlib import Path

from .commands import run
from .errors import ToolingError
from .node import Node
from .paths import REPOSITORY
from .progress import step
from .stamps import Stamp


def install(folder: Path, node: Node) -> None:
    """Run `npm ci` when the lock file changed since the last time; a folder without one is none."""
    lock = folder / "package-lock.json"
    if not (folder / "package.json").is_file():
        return
    if not lock.is_file():
        raise ToolingError(f"{lock} is missing: run `npm install` in {folder} once.")
    stamp = Stamp(
        folder / "node_modules" / ".setup",
        [str(node.executable), lock, folder / "package.json", folder / ".npmrc"],
    )
    if stamp.fresh:
        return
    with step(f"Installing the npm packages of {folder.relative_to(REPOSITORY)}/"):
        stamp.remove()
        _install_locked(folder, node)
        stamp.write()


def _install_locked(folder: Path, node: Node) -> None:
    options = ("--no-audit", "--no-fund", "--loglevel=error")
    try:
        run([*node.npm, "ci", *options], cwd=folder, env=node.environment)
    except ToolingError as error:
        if "Missing: " not in str(error):
            raise
        # A lock made where the registry lacks an optional package of another system has no entry
        # for it, and `npm ci` refuses such a lock. `install` takes the same locked versions.
        run(
            [*node.npm, "install", "--no-save", *options],
            cwd=folder,
            env=node.environment,
        )
