"""The Home Assistant versions this project is tested with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .paths import REQUIREMENTS, VENVS


@dataclass(frozen=True, slots=True)
class HomeAssistantVersion:
    """One row of the test matrix."""

    version: str
    plugin: str
    """Version of pytest-homeassistant-custom-component."""

    @property
    def venv(self) -> Path:
        """Folder of the virtual environment."""
        return VENVS / self.version

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def lock(self) -> Path:
        """The compiled requirements."""
        return REQUIREMENTS / f"{self.version}.txt"

    @property
    def source(self) -> Path:
        """What the lock is compiled from."""
        return REQUIREMENTS / f"{self.version}.in"

    @property
    def components(self) -> Path:
        """Requirements of Home Assistant's own components, part of `source`."""
        return REQUIREMENTS / f"{self.version}-components.in"

    @property
    def compiled(self) -> Path:
        """Pins of those components' packages that have to be built with a compiler."""
        return REQUIREMENTS / f"{self.version}-compiled.txt"


OLDEST = HomeAssistantVersion("2026.9.0", plugin="0.13.363")
"""The minimum in hacs.json."""

MAIN = HomeAssistantVersion("2026.10.4", plugin="0.13.375")
"""The release the newest test plugin pins: types, snapshots and coverage are checked here."""

NEWEST = HomeAssistantVersion("2026.11.0", plugin="0.13.375")
"""No plugin release pins it yet, so its pin is overridden. The demo runs on it."""

ALL = (OLDEST, MAIN, NEWEST)
