"""Every dialog is opened and submitted as it is, and changes nothing; every repair is done by clicking."""

import json
from pathlib import Path
import time
from typing import Any

import pytest

from scripts.tooling.browser import Step, View

from .demo import Demo

DOMAIN = "immich_admin_tools"
INTEGRATION = f"/config/integrations/integration/{DOMAIN}"
TALL = View(height=1400)
PATIENCE = 90_000
"""ms: a busy machine takes its time, and a restart of the workers too."""


def _press(label: str, *, in_menu: bool = False) -> Step:
    """Press the first icon button of that name; most have no text to click on."""
    buttons = (
        f"window.__look.all('ha-icon-button').filter((it) => it.label === {label!r})"
    )
    return {"do": "evaluate", "script": f"{buttons}[{1 if in_menu else 0}].click()"}


def _see(text: str) -> Step:
    return {"do": "see", "text": text, "timeout": PATIENCE}


def _click(text: str, *, exact: bool = False) -> Step:
    return {"do": "click", "text": text, "exact": exact, "timeout": PATIENCE}


SETTLE: Step = {"do": "wait", "ms": 800}
SUBMIT = (SETTLE, _click("Submit", exact=True))


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


def _picture(demo: Demo, name: str) -> Step:
    return {"do": "screenshot", "path": str(demo.pictures / f"{name}.png")}


@pytest.mark.timeout(600)
def test_dialogs_that_are_submitted_untouched_change_nothing(demo: Demo) -> None:
    """Options, GPU box and connection: in a browser all fields are filled in by themselves."""
    before = _stored(demo)
    demo.visit(
        INTEGRATION,
        _see("Add GPU box"),
        _press("Configure"),
        _see("Days after which"),  # Labels of fields are no text.
        *SUBMIT,
        _see("Options successfully saved"),
        _picture(demo, "dialog-options"),
        _click("Finish", exact=True),
        SETTLE,
        _press("Reconfigure"),
        _see("Reconfigure GPU box"),
        *SUBMIT,
        _see("Reconfiguration was successful"),
        _picture(demo, "dialog-gpu"),
        _click("Close", exact=True),
        view=TALL,
        picture="dialogs",
    )
    assert _stored(demo) == before


def _press_last(text: str) -> Step:
    """Press the last button of that text: the one of the dialog on top."""
    buttons = (
        "window.__look.all('ha-button')"
        f".filter((it) => it.textContent.trim() === {text!r})"
    )
    return {"do": "evaluate", "script": f"{buttons}.at(-1).click()"}


@pytest.mark.timeout(600)
def test_thresholds_per_job_type_are_a_list(demo: Demo) -> None:
    """Rows are added and removed; what is wrong with one is said."""
    opened = (
        _press("Configure"),
        _see("Days after which"),
        SETTLE,
        _click("Stuck jobs", exact=True),
        SETTLE,
    )
    demo.visit(
        INTEGRATION,
        _see("Add GPU box"),
        *opened,
        _press_last("Add"),
        _see("such as AssetEncodeVideo"),
        SETTLE,
        # Nobody said which jobs.
        _press_last("Add"),
        SETTLE,
        *SUBMIT,
        _see("needs a job type and a whole number of seconds"),
        _click("Stuck jobs", exact=True),
        SETTLE,
        _press("Delete"),
        SETTLE,
        _press_last("Add"),
        _see("such as AssetEncodeVideo"),
        SETTLE,
        _click("Job type"),
        SETTLE,
        {"do": "type", "text": "AssetEncodeVideo"},
        SETTLE,
        {"do": "key", "key": "Enter"},
        SETTLE,
        _picture(demo, "dialog-job-threshold"),
        _press_last("Add"),
        SETTLE,
        _see("AssetEncodeVideo"),
        _see("300 s"),
        _picture(demo, "dialog-job-thresholds"),
        *SUBMIT,
        _see("Options successfully saved"),
        view=TALL,
        picture="job-thresholds-saved",
    )
    assert _stored(demo)[0][1]["job_thresholds"] == {"AssetEncodeVideo": 300}
    demo.visit(
        INTEGRATION,
        _see("Add GPU box"),
        *opened,
        _see("AssetEncodeVideo"),
        _press("Delete"),
        SETTLE,
        *SUBMIT,
        _see("Options successfully saved"),
        view=TALL,
        picture="job-thresholds-removed",
    )
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
    demo.visit(
        "/config/repairs",
        _click("Jobs are stuck"),
        _see(job["file_name"]),
        SETTLE,
        _picture(demo, "repair-stuck"),
        _click("Clear", exact=True),
        _see("worker still blocked; needs a restart"),
        SETTLE,
        _picture(demo, "repair-cleared"),
        _click("Choose a restart method"),
        _see("Recommended. Immich restarts its own processes"),
        SETTLE,
        _picture(demo, "repair-ways"),
        _click("Redis message"),
        _see("Turn off to only save the choice"),
        *SUBMIT,
        _see("The workers were restarted"),
        view=TALL,
        picture="repair-restarted",
    )
    assert demo.control_get("truth")["queues"]["ocr"]["hung_now"] == 0
    assert _stored(demo)[0][1]["restart_action"]["ways"] == ["redis"]
