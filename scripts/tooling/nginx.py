"""An nginx for tests behind a proxy: the machine's own, or Debian's, without root."""

from __future__ import annotations

import os
from pathlib import Path
import shutil

from . import debian
from .commands import run
from .errors import ToolingError
from .paths import cache_dir
from .progress import step


def find_or_install() -> Path:
    """Return the program; raises `ToolingError` that says what to install when there is none."""
    own = cache_dir() / "nginx" / "usr" / "sbin" / "nginx"
    for found in (shutil.which("nginx"), "/usr/sbin/nginx", own):
        if found and _runs(Path(found)):
            return Path(found)
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        with step("Installing nginx (build server)"):
            run(["apt-get", "-q", "update"])
            run(
                ["apt-get", "-q", "-y", "--no-install-recommends", "install", "nginx"],
                env={"DEBIAN_FRONTEND": "noninteractive"},
            )
        return Path("/usr/sbin/nginx")
    if debian.available():
        with (
            step("Unpacking nginx into the cache"),
            debian.PrivateApt(debian.own_suite(), status=debian.STATUS) as apt,
        ):
            apt.unpack(["nginx"], cache_dir() / "nginx")
        if _runs(own):
            return own
    raise ToolingError(
        "The tests behind a proxy need nginx. Install it, for example with "
        "`sudo apt-get install nginx`, and start again."
    )


def _runs(program: Path) -> bool:
    try:
        run([program, "-v"], timeout=30)
    except ToolingError:
        return False
    return True
