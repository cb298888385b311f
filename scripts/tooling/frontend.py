"""Builds the cards and the dashboard, and checks that the integration has what the sources build."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
import shutil

from .common import (
    FRONTEND,
    INTEGRATION,
    REPORTS,
    ToolingError,
    friendly_errors,
    run,
    say,
)

BUNDLE = INTEGRATION / "www"
"""Served by Home Assistant."""

_CHECKED = REPORTS / "frontend" / "www"
"""As deep as the bundle itself: the source map has relative paths."""

_LARGEST = 60_000
"""Bytes of the bundle, gzipped: a phone loads it with every page of Home Assistant."""


def build(folder: Path = BUNDLE) -> None:
    """Build into a folder."""
    packages = FRONTEND / "node_modules" / ".bin" / "vite"
    relative = os.path.relpath(folder, FRONTEND)
    run([packages, "build", "--outDir", relative, "--emptyOutDir"], cwd=FRONTEND)


def check() -> None:
    """Build once more and compare; raises `ToolingError` when anything differs."""
    try:
        build(_CHECKED)
        for name in sorted({*_names(_CHECKED), *_names(BUNDLE)}):
            built, committed = _CHECKED / name, BUNDLE / name
            if not built.is_file() or not committed.is_file():
                raise ToolingError(_differs(name))
            if built.read_bytes() != committed.read_bytes():
                raise ToolingError(_differs(name))
    finally:
        shutil.rmtree(_CHECKED.parent, ignore_errors=True)
    for bundle in BUNDLE.glob("*.js"):
        size = len(gzip.compress(bundle.read_bytes(), 9))
        say(f"{bundle.name}: {size:,} bytes gzipped, at most {_LARGEST:,}")
        if size > _LARGEST:
            raise ToolingError(f"{bundle.name} is too large")


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def _differs(name: str) -> str:
    return f"{name} is not what the sources build. Run `scripts/frontend` and commit {BUNDLE.name}/."


if __name__ == "__main__":
    with friendly_errors():
        check()
