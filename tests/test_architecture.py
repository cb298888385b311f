"""The tree: one package per subject, whose `manager.py` alone knows Home Assistant.

Read from the source, without running it.
"""

import ast
from collections.abc import Iterator
import json
from pathlib import Path

OWN = "custom_components.immich_admin_tools"
ROOT = Path(__file__).parent.parent.joinpath(*OWN.split("."))

PURE_PACKAGES = (
    "analysis",
    "bullmq",
    "dashboard",
    "gpu_host",
    "healing",
    "history",
    "immich",
    "pauses",
    "restart",
)
PURE_MODULES = ("serialization",)
"""Of the top level: packages may use them, and they know no more than packages do."""
HOME_ASSISTANTS_PACKAGES = ("repairs", "services")

TOP_LEVEL = {
    # Home Assistant's own names.
    *("__init__", "binary_sensor", "button", "config_flow", "const", "coordinator"),
    *("data", "diagnostics", "entity", "event", "logbook", "number", "select"),
    *("sensor", "switch", "system_health"),
    # And the few that follow them.
    *("clock", "devices", "errors", "forms", "fresh_http", "frontend", "issues"),
    *("options_flow", "permissions", "recorded", "serialization", "settings"),
    *("skipped_jobs", "skipped_watch", "storage", "subentry_flow", "telemetry"),
    *("texts", "user_actions", "views", "websocket_api"),
}

DECIDING = (
    "serialization.py",
    "analysis",
    "dashboard/delta.py",
    "dashboard/figures.py",
    "dashboard/runs.py",
    "dashboard/snapshot.py",
    "dashboard/sparks.py",
    "gpu_host/clocks.py",
    "gpu_host/machine.py",
    "gpu_host/models.py",
    "gpu_host/policy.py",
    "gpu_host/work.py",
    "healing/models.py",
    "healing/policy.py",
    "history/detector.py",
    "history/events.py",
    "history/history.py",
    "history/strikes.py",
    "pauses/leases.py",
)
"""What gets time and data as parameters."""


def _modules(*names: str) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        assert path.exists(), name
        yield from (path,) if path.is_file() else sorted(path.rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """Yield absolute names of all imports of a module, also those in functions."""
    package = [*OWN.split("."), *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=0) if module:
                yield module
            case ast.ImportFrom(module=module, level=level):
                base = package[: len(package) - level + 1]
                yield ".".join([*base, *([module] if module else [])])


def test_only_managers_know_home_assistant() -> None:
    """All else in a package could move out of this project as it is."""
    offenders = []
    pure = {*PURE_PACKAGES, *PURE_MODULES}
    for path in _modules(*PURE_PACKAGES, *(f"{name}.py" for name in PURE_MODULES)):
        if path.name == "manager.py":
            continue
        for name in _imports(path):
            inside = name.removeprefix(OWN).strip(".").split(".")
            if name.startswith("homeassistant") or (
                name.startswith(OWN)
                and (inside[0] not in pure or inside[-1] == "manager")
            ):
                offenders.append(f"{path.relative_to(ROOT)}: {name}")
    assert offenders == []


def test_deciding_does_no_io_and_reads_no_clock() -> None:
    """Time and data come in as parameters."""
    forbidden = {"asyncio", "httpx", "redis", "socket", "time", "os", "pathlib"}
    assert [
        f"{path.relative_to(ROOT)}: {name}"
        for path in _modules(*DECIDING)
        for name in _imports(path)
        if name.split(".")[0] in forbidden
    ] == []


def test_the_top_level_is_home_assistants() -> None:
    """A new subject gets a package; a new room needs a reason here."""
    assert {path.stem for path in ROOT.glob("*.py")} == TOP_LEVEL
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == {
        *PURE_PACKAGES,
        *HOME_ASSISTANTS_PACKAGES,
    }


KNOW_THE_LOADED_ENTRY = {
    *("__init__", "data", "diagnostics", "system_health", "views"),
    "websocket_api",
    *("config_flow", "options_flow", "subentry_flow"),
    *("entity", "binary_sensor", "button", "event", "number", "select"),
    *("sensor", "switch", "repairs", "services"),
}
"""Platforms, actions, dialogs and what reports; all others get what they use."""


def test_only_the_outside_knows_what_an_entry_holds() -> None:
    """`runtime_data` is no service locator."""
    assert {
        path.relative_to(ROOT).parts[0].removesuffix(".py")
        for path in sorted(ROOT.rglob("*.py"))
        if f"{OWN}.data" in _imports(path)
        or "runtime_data" in path.read_text(encoding="utf-8")
    } <= KNOW_THE_LOADED_ENTRY


def test_no_import_circle() -> None:
    """Also none that is there for type checkers only."""
    names = {_name(path): path for path in ROOT.rglob("*.py")}
    left = {
        name: {
            found
            for target in _targets(path)
            if (found := target if target in names else target.rpartition(".")[0])
            in names
        }
        - {name}
        for name, path in names.items()
    }
    while done := {name for name, needs in left.items() if not needs & left.keys()}:
        for name in done:
            del left[name]
    assert sorted(left) == []


def _name(path: Path) -> str:
    parts = [*OWN.split("."), *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _targets(path: Path) -> Iterator[str]:
    """Yield what is imported from our own modules, each name as a module might be."""
    package = [*OWN.split("."), *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_the_guard_sees_imports() -> None:
    """It would catch a forbidden import, also a relative and a late one."""
    assert "homeassistant.core" in set(_imports(ROOT / "sensor.py"))
    assert f"{OWN}.analysis.models" in set(_imports(ROOT / "sensor.py"))
    assert f"{OWN}.bullmq.models" in set(_imports(ROOT / "analysis" / "workers.py"))


def test_manifest_is_in_hassfest_order() -> None:
    """Domain and name first, then by name."""
    keys = list(json.loads((ROOT / "manifest.json").read_text(encoding="utf-8")))
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
