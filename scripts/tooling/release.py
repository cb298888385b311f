"""Packs the integration as installers expect it, after checking what a release must agree on."""

from __future__ import annotations

import json
from pathlib import Path
import re
import zipfile

from .common import INTEGRATION, REPOSITORY, ToolingError, say
from .environments import OLDEST

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP can hold: the same files always make the same archive."""


def check(tag: str | None) -> str:
    """Return the version; raises `ToolingError` when tag, manifest, changelog and HACS disagree."""
    version = str(
        json.loads((INTEGRATION / "manifest.json").read_text()).get("version")
    )
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    problems = []
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        problems.append(f"manifest.json has the version {version!r}")
    if tag is not None and tag.removeprefix("v") != version:
        problems.append(f"the tag is {tag}, but manifest.json says {version}")
    if tag is not None and f"## [{version}]" not in changes:
        problems.append(f"CHANGELOG.md has no section [{version}]")
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
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(INTEGRATION.rglob("*")):
            if file.is_file() and not {"__pycache__", ".DS_Store"} & set(file.parts):
                name = file.relative_to(INTEGRATION).as_posix()
                info = zipfile.ZipInfo(name, _EARLIEST)
                target.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED)
        count = len(target.namelist())
    say(f"{archive.relative_to(REPOSITORY)}: {count} files")
    return archive
