"""Versions, and which Python and Home Assistant are used."""

import json

import pytest

from tooling.homeassistant_versions import ALL, MAIN
from tooling.lock import INTEGRATION_SOURCE
from tooling.paths import INTEGRATION
from tooling.python import acceptable
from tooling.versions import at_least, version_tuple


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v20.20.2", (20, 20, 2)),
        ("3.14.5~rc1-2", (3, 14, 5)),
        ("1:9.2.1", (9, 2, 1)),
        ("0.13.8\n", (0, 13, 8)),
        ("", ()),
        ("none", ()),
    ],
)
def test_version_tuple(text: str, expected: tuple[int, ...]) -> None:
    """Versions as programs and packages write them."""
    assert version_tuple(text) == expected


@pytest.mark.parametrize(
    ("text", "minimum", "expected"),
    [
        ("20.19.0", "20.19.0", True),
        ("v24.1", "20.19.0", True),
        ("20.9.0", "20.19.0", False),
        ("20.19", "20.19.0", True),
        ("", "1.0", False),
    ],
)
def test_at_least(text: str, minimum: str, *, expected: bool) -> None:
    """Numbers are compared as numbers."""
    assert at_least(text, minimum) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.14.2", True),
        ("3.14.12-1", True),
        ("3.14.1", False),
        ("3.14.0~rc2-1", False),
        ("3.13.9", False),
        ("3.15.0", False),
    ],
)
def test_python_that_home_assistant_runs_on(version: str, *, expected: bool) -> None:
    """The series counts, and its first releases do not."""
    assert acceptable(version) is expected


@pytest.mark.parametrize("version", ALL, ids=lambda version: version.version)
def test_each_lock_pins_its_home_assistant(version) -> None:
    """The lock, its source and the table in the code say the same."""
    lock = version.lock.read_text().splitlines()
    assert any(
        line.split()[:1] == [f"homeassistant=={version.version}"] for line in lock
    )
    plugin = f"pytest-homeassistant-custom-component=={version.plugin}"
    assert any(line.split()[:1] == [plugin] for line in lock)


@pytest.mark.parametrize("version", ALL, ids=lambda version: version.version)
def test_locks_name_no_package_index(version) -> None:
    """Where packages come from is the machine's own business."""
    assert "://" not in version.lock.read_text()


def test_httpx_is_never_beside_its_successor() -> None:
    """Home Assistant puts httpx2 in httpx's place, which fails when both are installed."""
    for version in ALL:
        names = {
            line.partition("==")[0] for line in version.lock.read_text().splitlines()
        }
        assert len(names & {"httpx", "httpx2"}) == 1


def test_checks_are_installed_in_the_main_environment_only() -> None:
    """One version of each check, so that they agree."""
    with_ruff = [version for version in ALL if "\nruff==" in version.lock.read_text()]
    assert with_ruff == [MAIN]


def test_locks_hold_what_the_integration_asks_for() -> None:
    """After a change of the manifest's requirements, `scripts/lock` has to be run."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    lines = INTEGRATION_SOURCE.read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == manifest[
        "requirements"
    ]
