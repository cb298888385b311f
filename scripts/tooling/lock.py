"""Compiles the lock files in requirements/."""

from __future__ import annotations

import ast
import json
from pathlib import Path
import tempfile

from .bootstrap import PYTHON_MINIMUM, run_uv
from .common import INTEGRATION, REPOSITORY, REQUIREMENTS, step
from .environments import ALL, HomeAssistantVersion

INTEGRATION_SOURCE = REQUIREMENTS / "integration.in"
"""Part of each lock's source."""

_COMPONENTS = (
    "conversation",
    "history",
    "logbook",
    "prometheus",
    "recorder",
    "wake_on_lan",
)
"""What tests and demo load on top of what Home Assistant loads by default.

Home Assistant installs their packages when it first loads them. Here they are part of the lock files,
so that nothing is downloaded while it runs.
"""

_WITHOUT_WHEEL = ("pymicro-vad", "pyspeex-noise")
"""Would need a compiler: demo/without_voice/ has stand-ins."""


def compile_all(*, upgrade: bool) -> None:
    """Compile every lock; `upgrade` takes the newest releases that fit."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    # So that tests and users have the same.
    _write(
        INTEGRATION_SOURCE, manifest["requirements"], "the integration's manifest.json"
    )
    for version in ALL:
        with (
            step(f"Locking the packages for Home Assistant {version.version}"),
            tempfile.TemporaryDirectory(prefix="immich-admin-tools-lock-") as folder,
        ):
            _compile(version, Path(folder), upgrade=upgrade)


def _compile(version: HomeAssistantVersion, folder: Path, *, upgrade: bool) -> None:
    run_uv(
        *("pip", "install", "--quiet", "--no-deps", "--target", folder),
        *("--python-version", PYTHON_MINIMUM, f"homeassistant=={version.version}"),
    )
    core = folder / "homeassistant"
    needed = _requirements_of_components(core)
    manifests = "the manifests of the components that tests and demo load"
    components = REQUIREMENTS / f"{version.version}-components.in"
    _write(components, needed, manifests)
    overrides = REQUIREMENTS / f"{version.version}-overrides.txt"
    run_uv(
        *("pip", "compile", "--quiet", "--universal", "--no-python-downloads"),
        *("--python-version", PYTHON_MINIMUM, "--annotation-style", "line"),
        *("--no-emit-index-url", "--no-emit-find-links"),
        *("--custom-compile-command", "scripts/lock"),
        *("--constraints", core / "package_constraints.txt"),
        *(("--overrides", overrides) if overrides.is_file() else ()),
        *(("--upgrade",) if upgrade else ()),
        *("--output-file", version.lock, version.lock.with_suffix(".in")),
        cwd=REPOSITORY,
    )
    # No paths of this machine in the comments.
    text = version.lock.read_text().replace(f"{REPOSITORY}/", "")
    version.lock.write_text(text.replace(f"{core}/", ""))


def _write(file: Path, requirements: list[str], source: str) -> None:
    lines = [f"# Written by scripts/lock from {source}.", *requirements]
    file.write_text("\n".join(lines) + "\n")


def _requirements_of_components(core: Path) -> list[str]:
    """Read the requirements of the components and all they depend on, without importing any."""
    default = _strings(core / "bootstrap.py", "DEFAULT_INTEGRATIONS")
    # bootstrap.py adds the entity platforms with an expression.
    platforms = _strings(core / "generated" / "entity_platforms.py")
    to_read = [*_COMPONENTS, *default, *platforms]
    # Asks for packages that are in no manifest; offline, Home Assistant doesn't start without them.
    found = _strings(core / "auth" / "mfa_modules" / "totp.py", "REQUIREMENTS")
    seen: set[str] = set()
    while to_read:
        domain = to_read.pop()
        if domain not in seen:
            seen.add(domain)
            file = core / "components" / domain / "manifest.json"
            manifest = json.loads(file.read_text())
            found.update(manifest.get("requirements", ()))
            to_read.extend(manifest.get("dependencies", ()))
    installable = {
        line for line in found if not line.lower().startswith(_WITHOUT_WHEEL)
    }
    return sorted(installable, key=str.lower)


def _strings(file: Path, variable: str | None = None) -> set[str]:
    """Return the strings of the collection that is assigned to a variable, or all assigned strings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign):
            named = variable in [getattr(target, "id", "") for target in node.targets]
            values = ast.iter_child_nodes(node.value) if variable else (node.value,)
            if named or variable is None:
                found.update(
                    value.value
                    for value in values
                    if isinstance(value, ast.Constant) and isinstance(value.value, str)
                )
    if not found:
        raise ValueError(f"{variable or 'Nothing'} found in {file}")
    return found
