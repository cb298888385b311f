"""Takes pictures of the running demo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .browser import Step, View, visit
from .demo.folder import DemoFolder
from .progress import say

LOADING = "#ha-launch-screen, hass-loading-screen, ha-spinner"
"""What Home Assistant shows while a page loads."""

_SETTLE = 1500
"""ms that animations and late loaded parts get."""


def take(
    page: str,
    picture: Path,
    *,
    folder: Path,
    view: View,
    see: Sequence[str] = (),
    click: Sequence[str] = (),
    wait: int = _SETTLE,
    whole: bool = False,
) -> None:
    """Open a page of the demo, wait for texts, click on texts in turn, and save a picture.

    `page` is a path such as `/config/devices/dashboard` or a whole address.
    """
    running = DemoFolder(folder).running()
    url = page if "://" in page else f"{running['url']}{page}"
    steps: list[Step] = [
        {"do": "goto", "url": url},
        {"do": "gone", "selector": LOADING},
    ]
    steps += [{"do": "see", "text": text} for text in see]
    for text in click:
        steps += [{"do": "click", "text": text}, {"do": "wait", "ms": _SETTLE // 2}]
    steps += [
        {"do": "wait", "ms": wait},
        {"do": "screenshot", "path": str(picture.resolve()), "whole": whole},
    ]
    done = visit(steps, url=running["url"], tokens=running["tokens"], view=view)
    for line in done.console:
        say(f"    page: {line['level']}: {line['text'][:200]}")
    say(f"{picture}")
