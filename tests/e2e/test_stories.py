"""Stories on the dashboard that take minutes: a stuck photo, one that is left alone, a GPU box that sleeps and wakes."""

from collections.abc import Callable
import re
import time

from playwright.sync_api import Locator, Page, expect
import pytest

from scripts.tooling.demo.home_assistant import fill_in

from .dashboard import GPU_HOST, STUCK_JOBS, immich_queue, overview, row, violations
from .demo import DOMAIN, PATIENCE, Demo

POLL = 5_000
"""ms between two polls."""


def _until[T](look: Callable[[], T | None], what: str, timeout: float = 60) -> T:
    deadline = time.monotonic() + timeout
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.5)
    return found


def _is_paused(demo: Demo, queue: str, wanted: bool) -> None:
    _until(
        lambda: immich_queue(demo, queue)["isPaused"] is wanted or None,
        f"{queue} is paused: {wanted}",
    )


def _waiting(demo: Demo, queue: str) -> int:
    counts = immich_queue(demo, queue)["statistics"]
    return int(counts["waiting"] + counts["paused"])


def _choose(where: Locator, page: Page, item: str) -> None:
    """Open the menu of a row and choose."""
    where.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()


QUEUE = "duplicateDetection"


@pytest.mark.timeout(400)
def test_a_stuck_photo_from_the_card_to_the_restart(demo: Demo) -> None:
    """Ask, clear, be told the truth about its worker, restart."""
    demo.control("hang", queue=QUEUE, count=1)
    demo.control("jobs", queue=QUEUE, count=3)
    threshold = next(
        state["entity_id"]
        for state in demo.api("/api/states")
        if state["entity_id"].startswith("number.")
        and "duplicate_detection" in state["entity_id"]
        and state["entity_id"].endswith("stuck_threshold")
    )
    demo.api("/api/services/number/set_value", {"entity_id": threshold, "value": 10})
    with overview(demo, "dashboard-stuck", width=1480, height=1060) as page:
        stuck = page.locator(STUCK_JOBS)
        item = stuck.get_by_role("listitem").filter(has_text="Duplicate detection")
        expect(item).to_be_visible(timeout=PATIENCE)
        expect(item.locator("img")).to_be_visible(timeout=PATIENCE)
        demo.take(page, "dashboard-stuck-photo")
        item.get_by_role("button", name="Clear").first.click()
        expect(stuck).to_contain_text("Clear this job?")
        page.keyboard.press("Escape")
        expect(stuck).not_to_contain_text("Clear this job?")
        assert immich_queue(demo, QUEUE)["statistics"]["active"] == 1
        item.get_by_role("button", name="Clear").first.click()
        demo.take(page, "dashboard-stuck-question")
        stuck.get_by_role("button", name="Clear", exact=True).last.click()
        expect(stuck).to_contain_text("the worker is still blocked", timeout=PATIENCE)
        demo.take(page, "dashboard-stuck-outcome")
        assert violations(page) == []
        truth = demo.control_get("truth")["queues"][QUEUE]
        # Immich works on one at a time: nothing goes on.
        assert truth["hung_now"] == 1
        _choose_restart(demo)
        stuck.get_by_role("button", name="Restart workers").first.click()
        stuck.get_by_role("button", name="Restart workers").last.click()
        _until(
            lambda: demo.control_get("truth")["queues"][QUEUE]["hung_now"] == 0 or None,
            "the worker is free",
            120,
        )
        _until(
            lambda: (
                demo.control_get("truth")["queues"][QUEUE]["finished"]
                > truth["finished"]
                or None
            ),
            "the queue goes on",
            120,
        )
        expect(stuck).not_to_contain_text(
            "the worker is still blocked", timeout=PATIENCE
        )


def _choose_restart(demo: Demo) -> None:
    """Let workers be restarted over Redis, as often as the tests like."""
    entry = demo.api(f"/api/config/config_entries/entry?domain={DOMAIN}")[0]
    flows = "/api/config/config_entries/options/flow"
    flow = demo.api(flows, {"handler": entry["entry_id"]})
    answer = fill_in(
        flow["data_schema"], {"ways": ["redis"], "cool_down": {"minutes": 0}}
    )
    demo.api(f"{flows}/{flow['flow_id']}", answer)


@pytest.mark.timeout(400)
def test_a_photo_that_is_left_alone(demo: Demo) -> None:
    """It isn't stuck any more, for any sensor, until its time is over."""
    demo.control("hang", queue="ocr", count=1)
    threshold = next(
        state["entity_id"]
        for state in demo.api("/api/states")
        if state["entity_id"].endswith("ocr_stuck_threshold")
    )
    demo.api("/api/services/number/set_value", {"entity_id": threshold, "value": 10})

    def stuck_jobs() -> int:
        return next(
            int(state["attributes"].get("jobs") is not None and state["state"])
            for state in demo.api("/api/states")
            if state["entity_id"].endswith("_stuck_jobs")
            and state["entity_id"].startswith("sensor.immich_stuck")
        )

    with overview(demo, "dashboard-left-alone", height=1400) as page:
        stuck = page.locator(STUCK_JOBS)
        item = stuck.get_by_role("listitem").filter(has_text="OCR")
        expect(item).to_be_visible(timeout=PATIENCE)
        before = stuck_jobs()
        leave = item.get_by_role("button", name="Leave it 30 min")
        if not leave.count():
            item.get_by_role("button", name="More actions").click()
            leave = page.get_by_role("menuitem", name="Ignore")
        leave.click()
        _until(lambda: stuck_jobs() < before or None, "the sensor says so too")
        # The job itself goes on.
        assert demo.control_get("truth")["queues"]["ocr"]["hung_now"] == 1
    demo.control("unhang", queue="ocr")


@pytest.mark.timeout(400)
def test_the_gpu_box_sleeps_and_wakes(demo: Demo) -> None:
    """By the buttons of its card; its queues are paused before it goes off."""
    with overview(demo, "dashboard-gpu", width=1480, height=1300) as page:
        box = page.locator(GPU_HOST)
        sleep = box.get_by_role("button", name=re.compile("Finish and sleep|Sleep now"))
        sleep.first.click(timeout=PATIENCE)
        _until(
            lambda: demo.control_get("truth")["ml_mode"] == "off" or None,
            "the box is off",
            150,
        )
        expect(box).to_contain_text("Off", timeout=PATIENCE)
        demo.take(page, "dashboard-gpu-off")
        _is_paused(demo, "smartSearch", True)
        # What we paused has no button to resume: it would skip photos.
        search = row(page, "Smart search")
        expect(search).to_contain_text("Paused for you")
        assert search.get_by_role("button", name="Resume Smart search").count() == 0
        box.get_by_role("button", name=re.compile("Wake now|Wake anyway")).click()
        _until(
            lambda: demo.control_get("truth")["ml_mode"] != "off" or None,
            "the box is on",
            120,
        )
        expect(box).to_contain_text("Awake", timeout=PATIENCE)
        _is_paused(demo, "smartSearch", False)
