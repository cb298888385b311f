"""The dashboard in a real browser: what it shows, what its buttons do, and what an update costs."""

from collections.abc import Callable
import json
import time
from typing import Any

from playwright.sync_api import Locator, Page, WebSocketRoute, expect
import pytest

from scripts.tooling.common import say

from .dashboard import (
    GPU_HOST,
    HEADLINE,
    OVERVIEW,
    QUEUES,
    SPEED,
    STUCK_JOBS,
    immich_queue,
    overview,
    quiet_console,
    row,
    violations,
)
from .demo import PATIENCE, Demo

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


def test_the_demo_opens_on_it(demo: Demo) -> None:
    """Is it fine, what is stuck, when is it done: the first thing one sees."""
    with (
        demo.visit("/", "dashboard", width=1480, height=1300) as page,
        quiet_console(page),
    ):
        expect(page.locator(HEADLINE).get_by_role("heading")).not_to_be_empty(
            timeout=PATIENCE
        )
        for tag in (QUEUES, STUCK_JOBS, GPU_HOST, SPEED):
            expect(page.locator(tag).first).to_be_visible()
        assert page.get_by_text("Configuration error").count() == 0


@pytest.mark.parametrize(
    ("picture", "how"),
    [
        ("dashboard-light", {"width": 1280, "height": 1300}),
        ("dashboard-dark", {"width": 1280, "height": 1300, "color_scheme": "dark"}),
        ("dashboard-1080", {"width": 1080, "height": 1700}),
        ("dashboard-phone", {"width": 390, "height": 2000}),
        (
            "dashboard-phone-german",
            {"width": 390, "height": 2000, "language": "de", "color_scheme": "dark"},
        ),
        ("dashboard-320", {"width": 320, "height": 2200}),
        (
            "dashboard-200-percent",
            {"width": 640, "height": 900, "device_scale_factor": 2},
        ),
    ],
)
def test_every_size_theme_and_language(
    demo: Demo, picture: str, how: dict[str, Any]
) -> None:
    """Nothing is cut off, and a screen reader's checks find nothing."""
    idle = "Leerlauf" if how.get("language") == "de" else "idle"
    with demo.visit(OVERVIEW, picture, **how) as page, quiet_console(page):
        page.locator(QUEUES).get_by_text(idle).first.wait_for()
        page.wait_for_timeout(1500)
        wide = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide[0] <= wide[1]
        assert violations(page) == []


def test_pause_and_resume(demo: Demo) -> None:
    """A click on the row does it in Immich, and the row says who did it."""
    with overview(demo, "dashboard-paused", height=1400) as page:
        thumbnails = row(page, "Thumbnails")
        thumbnails.get_by_role("button", name="Pause Thumbnails").click()
        _is_paused(demo, "thumbnailGeneration", True)
        expect(thumbnails).to_contain_text("Paused by hand", timeout=2 * POLL)
        thumbnails.get_by_role("button", name="Resume Thumbnails").click()
        _is_paused(demo, "thumbnailGeneration", False)
        expect(thumbnails).not_to_contain_text("Paused", timeout=2 * POLL)


def test_waiting_jobs_are_cleared_only_after_a_question(demo: Demo) -> None:
    """Escape is no; the answer says how many were cleared."""
    demo.control("pause", queue="sidecar")
    demo.control("jobs", queue="sidecar", count=7)
    assert _waiting(demo, "sidecar") == 7
    with overview(demo, "dashboard-clear-waiting", height=1400) as page:
        sidecar = row(page, "Sidecar")
        expect(sidecar).to_contain_text("7", timeout=2 * POLL)
        _choose(sidecar, page, "Clear 7 waiting…")
        expect(page.get_by_role("button", name="Clear", exact=True)).to_be_focused()
        page.keyboard.press("Escape")
        assert _waiting(demo, "sidecar") == 7
        _choose(sidecar, page, "Clear 7 waiting…")
        demo.take(page, "dashboard-question")
        page.get_by_role("button", name="Clear", exact=True).click()
        expect(page.get_by_text("7 waiting jobs were cleared")).to_be_visible(
            timeout=PATIENCE
        )
        assert _waiting(demo, "sidecar") == 0
        demo.control("resume", queue="sidecar")


def test_by_keyboard_alone(demo: Demo) -> None:
    """Details open with Enter, the menu with Enter and arrows, and Escape goes back."""
    with overview(demo, "dashboard-keyboard", height=1400) as page:
        details = page.locator(QUEUES).get_by_role(
            "button", name="Details of Thumbnails"
        )
        if not details.count():
            details = page.locator(QUEUES).get_by_role("button", name="Thumbnails")
        details.first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Stuck threshold").first).to_be_visible()
        menu = row(page, "Thumbnails").get_by_role("button", name="More actions")
        menu.focus()
        page.keyboard.press("Enter")
        items = page.get_by_role("menuitem")
        expect(items.first).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(items.nth(1)).to_be_focused()
        page.keyboard.press("Escape")
        expect(menu).to_be_focused()
        expect(items).to_have_count(0)


_COUNT_CHANGES = """
() => {
  const observed = { nodes: new Set(), changes: 0, messages: 0 };
  const watch = (root) => {
    new MutationObserver((list) => {
      observed.changes += list.length;
      for (const { target } of list) observed.nodes.add(target);
    }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) watch(element.shadowRoot);
  };
  const cards = [];
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.localName.startsWith("immich-admin-tools-") && element.shadowRoot) cards.push(element);
      else if (element.shadowRoot) find(element.shadowRoot);
    }
  };
  find(document);
  cards.forEach((card) => watch(card.shadowRoot));
  let all = 0;
  const count = (root) => {
    for (const element of root.querySelectorAll("*")) {
      all += 1;
      if (element.shadowRoot) count(element.shadowRoot);
    }
  };
  cards.forEach((card) => count(card.shadowRoot));
  window.observedChanges = observed;
  return { cards: cards.length, elements: all };
}
"""


def test_an_update_touches_only_what_changed(demo: Demo) -> None:
    """Every queue gets a job; the page's own time and the nodes it touches are counted for some polls."""
    with overview(demo, "dashboard-update", width=1480, height=1300) as page:
        page.wait_for_timeout(POLL)
        there = page.evaluate(_COUNT_CHANGES)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def spent() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            named: dict[str, float] = {
                metric["name"]: metric["value"] for metric in metrics
            }
            return 1000 * (
                named["ScriptDuration"]
                + named["LayoutDuration"]
                + named["RecalcStyleDuration"]
            )

        polls = 4
        before = spent()
        for _ in range(polls):
            demo.control("upload", count=5)
            page.wait_for_timeout(POLL)
        cost = (spent() - before) / polls
        seen = page.evaluate(
            "({ nodes: observedChanges.nodes.size, changes: observedChanges.changes })"
        )
    per_poll = seen["changes"] / polls
    say(
        f"\n{there['cards']} cards, {there['elements']} elements; a poll takes {cost:.1f} ms of the page's main thread, "
        f"with {per_poll:.0f} changes of the page; {seen['nodes']} nodes in {polls} polls"
    )
    assert there["cards"] >= 5
    # All that changes is words, rings and bars: a page that is rendered anew has thousands.
    assert 0 < per_poll < there["elements"] / 4
    assert cost < 100


def test_a_change_in_redis_is_on_screen_within_a_poll(demo: Demo) -> None:
    """Pushed, not asked for."""
    demo.control("pause", queue="sidecar")
    with overview(demo, "dashboard-live", height=1400) as page:
        sidecar = row(page, "Sidecar")
        expect(sidecar).to_contain_text("Paused", timeout=2 * POLL)
        took = []
        for number in (11, 22, 33):
            demo.control("jobs", queue="sidecar", count=11)
            begun = time.monotonic()
            expect(sidecar).to_contain_text(str(number), timeout=2 * POLL)
            took.append(time.monotonic() - begun)
        demo.control("drain", queue="sidecar")
        demo.control("resume", queue="sidecar")
    say(f"\non screen after {', '.join(f'{seconds:.1f} s' for seconds in took)}")
    # A poll, and what a busy machine needs to look and to draw.
    assert max(took) < POLL / 1000 + 4


def _hostile(message: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot with what a server should never say."""
    snapshot = message["event"]["snapshot"]
    queue = dict(snapshot["queues"]["faceDetection"])
    snapshot["queues"]["brandNew"] = {
        **queue,
        "name": "brandNew",
        "label": INJECTED,
        "state": "from_the_future",
        "waiting": 123_456_789_012,
        "blocked": False,
        "pause": None,
    }
    snapshot["order"].append("brandNew")
    snapshot["title"] = INJECTED
    stuck = {
        "queue": "brandNew",
        "name": INJECTED,
        "kind": "hung",
        "since": snapshot["as_of"] - 3_000_000,
        "threshold": 300,
        "asset_id": None,
        "size": None,
        "type": "IMAGE",
        "url": "javascript:alert(1)",
        "thumbnail": None,
        "times_stuck": 1,
        "actions": ["clear", "clear_and_restart", "ignore"],
        "under_way": False,
    }
    snapshot["stuck"] = {
        f"brandNew/{number}": {
            **stuck,
            "key": f"brandNew/{number}",
            "job_id": str(number),
            "file_name": INJECTED if number % 2 else f"{'long' * 100}.jpg",
            "path": f"/{'very-long-name/' * 300}{INJECTED}",
        }
        for number in range(50)
    }
    snapshot["stuck_total"] = 1000
    return message


INJECTED = "<img src=x onerror=\"document.title='injected'\">"


@pytest.mark.parametrize("width", [1280, 320])
def test_a_thousand_stuck_jobs_and_hostile_names(demo: Demo, width: int) -> None:
    """No break, no injection; what the server says is changed on its way."""

    def change(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            said = json.loads(text)
            # Home Assistant puts several messages into one.
            for message in said if isinstance(said, list) else [said]:
                event = message.get("event")
                if isinstance(event, dict) and event.get("type") == "snapshot":
                    _hostile(message)
            socket.send(json.dumps(said))

        server.on_message(pass_on)

    with demo.visit(
        "/", f"dashboard-hostile-{width}", width=width, height=2400
    ) as page:
        page.route_web_socket("**/api/websocket", change)
        with quiet_console(page):
            page.goto(OVERVIEW)
            stuck = page.locator(STUCK_JOBS)
            expect(stuck).to_contain_text("1,000", timeout=PATIENCE)
            expect(page.locator(QUEUES)).to_contain_text("123,456,789,012")
            # As it stands there, so it did nothing.
            expect(page.locator(QUEUES)).to_contain_text("onerror=")
            assert stuck.locator("img[src='x'], a[href^='javascript:']").count() == 0
            assert page.title() != "injected"
            assert stuck.get_by_role("listitem").count() <= 50
            fits = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            wide = page.evaluate(fits)
            assert wide[0] <= wide[1]
            assert violations(page) == []
