"""A Chromium for tests of the user interface: the machine's own, or Debian's, without root."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from . import debian
from .commands import run
from .errors import ToolingError
from .paths import cache_dir
from .progress import step

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PACKAGES = ("chromium", "fonts-dejavu-core")

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    # Nothing but the demo is asked, so that pictures are the same everywhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
"""How it is started."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A Chromium that can be started."""

    executable: Path
    environment: tuple[tuple[str, str], ...] = ()


def find_or_install() -> Chromium:
    """Return a Chromium; raises `ToolingError` that says what to install when there is none."""
    found = _on_path() or _unpacked()
    if found is None and os.environ.get("CI") == "true" and os.geteuid() == 0:
        _install_on_build_server()
        found = _on_path()
    if found is None and debian.available():
        _unpack()
        found = _unpacked()
    if found is None:
        raise ToolingError(
            "The tests in a browser need Chromium. Install it, for example with "
            "`sudo apt-get install chromium fonts-dejavu-core`, and start again."
        )
    return found


def _on_path() -> Chromium | None:
    for name in _NAMES:
        executable = shutil.which(name)
        if executable and _runs(Chromium(Path(executable))):
            return Chromium(Path(executable))
    return None


def _unpacked() -> Chromium | None:
    root = cache_dir() / "chromium"
    if not (root / "complete").is_file():
        return None
    libraries = root / "usr" / "lib" / debian.architecture().triplet
    chromium = Chromium(
        root / "usr" / "lib" / "chromium" / "chromium",
        (
            # The second holds a library of PulseAudio's that no other folder has.
            ("LD_LIBRARY_PATH", f"{libraries}:{libraries / 'pulseaudio'}"),
            ("FONTCONFIG_FILE", str(root / "fonts.conf")),
        ),
    )
    return chromium if _runs(chromium) else None


def _unpack() -> None:
    """Unpack Debian's Chromium with what this machine lacks for it."""
    root = cache_dir() / "chromium"
    with step("Unpacking Chromium into the cache"):
        shutil.rmtree(root, ignore_errors=True)
        with debian.PrivateApt(debian.own_suite(), status=debian.STATUS) as apt:
            apt.unpack(_PACKAGES, root)
        (root / "fonts.conf").write_text(
            '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
            f"  <dir>{root}/usr/share/fonts</dir>\n  <dir>/usr/share/fonts</dir>\n"
            f"  <cachedir>{root}/fontconfig</cachedir>\n</fontconfig>\n"
        )
        (root / "complete").touch()


def _install_on_build_server() -> None:
    with step("Installing Chromium (build server)"):
        run(["apt-get", "-q", "update"])
        run(
            ["apt-get", "-q", "-y", "--no-install-recommends", "install", *_PACKAGES],
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )


def _runs(chromium: Chromium) -> bool:
    try:
        run(
            [chromium.executable, "--version"],
            env=dict(chromium.environment),
            timeout=30,
        )
    except ToolingError:
        return False
    return True
