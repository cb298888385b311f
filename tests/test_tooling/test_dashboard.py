"""The demo's dashboard, made from whatever entities there are."""

import json
from pathlib import Path

from tooling.demo import dashboard
from tooling.demo.dashboard import Shown, build, short_name

SENSORS = ("state", "waiting", "active", "rate")
ROWS = [
    ["sensor.immich_waiting", "Immich", "Immich Waiting"],
    *([f"sensor.immich_ocr_{key}", "OCR", f"OCR {key}"] for key in SENSORS),
    ["switch.immich_ocr_processing", "OCR", "OCR Processing"],
    ["button.immich_ocr_clear_stuck", "OCR", "OCR Clear stuck"],
    ["sensor.immich_editor_waiting", "Editor", "Editor Waiting"],
    ["switch.immich_editor_processing", "Editor", "Editor Processing"],
]


def test_the_device_is_in_the_heading_only() -> None:
    """A name that is that of the device alone stays."""
    assert short_name("Face detection", "Face detection Waiting") == "Waiting"
    assert short_name("Face detection", "Face detection") == "Face detection"
    assert short_name("Face detection", "Something else") == "Something else"


def test_sections(tmp_path: Path) -> None:
    """The server comes first, then queues with much to show, then the rest in one section."""
    dashboard.write(ROWS, tmp_path)
    written = json.loads((tmp_path / dashboard.FILE).read_text())
    sections = written["views"][0]["sections"]
    shown = {
        section["cards"][0]["heading"]: [
            (card["entity"], card["name"]) for card in section["cards"][1:]
        ]
        for section in sections
    }
    assert list(shown) == ["Immich", "OCR", "Other queues"]
    assert shown["OCR"] == [
        *((f"sensor.immich_ocr_{key}", key) for key in SENSORS),
        ("switch.immich_ocr_processing", "Processing"),
    ]
    assert shown["Other queues"] == [("sensor.immich_editor_waiting", "Editor Waiting")]


def test_nothing_that_clears_is_on_it() -> None:
    """A click on the demo's dashboard destroys nothing."""
    entities = [Shown(str(row[0]), str(row[1]), str(row[2])) for row in ROWS]
    assert "button." not in json.dumps(build(entities))


def test_no_entities() -> None:
    """The integration could not be set up."""
    assert build([])["views"][0]["sections"] == []
