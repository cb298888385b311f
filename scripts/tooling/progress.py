"""Shows each step, what it does and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys
import time


def duration(seconds: float) -> str:
    """Return seconds as people read them, for example `4.2 s` or `3 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def say(text: str) -> None:
    """Print a line at once, also when the output is a pipe."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a line on the error stream."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step before it runs and say how long it took."""
    say(f"==> {title}")
    started = time.monotonic()
    yield
    say(f"    done in {duration(time.monotonic() - started)}")
