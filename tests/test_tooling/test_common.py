"""Versions, finished steps, and what the locks have to agree on."""

import json
from pathlib import Path

import pytest

from tooling.bootstrap import acceptable
from tooling.common import INTEGRATION, finished, version_tuple
from tooling.environments import ALL, MAIN, NEWEST
from tooling.lock import INTEGRATION_SOURCE


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


def test_a_step_runs_again_when_an_input_changed(tmp_path: Path) -> None:
    """A changed file, a missing one, and another interpreter."""
    lock, stamp = tmp_path / "lock.txt", tmp_path / ".setup"
    assert not finished(stamp, ["python", lock])
    assert finished(stamp, ["python", lock], now=True)
    assert finished(stamp, ["python", lock])
    assert not finished(stamp, ["other", lock])
    lock.write_text("a==1\n")
    assert not finished(stamp, ["python", lock])
    assert finished(stamp, ["python", lock], now=True)
    lock.write_text("a==2\n")
    assert not finished(stamp, ["python", lock])


def _pins(lock: Path) -> set[str]:
    return {line.split()[0] for line in lock.read_text().splitlines() if line}


def test_each_lock_pins_its_home_assistant() -> None:
    """The lock, its source and the table in the code say the same, and name no package index."""
    for version in ALL:
        assert {
            f"homeassistant=={version.version}",
            f"pytest-homeassistant-custom-component=={version.plugin}",
        } <= _pins(version.lock)
        assert "://" not in version.lock.read_text()


def test_httpx_is_never_beside_its_successor() -> None:
    """Home Assistant puts httpx2 in httpx's place, which fails when both are installed."""
    for version in ALL:
        names = {pin.partition("==")[0] for pin in _pins(version.lock)}
        assert len(names & {"httpx", "httpx2"}) == 1
        # tests/support/newest_release.py stands in for what can't be there then.
        assert ("respx" in names) is (version is not NEWEST)


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
