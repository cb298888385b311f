"""YAML and JSON files that can't be read are found."""

from pathlib import Path

from tooling.data_files import problem


def test_readable(tmp_path: Path) -> None:
    """Home Assistant's tags, several documents, and JSON."""
    blueprint = tmp_path / "a.yaml"
    blueprint.write_text("entity: !input motion\n---\nother: !include x.yaml\n")
    data = tmp_path / "a.json"
    data.write_text('{"a": [1]}')
    assert problem(blueprint) is None
    assert problem(data) is None


def test_unreadable(tmp_path: Path) -> None:
    """The file is named."""
    blueprint = tmp_path / "a.yaml"
    blueprint.write_text("a: [1\n")
    data = tmp_path / "a.json"
    data.write_text('{"a": 1,}')
    assert str(blueprint) in (problem(blueprint) or "")
    assert str(data) in (problem(data) or "")
