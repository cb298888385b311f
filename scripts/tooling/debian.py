"""Debian packages unpacked into a folder: no root, and the system stays as it is.

apt runs with its own lists, cache, sources and an empty package database. So it resolves
dependencies as for an empty machine, down to the C library, and installs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import tempfile
from typing import Self

from .apt_sources import Source, debian_archive, read_sources
from .commands import run
from .errors import ToolingError

_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)

STATUS = Path("/var/lib/dpkg/status")
"""What is installed on this machine."""

_TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
"""Debian architecture to the name of its library folder."""

_LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}
"""Debian architecture to the dynamic loader's file name."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What differs between the machines that this way supports."""

    triplet: str
    loader: str


def architecture() -> Architecture:
    """Return this machine's; raises `ToolingError` for one that was never tried."""
    name = run(["dpkg", "--print-architecture"]).strip()
    if name not in _TRIPLETS:
        raise ToolingError(
            f"Debian packages for {name} are not supported by this script."
        )
    return Architecture(_TRIPLETS[name], _LOADERS[name])


def available() -> bool:
    """Whether this machine has Debian's tools and a Debian mirror."""
    tools = all(
        shutil.which(tool) for tool in ("apt-get", "apt-config", "dpkg", "dpkg-deb")
    )
    return tools and debian_archive(read_sources()) is not None


def own_suite() -> str:
    """Return the suite this machine runs, for example `bookworm`."""
    source = debian_archive(read_sources())
    if source is None:
        raise ToolingError("No Debian mirror found in /etc/apt.")
    return source.suites[0]


class PrivateApt:
    """apt with one suite of this machine's own mirror, in a temporary folder.

    Use it as a context manager; entering downloads the package lists.
    """

    def __init__(self, suite: str, *, status: Path | None = None) -> None:
        """Prepare for a suite such as `sid`.

        With `status` (what is installed somewhere), only what is missing there is downloaded.
        """
        source = debian_archive(read_sources())
        if source is None:
            raise ToolingError("No Debian mirror found in /etc/apt.")
        self._source = source
        self._suite = suite
        self._status = status
        self._temporary = tempfile.TemporaryDirectory(prefix="immich-admin-tools-apt-")
        self._root = Path(self._temporary.name)
        self._environment: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        """Download the package lists."""
        try:
            self._environment = {"APT_CONFIG": str(self._write_config()), "LC_ALL": "C"}
            # Without the update error mode a mirror that is out of reach is only a warning.
            run(
                ["apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any"],
                env=self._environment,
                timeout=300,
            )
        except BaseException:
            self._temporary.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the lists and all downloads."""
        self._temporary.cleanup()

    def candidate(self, package: str) -> str | None:
        """Return the version the suite has, or None."""
        for line in run(
            ["apt-cache", "policy", package], env=self._environment
        ).splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "Candidate":
                return None if value == "(none)" else value
        return None

    def unpack(self, packages: Sequence[str], target: Path) -> None:
        """Unpack packages and all they depend on below `target`."""
        run(
            [
                *("apt-get", "-q", "-y", "--no-install-recommends", "--download-only"),
                *("install", *packages),
            ],
            env=self._environment,
        )
        target.mkdir(parents=True, exist_ok=True)
        for archive in sorted((self._root / "cache" / "archives").glob("*.deb")):
            run(["dpkg-deb", "--extract", archive, target])

    def _write_config(self) -> Path:
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (self._root / folder).mkdir(parents=True)
        status = self._status
        if status is None:
            status = self._root / "status"
            status.write_text("")
        sources = self._root / "sources.list"
        sources.write_text(_one_line(self._source, self._suite))
        config = self._root / "apt.conf"
        # Of the machine's settings only those for downloads are kept (a proxy, certificates):
        # its hooks are for its own package database.
        downloads = [
            line
            for line in run(["apt-config", "dump"]).splitlines()
            if line.startswith("Acquire")
        ]
        own = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self._root / "state",
            "Dir::State::status": status,
            "Dir::Cache": self._root / "cache",
            "Acquire::Languages": "none",
            "APT::Immediate-Configure": "false",
            # The folder is this run's own, and the lock of the machine's database needs root.
            "Debug::NoLocking": "true",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        }
        lines = [*downloads, *(f'{name} "{value}";' for name, value in own.items())]
        config.write_text("\n".join(lines) + "\n")
        return config


def _one_line(source: Source, suite: str) -> str:
    keyring = source.signed_by
    if keyring is None:
        keyring = next((str(path) for path in _KEYRINGS if path.is_file()), None)
    options = f"[signed-by={keyring}] " if keyring else ""
    return f"deb {options}{source.uri} {suite} main\n"
