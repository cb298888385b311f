"""Installs single tools with pip into a folder of their own.

`--target` needs no virtual environment (a fresh Debian lacks `venv`), no root, and leaves the
system's Python alone.
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib.util
from pathlib import Path
import shutil
import sys
import tempfile

from .commands import run
from .errors import ToolingError
from .progress import step

_QUIET = {
    "PIP_USER": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def install(requirements: Sequence[str], target: Path) -> None:
    """Install packages into `target`, whole or not at all."""
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="immich-admin-tools-pip-") as scratch:
        run(
            [
                *_pip(Path(scratch)),
                *("install", "--quiet", "--no-input", "--no-compile"),
                *("--target", str(partial), *requirements),
            ],
            env=_QUIET,
        )
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def download_wheel(requirement: str, folder: Path) -> Path:
    """Download one wheel without its dependencies, whatever Python it is for."""
    with tempfile.TemporaryDirectory(prefix="immich-admin-tools-pip-") as scratch:
        run(
            [
                *_pip(Path(scratch)),
                *("download", "--quiet", "--no-input", "--no-deps"),
                *("--ignore-requires-python", "--only-binary", ":all:"),
                *("--dest", str(folder), requirement),
            ],
            env=_QUIET,
        )
    name = requirement.partition("==")[0].replace("-", "_")
    return next(folder.glob(f"{name}-*.whl"))


def configured_index() -> str | None:
    """Return the package index that pip is told to use, if any; uv doesn't read pip's settings."""
    if importlib.util.find_spec("pip") is None:
        return None
    listing = run([sys.executable, "-m", "pip", "config", "list"], env=_QUIET)
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        if name.endswith(".index-url"):
            return value.strip("'\"")
    return None


def _pip(scratch: Path) -> list[str]:
    """Return a command that runs pip."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("ensurepip") is not None:
        bundled = _ensurepip_wheel()
        if bundled is not None:
            return [sys.executable, str(bundled / "pip")]
    return [sys.executable, str(_debian_wheel(scratch) / "pip")]


def _ensurepip_wheel() -> Path | None:
    """Return the wheel that comes with Python; a wheel can be run without installing it."""
    import ensurepip  # noqa: PLC0415 (missing on some machines)

    folder = Path(ensurepip.__file__).parent / "_bundled"
    return next(iter(sorted(folder.glob("pip-*.whl"))), None)


def _debian_wheel(scratch: Path) -> Path:
    """Download Debian's package of pip's wheel with the machine's own apt."""
    problem = (
        "This Python has no pip, which is needed to download the tools. Install it, for example "
        "with `sudo apt-get install python3-pip`, and start again."
    )
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise ToolingError(problem)
    with step("Getting pip from the Debian package python3-pip-whl"):
        try:
            run(["apt-get", "-q", "download", "python3-pip-whl"], cwd=scratch)
        except ToolingError as error:
            raise ToolingError(f"{problem}\n{error}") from error
        for archive in scratch.glob("*.deb"):
            run(["dpkg-deb", "--extract", archive, scratch])
    wheel = next(iter(scratch.glob("usr/share/python-wheels/pip-*.whl")), None)
    if wheel is None:
        raise ToolingError(problem)
    return wheel
