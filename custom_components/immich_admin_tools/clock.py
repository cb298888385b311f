"""The clock that shown times, and those that are stored, are on."""

from time import time


def now_ms() -> int:
    """Return the time in ms since the epoch."""
    return int(time() * 1000)
