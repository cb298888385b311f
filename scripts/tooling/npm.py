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
        run(
            [*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env=node.environment,
        )
        stamp.write()
