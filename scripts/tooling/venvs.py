"""The virtual environments, one per Home Assistant version."""

from __future__ import annotations

from collections.abc import Collection
import os
from pathlib import Path

from . import plugin_patches
from .errors import ToolingError
from .homeassistant_versions import ALL, MAIN, NEWEST, HomeAssistantVersion
from .paths import MAIN_VENV, VENVS, cache_dir
from .progress import say, step
from .stamps import Stamp
from .uv import run_uv


def make_all(
    interpreter: Path, versions: Collection[HomeAssistantVersion] = ALL
) -> None:
    """Make every environment that is missing or out of date."""
    for version in sorted(versions, key=lambda version: version is not MAIN):
        _make(version, interpreter)
        if version is MAIN:
            _link_main()


def _make(version: HomeAssistantVersion, interpreter: Path) -> None:
    inputs: list[str | Path] = [str(interpreter), version.lock]
    if version is NEWEST:
        inputs += [version.compiled, repr(plugin_patches.PATCHES)]
    stamp = Stamp(version.venv / ".setup", inputs)
    if stamp.fresh:
        return
    with step(f"Installing Home Assistant {version.version} and its test plugin"):
        stamp.remove()
        if not _same_interpreter(version, interpreter):
            VENVS.mkdir(exist_ok=True)
            run_uv(
                ["venv", "--quiet", "--clear", "--python", interpreter, version.venv]
            )
        # `sync` installs exactly what the lock says and never resolves anything.
        run_uv(["pip", "sync", "--quiet", "--python", version.python, version.lock])
        if version is NEWEST:
            plugin_patches.apply(_site_packages(version))
            _build(version, interpreter)
        stamp.write()


def _build(version: HomeAssistantVersion, interpreter: Path) -> None:
    """Build the packages that have no wheel; without a compiler the demo lacks voice only."""
    root = interpreter.parents[1]
    headers = [
        root / "include",
        *(root / "include").glob("python3*"),
        *root.glob("include/*-linux-gnu"),
    ]
    arguments = ("pip", "install", "--quiet", "--python", version.python)
    try:
        run_uv(
            [*arguments, "--no-deps", "--requirements", version.compiled],
            env={"CPATH": os.pathsep.join(str(folder) for folder in headers)},
        )
    except ToolingError as error:
        log = cache_dir() / "build-of-voice-packages.log"
        log.write_text(f"{error}\n")
        say(
            "    two packages for voice could not be built (needs a C++ compiler). Tests and demo "
            f"work without them; what the build said is in {log}"
        )


def _site_packages(version: HomeAssistantVersion) -> Path:
    return next(version.venv.glob("lib/python3*/site-packages"))


def _same_interpreter(version: HomeAssistantVersion, interpreter: Path) -> bool:
    return (
        version.python.is_file() and version.python.resolve() == interpreter.resolve()
    )


def _link_main() -> None:
    """Make `.venv` a link to the environment that editors and checks use."""
    wanted = Path(os.path.relpath(MAIN.venv, MAIN_VENV.parent))
    if MAIN_VENV.is_symlink():
        if MAIN_VENV.readlink() == wanted:
            return
        MAIN_VENV.unlink()
    elif MAIN_VENV.exists():
        raise ToolingError(
            f"{MAIN_VENV} is not a link of ours. Move it away and start again."
        )
    MAIN_VENV.symlink_to(wanted)
