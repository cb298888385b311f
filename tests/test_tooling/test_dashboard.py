"""The demo's dashboard, made from whatever entities there are."""

import json

from tooling.demo.dashboard import build

SENSORS = ("state", "waiting", "active", "rate")
ROWS = [
    ["sensor.immich_waiting", "Immich", "Immich Waiting"],
    *([f"sensor.immich_ocr_{key}", "OCR", f"OCR {key}"] for key in SENSORS),
    ["switch.immich_ocr_processing", "OCR", "OCR Processing"],
    ["button.immich_ocr_clear_stuck", "OCR", "OCR Clear stuck"],
    ["sensor.immich_editor_waiting", "Editor", "Editor Waiting"],
    ["switch.immich_editor_processing", "Editor", "Editor Processing"],
]


def test_sections() -> None:
    """The server comes first, then queues with much to show, then the rest in one section.

    The device's name is in the heading only; one that is that of the device alone stays.
    """
    more = [["binary_sensor.immich_ocr", "OCR", "OCR"]]
    sections = build([*ROWS, *more])["views"][0]["sections"]
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
        ("binary_sensor.immich_ocr", "OCR"),
    ]
    assert shown["Other queues"] == [("sensor.immich_editor_waiting", "Editor Waiting")]


def test_nothing_that_clears_is_on_it() -> None:
    """A click on the demo's dashboard destroys nothing."""
    assert "button." not in json.dumps(build(ROWS))


def test_no_entities() -> None:
    """The integration could not be set up."""
    assert build([])["views"][0]["sections"] == []
