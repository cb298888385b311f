"""Patches of the test plugin for the newest Home Assistant."""

from pathlib import Path

import pytest

from tooling.errors import ToolingError
from tooling.plugin_patches import PATCHES, apply


def _plugin(folder: Path) -> Path:
    """Make a plugin that has exactly the texts that are replaced."""
    package = folder / "pytest_homeassistant_custom_component"
    package.mkdir()
    for patch in PATCHES:
        (package / patch.file).write_text(f"before\n{patch.old}after\n")
    return package


def test_applied_once(tmp_path: Path) -> None:
    """A second run changes nothing."""
    package = _plugin(tmp_path)
    apply(tmp_path)
    first = {patch.file: (package / patch.file).read_text() for patch in PATCHES}
    for patch in PATCHES:
        assert first[patch.file] == f"before\n{patch.new}after\n"
    apply(tmp_path)
    assert {
        patch.file: (package / patch.file).read_text() for patch in PATCHES
    } == first


def test_files_shared_with_a_cache_are_left_alone(tmp_path: Path) -> None:
    """Uv hard-links its cache into environments."""
    package = _plugin(tmp_path)
    cached = tmp_path / "cached.py"
    cached.hardlink_to(package / PATCHES[0].file)
    before = cached.read_text()
    apply(tmp_path)
    assert cached.read_text() == before


def test_a_changed_plugin_is_noticed(tmp_path: Path) -> None:
    """A patch that doesn't fit stops the set-up."""
    package = _plugin(tmp_path)
    (package / PATCHES[0].file).write_text("something else\n")
    with pytest.raises(ToolingError, match="plugin_patches"):
        apply(tmp_path)
