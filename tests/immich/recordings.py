"""What two real Immich servers were asked and answered."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from .http_server import Answer

FOLDER = Path(__file__).parent.parent / "fixtures"
VERSIONS = ("3.1.0", "2.7.5")


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and its reply."""

    method: str
    target: str
    body: object
    status: int
    content_type: str
    # Any: the shape differs for each of them, and the tests dig into it.
    response: Any

    def answer(self) -> Answer:
        """Return the reply for the test server."""
        if self.content_type.startswith("image/"):
            content = str(self.response).encode()
        else:
            content = b"" if self.response == "" else json.dumps(self.response).encode()
        return Answer(self.status, content, self.content_type)


def names(version: str) -> list[str]:
    """Return the names of all recordings of a version."""
    return sorted(path.stem for path in (FOLDER / f"immich-{version}").glob("*.json"))


def recording(version: str, name: str) -> Recording:
    """Return one recording."""
    path = FOLDER / f"immich-{version}" / f"{name}.json"
    raw = json.loads(path.read_text("utf-8"))
    headers = dict(line.split(": ", 1) for line in raw["headers"])
    return Recording(
        method=raw["request"]["method"],
        target=raw["request"]["path"],
        body=raw["request"]["body"],
        status=raw["status"],
        content_type=headers.get("Content-Type", ""),
        response=raw["response"],
    )
