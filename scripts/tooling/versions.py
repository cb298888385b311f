"""Compares version numbers."""

from __future__ import annotations

import re


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the numbers of a version: `v20.20.2` → (20, 20, 2), `3.14.5~rc1-2` → (3, 14, 5)."""
    match = re.match(r"v?(?:\d+:)?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def at_least(text: str, minimum: str) -> bool:
    """Whether a version is `minimum` or newer; what is no version is not."""
    found, wanted = version_tuple(text), version_tuple(minimum)
    length = max(len(found), len(wanted))
    return bool(found) and found + (0,) * (length - len(found)) >= wanted + (0,) * (
        length - len(wanted)
    )
