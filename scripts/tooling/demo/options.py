"""Options of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    folder: Path
    host: str
    port: int
    load: bool
    reset: bool
    check: bool
    json: bool
