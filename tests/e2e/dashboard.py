"""What the tests of the dashboard share."""

from collections.abc import Iterator
import contextlib
import json
from pathlib import Path
from typing import Any, cast
import urllib.request

from playwright.sync_api import ConsoleMessage, Locator, Page

from scripts.tooling.demo.folder import DASHBOARD

from .demo import OPEN, Demo

OVERVIEW = f"/{DASHBOARD}/overview"
QUEUES = "immich-admin-tools-queues"
STUCK_JOBS = "immich-admin-tools-stuck-jobs"
HEADLINE = "immich-admin-tools-headline"
GPU_HOST = "immich-admin-tools-gpu-host"
SPEED = "immich-admin-tools-speed"
ACTIVITY = "immich-admin-tools-activity"
STATISTICS = "immich-admin-tools-statistics"
PROBLEM_PHOTOS = "immich-admin-tools-problem-photos"
CARDS = (
    QUEUES,
    STUCK_JOBS,
    HEADLINE,
    GPU_HOST,
    SPEED,
    ACTIVITY,
    STATISTICS,
    PROBLEM_PHOTOS,
)

_AXE = (
    Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
)

_RUN_AXE = """
async (tags) => {
  const cards = [];
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (tags.includes(element.localName)) cards.push(element);
      else if (element.shadowRoot) find(element.shadowRoot);
    }
  };
  find(document);
  const found = [];
  for (const card of cards) {
    const { violations } = await axe.run(card, { resultTypes: ["violations"] });
    for (const { id, nodes } of violations) {
      found.push(...nodes.map((node) => `${card.localName}: ${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`));
    }
  }
  return { cards: cards.length, found };
}
"""


@contextlib.contextmanager
def quiet_console(page: Page) -> Iterator[list[str]]:
    """Collect what the console and the page complain about; none of it may be ours."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" or (
            message.type == "warning" and "immich" in message.text.lower()
        ):
            said.append(f"{message.type}: {message.text} {message.location}")

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(f"page: {error.message}"))
    yield said
    assert said == []


def violations(page: Page) -> list[str]:
    """Return what axe finds in our cards; there must be some."""
    page.add_script_tag(path=_AXE)
    answer = cast("dict[str, Any]", page.evaluate(_RUN_AXE, list(CARDS)))
    assert answer["cards"] > 0
    found: list[str] = answer["found"]
    return found


def row(page: Page, queue: str) -> Locator:
    """Return the row of a queue, by its name."""
    return page.locator(QUEUES).get_by_role("listitem").filter(has_text=queue).first


@contextlib.contextmanager
def overview(demo: Demo, picture: str, **how: Any) -> Iterator[Page]:
    """Open the overview; the console stays free of errors."""
    with (
        demo.visit(OVERVIEW, picture, **how) as page,
        quiet_console(page),
    ):
        page.locator(QUEUES).get_by_text("idle").first.wait_for()
        yield page


def immich_queue(demo: Demo, queue: str) -> dict[str, Any]:
    """Return a queue as Immich's own API tells it."""
    request = urllib.request.Request(
        f"{demo.ready['immich_url']}/api/queues/{queue}",
        headers={"x-api-key": demo.ready["immich_api_key"]},
    )
    with OPEN(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
