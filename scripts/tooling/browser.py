"""Looks at pages in a headless Chromium and acts on them, with the help of browser.mjs.

Steps are small dictionaries, for example `{"do": "goto", "url": …}`, `{"do": "see", "text": …}`,
`{"do": "click", "selector": …}`, `{"do": "type", "text": …}`, `{"do": "key", "key": "Enter"}`,
`{"do": "evaluate", "script": …}`, `{"do": "text"}`, `{"do": "view", "width": …, "dark": …}`,
`{"do": "screenshot", "path": …}`, `{"do": "gone", …}`, `{"do": "wait", "ms": …}`. Texts and
selectors are looked for inside of shadow roots too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import subprocess
import tempfile
from typing import Any
import urllib.parse

from . import chromium, node
from .commands import merged_environment
from .errors import ToolingError

Step = Mapping[str, Any]  # a step of browser.mjs
_SCRIPT = Path(__file__).with_name("browser.mjs")


@dataclass(frozen=True, slots=True)
class View:
    """How large the window is and how the page is shown."""

    width: int = 1280
    height: int = 800
    scale: float = 1
    dark: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit gave."""

    results: tuple[Any, ...]
    """One per step, in order; what an `evaluate` or `text` gave, else mostly None."""

    console: tuple[Mapping[str, str], ...]
    """Errors and warnings of the page: level and text."""


def visit(
    steps: Sequence[Step],
    *,
    url: str | None = None,
    tokens: Mapping[str, Any] | None = None,
    view: View | None = None,
    failed_picture: Path | None = None,
    timeout: float = 180,
) -> Visit:
    """Do the steps in a fresh browser; raises `ToolingError` that names the step that failed.

    `url` and `tokens` are Home Assistant's address and login (see `scripts/develop --json`);
    `failed_picture` is where a picture goes when a step fails.
    """
    browser = chromium.find_or_install()
    shown = view or View()
    with tempfile.TemporaryDirectory(prefix="immich-admin-tools-browser-") as profile:
        job = {
            "chromium": str(browser.executable),
            "flags": list(chromium.FLAGS),
            "profile": profile,
            "width": shown.width,
            "height": shown.height,
            "scale": shown.scale,
            "dark": shown.dark,
            "language": shown.language,
            "origin": _origin(url) if url else None,
            "tokens": tokens,
            "steps": [dict(step) for step in steps],
            "onError": str(failed_picture) if failed_picture else None,
        }
        try:
            done = subprocess.run(
                [
                    node.find_or_install().executable,
                    "--experimental-websocket",
                    _SCRIPT,
                ],
                input=json.dumps(job),
                capture_output=True,
                text=True,
                timeout=timeout,
                env=merged_environment(dict(browser.environment)),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolingError(
                f"The browser took longer than {timeout:.0f} s"
            ) from error
    return _read(done)


def _read(done: subprocess.CompletedProcess[str]) -> Visit:
    results = []
    console: tuple[Mapping[str, str], ...] = ()
    for line in done.stdout.splitlines():
        said = json.loads(line)
        if "error" in said:
            raise ToolingError(
                f"The browser could not do {said['step']}: {said['error']}\n"
                f"It shows:\n{said['seen']}"
            )
        if "console" in said:
            console = tuple(said["console"])
        else:
            results.append(said["result"])
    if done.returncode != 0:
        raise ToolingError(f"The browser failed: {done.stderr.strip()}")
    return Visit(tuple(results), console)


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
