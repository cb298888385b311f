"""A photo hangs: it is shown with its name, cleared by a click, and the truth is told about its worker."""

from collections.abc import Callable
import time
from typing import Any

from scripts.tooling.demo.config_flow import fill_in

from .demo import Demo

DOMAIN = "immich_admin_tools"
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
    seen = demo.visit(
        "/config/devices/dashboard",
        {
            "do": "evaluate",
            "script": "Object.values(document.querySelector('home-assistant').hass.devices)"
            ".map((device) => [device.id, JSON.stringify(device.identifiers)])",
        },
        picture="devices",
    )
    devices: list[list[str]] = seen.results[-2]
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

    page = f"/config/devices/device/{_device(demo, QUEUE)}"
    demo.visit(page, {"do": "see", "text": "Problem"}, picture="queue-stuck")
    demo.visit(
        page,
        {"do": "see", "text": "Clear stuck jobs"},
        {"do": "click", "text": "Press"},
        {"do": "wait", "ms": 1500},
        picture="queue-cleared",
    )
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
