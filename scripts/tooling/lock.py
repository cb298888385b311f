"""Compiles the lock files in requirements/."""

from __future__ import annotations

import json
from pathlib import Path
import tempfile
import zipfile

from . import pip
from .component_requirements import COMPILED, name, requirements_of_components
from .homeassistant_versions import ALL, NEWEST, HomeAssistantVersion
from .paths import INTEGRATION, REPOSITORY, REQUIREMENTS
from .progress import step
from .python import MINIMUM
from .uv import run_uv

INTEGRATION_SOURCE = REQUIREMENTS / "integration.in"
"""Part of each lock's source."""

_CONSTRAINTS = "homeassistant/package_constraints.txt"


def compile_all(*, upgrade: bool) -> None:
    """Compile every lock; `upgrade` takes the newest releases that fit."""
    _write_integration()
    for version in ALL:
        with (
            step(f"Locking the packages for Home Assistant {version.version}"),
            tempfile.TemporaryDirectory(prefix="immich-admin-tools-lock-") as folder,
        ):
            _compile(version, Path(folder), upgrade=upgrade)


def _compile(version: HomeAssistantVersion, folder: Path, *, upgrade: bool) -> None:
    wheel_file = pip.download_wheel(f"homeassistant=={version.version}", folder)
    constraints = folder / "package_constraints.txt"
    with zipfile.ZipFile(wheel_file) as wheel:
        constraints.write_bytes(wheel.read(_CONSTRAINTS))
        needed = requirements_of_components(wheel)
    _write(version.components, [item for item in needed if name(item) not in COMPILED])
    if version is NEWEST:
        _write(version.compiled, [item for item in needed if name(item) in COMPILED])
    overrides = version.source.with_name(f"{version.version}-overrides.txt")
    run_uv(
        [
            *("pip", "compile", "--quiet", "--universal", "--python-version", MINIMUM),
            *("--no-python-downloads", "--no-emit-index-url", "--no-emit-find-links"),
            *("--custom-compile-command", "scripts/lock", "--annotation-style", "line"),
            *("--constraints", constraints),
            *(("--overrides", overrides) if overrides.is_file() else ()),
            *(("--upgrade",) if upgrade else ()),
            *("--output-file", version.lock, version.source),
        ],
        cwd=REPOSITORY,
    )
    _forget_folder(version.lock, folder)


def _write_integration() -> None:
    """Take over what the integration asks for, so that nothing else is tested."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    INTEGRATION_SOURCE.write_text(
        "# Written by scripts/lock: what the integration's manifest.json asks for.\n"
        + "".join(f"{requirement}\n" for requirement in manifest["requirements"])
    )


def _write(file: Path, requirements: list[str]) -> None:
    file.write_text(
        "# Written by scripts/lock from the manifests of the components that tests and demo load.\n"
        + "".join(f"{requirement}\n" for requirement in requirements)
    )


def _forget_folder(lock: Path, folder: Path) -> None:
    """Take this machine's temporary and project paths out of the comments."""
    text = lock.read_text()
    lock.write_text(text.replace(f"{folder}/", "").replace(f"{REPOSITORY}/", ""))
