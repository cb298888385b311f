"""Options of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    folder: Path
    host: str
    port: int | None
    """None: the usual one, or a free one when that is taken."""
    load: bool
    reset: bool
    check: bool
    json: bool
