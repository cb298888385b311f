"""How long each stage took the last time, to say how long is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import json
from pathlib import Path

from .progress import duration


class StageTimes:
    """Seconds by stage name, kept in a file between runs."""

    def __init__(self, file: Path) -> None:
        """Read what is known; an unreadable file counts as none."""
        self._file = file
        self._seconds: dict[str, float] = {}
        try:
            known = json.loads(file.read_text())
        except (OSError, ValueError):
            return
        if isinstance(known, Mapping):
            self._seconds = {
                str(name): float(value)
                for name, value in known.items()
                if isinstance(value, int | float)
            }

    def record(self, stage: str, seconds: float, *, passed: bool) -> None:
        """Remember a run of a stage; one that failed may have ended early."""
        if not passed and seconds < self._seconds.get(stage, 0):
            return
        self._seconds[stage] = round(seconds, 1)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(
            json.dumps(self._seconds, indent=2, sort_keys=True) + "\n"
        )

    def left(self, stages: Iterable[str]) -> str | None:
        """Return the time the stages need, for example `about 4 min 10 s left`; None if unknown."""
        names = list(stages)
        known = [self._seconds[name] for name in names if name in self._seconds]
        if not known:
            return None
        unknown = len(names) - len(known)
        text = f"about {duration(sum(known))} left"
        return f"{text}, without {unknown} new stages" if unknown else text

    def of(self, stage: str) -> float | None:
        """Return the seconds of one stage."""
        return self._seconds.get(stage)
