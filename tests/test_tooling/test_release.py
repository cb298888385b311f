"""What is checked and packed for a release."""

import json
from pathlib import Path
import zipfile

import pytest

from tooling import release
from tooling.common import REPOSITORY, ToolingError
from tooling.environments import OLDEST


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one module."""
    integration = tmp_path / "custom_components" / "immich_admin_tools"
    (integration / "bullmq" / "__pycache__").mkdir(parents=True)
    (integration / "manifest.json").write_text('{"version": "1.2.0"}')
    (integration / "bullmq" / "keys.py").write_text("x = 1\n")
    (integration / "bullmq" / "__pycache__" / "keys.pyc").write_bytes(b"x")
    (tmp_path / "hacs.json").write_text(
        json.dumps({"homeassistant": OLDEST.version, "filename": "it.zip"})
    )
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.0] - 2026-12-01\n")
    monkeypatch.setattr(release, "REPOSITORY", tmp_path)
    monkeypatch.setattr(release, "INTEGRATION", integration)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_versions_that_agree() -> None:
    """With and without the usual letter before the number."""
    assert release.check("v1.2.0") == release.check("1.2.0") == "1.2.0"


@pytest.mark.usefixtures("project")
def test_a_tag_that_disagrees() -> None:
    """The manifest is what Home Assistant shows."""
    with pytest.raises(ToolingError, match=r"the tag is v1\.3\.0"):
        release.check("v1.3.0")


def test_a_release_needs_its_changes(project: Path) -> None:
    """An unreleased section is not enough."""
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    with pytest.raises(ToolingError, match=r"no section \[1\.2\.0\]"):
        release.check("v1.2.0")


def test_the_oldest_version_is_a_tested_one(project: Path) -> None:
    """Installers refuse an older Home Assistant by what hacs.json says."""
    (project / "hacs.json").write_text('{"homeassistant": "2025.1.0"}')
    with pytest.raises(ToolingError, match=r"hacs\.json"):
        release.check(None)


@pytest.mark.usefixtures("project")
def test_the_archive_holds_the_files_at_its_top() -> None:
    """Installers unpack it into the integration's folder; caches stay out, bytes are stable."""
    first = release.pack()
    with zipfile.ZipFile(first) as archive:
        assert sorted(archive.namelist()) == ["bullmq/keys.py", "manifest.json"]
    before = first.read_bytes()
    assert release.pack().read_bytes() == before


def test_this_project_could_be_released() -> None:
    """The real files agree with each other."""
    release.check(None)
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    assert hacs["zip_release"]
    assert hacs["filename"].endswith(".zip")
