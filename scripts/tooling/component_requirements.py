"""What the parts of Home Assistant that demo and tests load need to be installed.

Home Assistant installs such packages when it first loads a component. Here they are part of the
lock files, so that nothing is downloaded while it runs.
"""

from __future__ import annotations

import ast
import json
import zipfile

COMPONENTS = (
    "conversation",
    "history",
    "logbook",
    "prometheus",
    "recorder",
    "wake_on_lan",
)
"""Loaded on top of what Home Assistant loads by default."""

_LOGIN_MODULE = "homeassistant/auth/mfa_modules/totp.py"
"""Asks for packages that are in no manifest; offline, Home Assistant doesn't start without them."""

COMPILED = frozenset({"pymicro-vad", "pyspeex-noise"})
"""Have no wheel for this Python: they are built where there is a compiler, and only for the demo."""


def requirements_of_components(wheel: zipfile.ZipFile) -> list[str]:
    """Return the requirements of the components and all they depend on."""
    seen: set[str] = set()
    found: set[str] = set()
    to_read = [*COMPONENTS, *_loaded_by_default(wheel)]
    while to_read:
        domain = to_read.pop()
        if domain in seen:
            continue
        seen.add(domain)
        manifest = json.loads(
            wheel.read(f"homeassistant/components/{domain}/manifest.json")
        )
        found.update(manifest.get("requirements", ()))
        to_read.extend(manifest.get("dependencies", ()))
    found.update(_assigned_strings(wheel.read(_LOGIN_MODULE), "REQUIREMENTS"))
    return sorted(found, key=str.lower)


def name(requirement: str) -> str:
    """Return the normalised package name: `PyQRCode==1.2` → `pyqrcode`."""
    return requirement.partition("==")[0].partition("[")[0].lower().replace("_", "-")


def _loaded_by_default(wheel: zipfile.ZipFile) -> set[str]:
    """Read what Home Assistant loads unasked out of its source, without importing it."""
    default = _assigned_strings(
        wheel.read("homeassistant/bootstrap.py"), "DEFAULT_INTEGRATIONS"
    )
    # bootstrap.py adds the entity platforms with an expression.
    return default | _enum_values(
        wheel.read("homeassistant/generated/entity_platforms.py")
    )


def _assigned_strings(source: bytes, variable: str) -> set[str]:
    for node in ast.parse(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if (
            isinstance(target, ast.Name)
            and target.id == variable
            and isinstance(node, ast.Assign)
        ):
            return {
                element.value
                for element in ast.iter_child_nodes(node.value)
                if isinstance(element, ast.Constant) and isinstance(element.value, str)
            }
    raise ValueError(f"{variable} not found")


def _enum_values(source: bytes) -> set[str]:
    return {
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
