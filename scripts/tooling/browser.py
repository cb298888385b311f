"""Looks at the demo in a headless Chromium: for its tests and for pictures.

Runs in the environment of the checks, which has Playwright. Its own browsers are not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any
import urllib.parse

from . import bootstrap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LOADING = "#ha-launch-screen, hass-loading-screen, ha-spinner"
"""What Home Assistant shows while a page loads."""

_LOAD_TIMEOUT = 90_000
"""ms: the first page of a fresh browser, on a busy machine."""

_FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    # Nothing but the demo is asked, so that pictures are the same everywhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (not for the scripts)

    chromium = bootstrap.chromium()
    with (
        # What Chromium leaves in the folder for temporary files goes with it.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary,
        sync_playwright() as playwright,
    ):
        started = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=_FLAGS,
            env={**os.environ, **chromium.environment, "TMPDIR": temporary},
            chromium_sandbox=False,
        )
        with started:
            yield started


@contextmanager
def logged_in(
    started: Browser,
    ready: Mapping[str, Any],
    *,
    width: int = 1280,
    height: int = 800,
    language: str = "en",
    **context: Any,
) -> Iterator[Page]:
    """Open an empty page of the demo's user; `ready` is what `scripts/develop --json` says."""
    url = urllib.parse.urlsplit(ready["url"])
    # Before any script of the page: else it goes to the login.
    stored = {
        "hassTokens": json.dumps(ready["tokens"]),
        "selectedLanguage": json.dumps(language),
        "dockedSidebar": '"docked"',
    }
    with started.new_context(
        base_url=ready["url"],
        viewport={"width": width, "height": height},
        locale=language,
        storage_state={
            "cookies": [],
            "origins": [
                {
                    "origin": f"{url.scheme}://{url.netloc}",
                    "localStorage": [
                        {"name": name, "value": value} for name, value in stored.items()
                    ],
                }
            ],
        },
        **context,
    ) as opened:
        yield opened.new_page()


def load(page: Page, address: str) -> None:
    """Open a page of Home Assistant and wait until it is there."""
    from playwright.sync_api import expect  # noqa: PLC0415 (not for the scripts)

    page.goto(address)
    loading = page.locator(_LOADING).filter(visible=True)
    expect(loading).to_have_count(0, timeout=_LOAD_TIMEOUT)
