"""Packs the integration as installers expect it, after checking what a release must agree on."""

from __future__ import annotations

import json
from pathlib import Path
import re
import zipfile

from .errors import ToolingError
from .homeassistant_versions import OLDEST
from .paths import INTEGRATION, REPOSITORY
from .progress import say

_LEFT_OUT = {"__pycache__", ".DS_Store"}

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP can hold: the same files always make the same archive."""


def check(tag: str | None) -> str:
    """Return the version; raises `ToolingError` when tag, manifest, changelog and HACS disagree."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    version = str(manifest.get("version", ""))
    problems = []
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        problems.append(f"manifest.json has the version {version!r}")
    if tag is not None and tag.removeprefix("v") != version:
        problems.append(f"the tag is {tag}, but manifest.json says {version}")
    if (
        tag is not None
        and f"## [{version}]" not in (REPOSITORY / "CHANGELOG.md").read_text()
    ):
        problems.append(f"CHANGELOG.md has no section [{version}]")
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    if hacs.get("homeassistant") != OLDEST.version:
        problems.append(f"hacs.json doesn't ask for the oldest tested {OLDEST.version}")
    if problems:
        raise ToolingError("No release: " + "; ".join(problems))
    return version


def pack() -> Path:
    """Write dist/<file named in hacs.json>; the integration's files are at its top level."""
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    archive = REPOSITORY / "dist" / str(hacs["filename"])
    archive.parent.mkdir(exist_ok=True)
    files = [
        file
        for file in sorted(INTEGRATION.rglob("*"))
        if file.is_file() and not _LEFT_OUT.intersection(file.parts)
    ]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in files:
            name = file.relative_to(INTEGRATION).as_posix()
            target.writestr(
                zipfile.ZipInfo(name, _EARLIEST),
                file.read_bytes(),
                zipfile.ZIP_DEFLATED,
            )
    say(f"{archive.relative_to(REPOSITORY)}: {len(files)} files")
    return archive
