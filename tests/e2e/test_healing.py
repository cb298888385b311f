"""A photo hangs: it is shown with its name, cleared by a click, and the truth is told about its worker."""

from collections.abc import Callable
import time
from typing import Any

from scripts.tooling.demo.home_assistant import fill_in

from .demo import DOMAIN, SETTLE, Demo

QUEUE = "ocr"


def _until[T](look: Callable[[], T | None], what: str, timeout: float = 60) -> T:
    deadline = time.monotonic() + timeout
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(1)
    return found


def _states(demo: Demo) -> dict[str, Any]:
    """Return all states of the integration, by the end of the entity id."""
    return {
        state["entity_id"]: state
        for state in demo.api("/api/states")
        if "immich" in state["entity_id"] or "ocr" in state["entity_id"]
    }


def _entity(demo: Demo, domain: str, ending: str) -> str:
    """Return an entity id: they differ between releases of Home Assistant."""
    return next(
        entity_id
        for entity_id in _states(demo)
        if entity_id.startswith(f"{domain}.") and entity_id.endswith(ending)
    )


def _device(demo: Demo, identifier: str) -> str:
    """Return the id of a device, by the end of our identifier."""
    with demo.visit("/config/devices/dashboard", "devices") as page:
        devices: list[list[str]] = page.evaluate(
            "Object.values(document.querySelector('home-assistant').hass.devices)"
            ".map((device) => [device.id, JSON.stringify(device.identifiers)])"
        )
    return next(
        device_id
        for device_id, identifiers in devices
        if identifiers.endswith(f'{identifier}"]]')
    )


def _stuck_job(demo: Demo) -> dict[str, Any] | None:
    stuck = _states(demo)[_entity(demo, "sensor", "_stuck_jobs")]
    jobs = [job for job in stuck["attributes"]["jobs"] if job["queue"] == QUEUE]
    return jobs[0] if jobs and jobs[0].get("file_name") else None


def _last_heal(demo: Demo, asset_id: str) -> dict[str, Any] | None:
    heal = _states(demo)[_entity(demo, "sensor", "_last_cleared_job")]
    attributes: dict[str, Any] = heal["attributes"]
    return attributes if attributes.get("asset_id") == asset_id else None


def test_a_hung_photo_from_first_sight_to_restart(demo: Demo) -> None:
    """The story that users come for, in the browser."""
    demo.control("hang", queue=QUEUE, count=1)
    demo.api(
        "/api/services/number/set_value",
        {"entity_id": _entity(demo, "number", "ocr_stuck_threshold"), "value": 10},
    )
    job = _until(lambda: _stuck_job(demo), "the job is stuck and named")
    assert job["file_name"].startswith("IMG_")
    assert job["asset_id"] in job["url"]

    device = f"/config/devices/device/{_device(demo, QUEUE)}"
    with demo.visit(device, "queue-stuck") as page:
        page.get_by_text("Problem").first.wait_for()
    with demo.visit(device, "queue-cleared") as page:
        page.get_by_text("Clear stuck jobs").first.wait_for()
        page.get_by_text("Press", exact=True).click()
        page.wait_for_timeout(2 * SETTLE)
    heal = _until(lambda: _last_heal(demo, job["asset_id"]), "the outcome is known")
    # Right after its threshold a job may simply be big.
    assert heal["kind"] in ("hung", "long_running")
    assert heal["outcome"] == "slot_lost"

    # OCR has one slot, and it is lost: nothing goes on until a restart.
    truth = demo.control_get("truth")["queues"][QUEUE]
    assert truth["hung_now"] == 1
    entry_id = demo.api(f"/api/config/config_entries/entry?domain={DOMAIN}")[0][
        "entry_id"
    ]
    flow = demo.api("/api/config/config_entries/options/flow", {"handler": entry_id})
    demo.api(
        f"/api/config/config_entries/options/flow/{flow['flow_id']}",
        # Other tests here restart too.
        fill_in(flow["data_schema"], {"ways": ["redis"], "cool_down": {"minutes": 0}}),
    )
    answer = demo.api(f"/api/services/{DOMAIN}/restart_workers?return_response", {})
    assert answer["service_response"]

    def goes_on() -> bool | None:
        now = demo.control_get("truth")["queues"][QUEUE]
        return True if now["finished"] > truth["finished"] else None

    assert _until(goes_on, "the queue goes on after the restart", 120)
    assert demo.control_get("truth")["queues"][QUEUE]["hung_now"] == 0
