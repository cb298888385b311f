"""Every dialog is opened and submitted as it is, and changes nothing; every repair is done by clicking."""

import json
from pathlib import Path
import time
from typing import Any

from playwright.sync_api import Page
import pytest

from .demo import DOMAIN, INTEGRATION, SETTLE, Demo

TALL = 1400
"""Pixels: a long dialog is shown as a whole."""


def _press(page: Page, label: str) -> None:
    """Press the first icon button of that name; most have no text to click on."""
    page.wait_for_timeout(SETTLE)
    page.get_by_role("button", name=label, exact=True).first.click()


def _submit(page: Page) -> None:
    page.wait_for_timeout(SETTLE)
    page.get_by_text("Submit", exact=True).click()


def _stored(demo: Demo) -> list[Any]:
    """Return data, options and subentries of the entry as they are on the disk."""
    time.sleep(2)  # Home Assistant writes them a second after a change.
    config = Path(demo.ready["logs"]).parent / "config"
    stored = json.loads((config / ".storage" / "core.config_entries").read_text())
    return [
        [entry["data"], entry["options"], [sub["data"] for sub in entry["subentries"]]]
        for entry in stored["data"]["entries"]
        if entry["domain"] == DOMAIN
    ]


@pytest.mark.timeout(600)
def test_dialogs_that_are_submitted_untouched_change_nothing(demo: Demo) -> None:
    """Options, GPU box and connection: in a browser all fields are filled in by themselves."""
    before = _stored(demo)
    with demo.visit(INTEGRATION, "dialogs", height=TALL) as page:
        page.get_by_text("Add GPU box").first.wait_for()
        _press(page, "Configure")
        # Labels of fields are no text.
        page.get_by_text("Days after which").first.wait_for()
        _submit(page)
        page.get_by_text("Options successfully saved").wait_for()
        demo.take(page, "dialog-options")
        page.get_by_text("Finish", exact=True).click()
        _press(page, "Reconfigure")
        page.get_by_text("Reconfigure GPU box").wait_for()
        _submit(page)
        page.get_by_text("Reconfiguration was successful").wait_for()
        demo.take(page, "dialog-gpu")
        page.get_by_text("Close", exact=True).click()
    assert _stored(demo) == before


def _press_last(page: Page, text: str) -> None:
    """Press the last button of that text: the one of the dialog on top."""
    page.wait_for_timeout(SETTLE)
    page.get_by_role("button", name=text, exact=True).last.click()


def _open_stuck_jobs(page: Page) -> None:
    """Open the options' section with the thresholds."""
    page.get_by_text("Add GPU box").first.wait_for()
    _press(page, "Configure")
    page.get_by_text("Days after which").first.wait_for()
    page.wait_for_timeout(SETTLE)
    page.get_by_text("Stuck jobs", exact=True).first.click()


@pytest.mark.timeout(600)
def test_thresholds_per_job_type_are_a_list(demo: Demo) -> None:
    """Rows are added and removed; what is wrong with one is said."""
    with demo.visit(INTEGRATION, "job-thresholds-saved", height=TALL) as page:
        _open_stuck_jobs(page)
        _press_last(page, "Add")
        page.get_by_text("such as AssetEncodeVideo").first.wait_for()
        # Nobody said which jobs.
        _press_last(page, "Add")
        _submit(page)
        page.get_by_text("needs a job type and a whole number of seconds").wait_for()
        page.get_by_text("Stuck jobs", exact=True).first.click()
        _press(page, "Delete")
        _press_last(page, "Add")
        page.get_by_text("such as AssetEncodeVideo").first.wait_for()
        page.wait_for_timeout(SETTLE)
        page.get_by_text("Job type").last.click()
        page.wait_for_timeout(SETTLE)
        page.keyboard.type("AssetEncodeVideo")
        page.wait_for_timeout(SETTLE)
        page.keyboard.press("Enter")
        # A number field has no label of its own: it is above its help.
        below = page.get_by_text("counts as stuck after this time").last.bounding_box()
        assert below
        for _ in range(2):
            # The first click closes the list of job types.
            page.mouse.click(below["x"] + 100, below["y"] - 30)
            page.wait_for_timeout(SETTLE)
        page.keyboard.type("300")
        page.wait_for_timeout(SETTLE)
        demo.take(page, "dialog-job-threshold")
        _press_last(page, "Add")
        page.get_by_text("300 s").first.wait_for(timeout=10_000)
        page.wait_for_timeout(SETTLE)
        demo.take(page, "dialog-job-thresholds")
        _submit(page)
        page.get_by_text("Options successfully saved").wait_for(timeout=30_000)
    assert _stored(demo)[0][1]["job_thresholds"] == {"AssetEncodeVideo": 300}
    with demo.visit(INTEGRATION, "job-thresholds-removed", height=TALL) as page:
        _open_stuck_jobs(page)
        page.get_by_text("AssetEncodeVideo").first.wait_for()
        _press(page, "Delete")
        _submit(page)
        page.get_by_text("Options successfully saved").wait_for()
    assert _stored(demo)[0][1]["job_thresholds"] == {}


def _make_stuck(demo: Demo, queue: str, entity: str) -> None:
    """Let a photo hang, and call it stuck soon."""
    demo.control("hang", queue=queue, count=1)
    number = next(
        state["entity_id"]
        for state in demo.api("/api/states")
        if state["entity_id"].startswith("number.")
        and state["entity_id"].endswith(f"{entity}_stuck_threshold")
    )
    demo.api("/api/services/number/set_value", {"entity_id": number, "value": 5})
    until = time.monotonic() + 60
    while not _stuck(demo, entity):
        assert time.monotonic() < until
        time.sleep(1)


def _stuck(demo: Demo, entity: str) -> list[dict[str, Any]]:
    """Return what the queue's binary sensor names."""
    state = next(
        state
        for state in demo.api("/api/states")
        if state["entity_id"].startswith("binary_sensor.")
        and state["entity_id"].endswith(f"{entity}_stuck")
    )
    jobs: list[dict[str, Any]] = state["attributes"].get("jobs", [])
    return jobs


@pytest.mark.timeout(600)
def test_stuck_jobs_are_put_right_by_clicking(demo: Demo) -> None:
    """The repair names the photo; clear, choose how to restart, and all is well."""
    _make_stuck(demo, "ocr", "ocr")
    (job, *_) = _stuck(demo, "ocr")
    assert job["why"]
    assert job["since"]
    with demo.visit("/config/repairs", "repair-restarted", height=TALL) as page:
        page.get_by_text("Jobs are stuck").first.click()
        page.get_by_text(job["file_name"]).first.wait_for()
        page.wait_for_timeout(SETTLE)
        demo.take(page, "repair-stuck")
        page.get_by_text("Clear", exact=True).click()
        page.get_by_text("worker still blocked; needs a restart").first.wait_for()
        page.wait_for_timeout(SETTLE)
        demo.take(page, "repair-cleared")
        page.get_by_text("Choose a restart method").click()
        page.get_by_text("Recommended. Immich restarts its own processes").wait_for()
        page.wait_for_timeout(SETTLE)
        demo.take(page, "repair-ways")
        page.get_by_text("Redis message").click()
        page.get_by_text("Turn off to only save the choice").wait_for()
        _submit(page)
        page.get_by_text("The workers were restarted").first.wait_for()
    assert demo.control_get("truth")["queues"]["ocr"]["hung_now"] == 0
    assert _stored(demo)[0][1]["restart_action"]["ways"] == ["redis"]
