"""Which layout of BullMQ keys a queue has, from the version it left in `meta`."""

from enum import StrEnum
import re

_VERSION = re.compile(r"^bullmq:(\d+)\.\d+")


class Layout(StrEnum):
    """Layouts that this project knows.

    BullMQ 5 renames `wait` to `paused` while a queue is paused, BullMQ 6 leaves
    the jobs in `wait`. Nothing is ever written to a queue whose layout is UNKNOWN.
    """

    V5 = "v5"
    V6 = "v6"
    UNKNOWN = "unknown"


def layout_of(version: str | None) -> Layout:
    """Return the layout for a `meta.version` such as `bullmq:5.80.5`.

    The field is written by Queue objects only, so it can be missing: UNKNOWN.
    """
    match = _VERSION.match(version or "")
    if match is None:
        return Layout.UNKNOWN
    return {"5": Layout.V5, "6": Layout.V6}.get(match[1], Layout.UNKNOWN)
