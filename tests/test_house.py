"""The rooms of the house: what may import what, read from the source."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "custom_components" / "immich_admin_tools"
PURE_PACKAGES = ("bullmq", "immich", "analysis", "healing", "gpu_host")
NO_IO = ("analysis",)
NO_IO_MODULES = tuple(
    f"healing/{name}.py"
    for name in (
        "act_book",
        "auto_heal",
        "event_watch",
        "events",
        "history",
        "strikes",
        "acts",
        "aftermath",
        "leases",
        "models",
        "policy",
        "slots",
        "verdicts",
    )
) + tuple(
    f"gpu_host/{name}.py"
    for name in ("clocks", "machine", "models", "pauses", "policy", "reach")
)
LONGEST_FILE = 600


def _modules(*packages: str) -> list[Path]:
    return sorted(
        path for package in packages for path in (ROOT / package).rglob("*.py")
    )


def _imports(path: Path) -> Iterator[str]:
    """Yield absolute names of all imports of a module, also those in functions."""
    package = ["custom_components", "immich_admin_tools"]
    package += path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=0) if module:
                yield module
            case ast.ImportFrom(module=module, level=level):
                base = package[: len(package) - level + 1]
                yield ".".join([*base, *([module] if module else [])])


@pytest.mark.parametrize(
    "path",
    _modules(*PURE_PACKAGES),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_pure_packages_know_nothing_of_home_assistant(path: Path) -> None:
    """They could move out of this project as they are."""
    own = "custom_components.immich_admin_tools"
    for name in _imports(path):
        assert not name.startswith("homeassistant"), name
        if name.startswith(own):
            room = name.removeprefix(own).strip(".").split(".")[0]
            assert room in PURE_PACKAGES, name


@pytest.mark.parametrize(
    "path",
    [*_modules(*NO_IO), *(ROOT / name for name in NO_IO_MODULES)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_deciding_does_no_io_and_reads_no_clock(path: Path) -> None:
    """Time and data come in as parameters."""
    forbidden = {"asyncio", "httpx", "redis", "socket", "time", "os", "pathlib"}
    assert forbidden.isdisjoint(name.split(".")[0] for name in _imports(path))


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_files_stay_small(path: Path) -> None:
    """A file that outgrows its name is to be split by subject."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_the_guard_sees_imports() -> None:
    """It would catch a forbidden import, also a relative and a late one."""
    assert "homeassistant.core" in set(_imports(ROOT / "sensor.py"))
    assert "custom_components.immich_admin_tools.analysis.models" in set(
        _imports(ROOT / "sensor_descriptions.py")
    )
    assert "custom_components.immich_admin_tools.bullmq.keys" in set(
        _imports(ROOT / "analysis" / "models.py")
    )


def test_manifest_is_in_hassfest_order() -> None:
    """Domain and name first, then by name."""
    keys = list(json.loads((ROOT / "manifest.json").read_text(encoding="utf-8")))
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
