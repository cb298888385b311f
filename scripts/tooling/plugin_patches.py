"""Makes the test plugin fit the newest Home Assistant, for which it has no release yet.

Each patch replaces a text that has to be there, so a new plugin release that no longer needs one
is noticed by `scripts/setup`, not by a test that fails for no visible reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import ToolingError

_PACKAGE = "pytest_homeassistant_custom_component"


@dataclass(frozen=True, slots=True)
class Patch:
    """One replacement in one file of the plugin."""

    file: str
    old: str
    new: str


PATCHES = (
    # The name is no longer re-exported by the component.
    Patch(
        "common.py",
        "    SERVICE_SET_LEVEL,\n    _clear_logger_overwrites,\n)\n",
        "    SERVICE_SET_LEVEL,\n)\n"
        "from homeassistant.components.logger.helpers import _clear_logger_overwrites\n",
    ),
    # respx needs httpx, and this Home Assistant has httpx2 in its place. Our tests don't use
    # respx; the plugin only looks whether a test has cleaned up after itself.
    Patch(
        "plugins.py",
        "import respx\n",
        "from types import SimpleNamespace\n"
        "respx = SimpleNamespace(mock=SimpleNamespace(routes=(), clear=lambda: None))\n",
    ),
)


def apply(site_packages: Path) -> None:
    """Apply all patches to a fresh installation; raises `ToolingError` when one doesn't fit."""
    for patch in PATCHES:
        file = site_packages / _PACKAGE / patch.file
        text = file.read_text()
        if patch.new in text:
            continue
        if text.count(patch.old) != 1:
            raise ToolingError(
                f"The test plugin's {patch.file} has changed: see scripts/tooling/"
                "plugin_patches.py, and take out the patch that is no longer needed."
            )
        # uv links files of its cache into environments: replace the file, never write into it.
        changed = file.with_name(file.name + ".part")
        changed.write_text(text.replace(patch.old, patch.new))
        changed.replace(file)
