"""Starts the demo and a browser once for all tests here."""

from collections.abc import Callable, Iterator
import contextlib
import fcntl
import json
from pathlib import Path
import select
import subprocess
import sys

from playwright.sync_api import Browser
import pytest

from scripts.tooling.browser import browser
from scripts.tooling.environments import NEWEST

from .demo import Demo

_REPOSITORY = Path(__file__).parents[2]
_START_TIMEOUT = 240


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium."""
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Demo]:
    """Run `scripts/develop` with a folder and ports of its own."""
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "develop.log"
    with log.open("wb") as errors, _one_at_a_time() as started:
        process = subprocess.Popen(
            [
                sys.executable,
                _REPOSITORY / "scripts" / "develop",
                *("--json", "--port", "0", "--folder", folder / "demo"),
                *("--release", NEWEST.version),
            ],
            cwd=_REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdout
            readable, _, _ = select.select([process.stdout], [], [], _START_TIMEOUT)
            line = process.stdout.readline() if readable else b""
            assert line, f"The demo didn't start:\n{log.read_text()}"
            started()
            yield Demo(
                json.loads(line), chromium, pictures=_REPOSITORY / ".reports" / "e2e"
            )
        finally:
            process.terminate()
            process.wait(60)
            assert process.stdout
            process.stdout.close()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[Callable[[], None]]:
    """Let no other process of the tests start a demo until this one has its ports."""
    reports = _REPOSITORY / ".reports"
    reports.mkdir(exist_ok=True)
    with (reports / "e2e.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(lock, fcntl.LOCK_UN)
