"""Remembers that a step is finished, and with what inputs."""

from __future__ import annotations

from collections.abc import Iterable
import hashlib
from pathlib import Path


def digest(parts: Iterable[str | Path]) -> str:
    """Return a hash over strings and the content of files; a missing file counts as such."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = b"file:" + part.read_bytes() if part.is_file() else b"missing"
        else:
            data = b"text:" + part.encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        total.update(f"{len(data)}:".encode() + data)
    return total.hexdigest()


class Stamp:
    """A file that holds the hash of the inputs a finished step had."""

    def __init__(self, file: Path, inputs: Iterable[str | Path]) -> None:
        """Hash the inputs now, so that what changes while the step runs makes it run again."""
        self._file = file
        self._digest = digest(inputs)

    @property
    def fresh(self) -> bool:
        """Whether the step finished before with exactly these inputs."""
        return self._file.is_file() and self._file.read_text().strip() == self._digest

    def write(self) -> None:
        """Say that the step is finished."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_name(self._file.name + ".part")
        partial.write_text(self._digest + "\n")
        partial.replace(self._file)

    def remove(self) -> None:
        """Forget it, before the step changes anything."""
        self._file.unlink(missing_ok=True)
