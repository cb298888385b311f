"""uv: makes virtual environments, compiles and installs lock files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
import os
from pathlib import Path
import shutil

from . import pip
from .commands import run
from .errors import ToolingError
from .paths import cache_dir
from .progress import step
from .versions import at_least

_MINIMUM = "0.9.0"
_PINNED = "0.13.8"
"""What is installed when the machine has none or an older one."""


@cache
def executable() -> Path:
    """Return uv: the machine's own when it is new enough, else one in the cache."""
    own = shutil.which("uv")
    if own and _works(Path(own)):
        return Path(own)
    target = cache_dir() / f"uv-{_PINNED}"
    binary = target / "bin" / "uv"
    if not binary.is_file():
        with step(f"Installing uv {_PINNED} into the cache"):
            pip.install([f"uv=={_PINNED}"], target)
    return binary


def run_uv(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    fail_fast: bool = False,
) -> str:
    """Run uv with the project's settings and return its output.

    `fail_fast` doesn't repeat a download that fails: for when there is another way.
    """
    environment = {**_environment(), **(env or {})}
    if fail_fast:
        environment["UV_HTTP_RETRIES"] = "0"
    return run([executable(), *arguments], cwd=cwd, env=environment, timeout=1800)


@cache
def _environment() -> dict[str, str]:
    """Return settings for slow lines and for machines that configured pip only."""
    settings = {
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_INSTALL_DIR": str(cache_dir() / "uv-python"),
        "UV_HTTP_TIMEOUT": os.environ.get("UV_HTTP_TIMEOUT", "180"),
    }
    index_names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")
    if not any(os.environ.get(name) for name in index_names):
        index = pip.configured_index()
        if index:
            settings["UV_DEFAULT_INDEX"] = index
    return settings


def _works(binary: Path) -> bool:
    try:
        # "uv 0.13.8 (x86_64-unknown-linux-gnu)"
        return at_least(run([binary, "--version"], timeout=20).split()[1], _MINIMUM)
    except (ToolingError, IndexError):
        return False
