"""What the tests do with the running demo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any
import urllib.request

from scripts.tooling.browser import Step, View, Visit, visit
from scripts.tooling.screenshot import LOADING

OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

REQUEST_TIMEOUT = 180
"""Seconds: an action that restarts the workers answers when they are back."""

LOAD_TIMEOUT = 90_000
"""ms: the first page of a fresh browser, on a busy machine."""

VISIT_TIMEOUT = 400
"""Seconds for all steps together: one may wait for the workers."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    ready: Mapping[str, Any]
    """What `scripts/develop --json` says."""

    pictures: Path
    """Where pictures go."""

    def visit(
        self, page: str, *steps: Step, view: View | None = None, picture: str
    ) -> Visit:
        """Open a page as the logged-in user, do the steps, and take a picture at the end."""
        opening: Sequence[Step] = (
            {"do": "goto", "url": f"{self.ready['url']}{page}"},
            {"do": "gone", "selector": LOADING, "timeout": LOAD_TIMEOUT},
        )
        path = self.pictures / f"{picture}.png"
        return visit(
            [*opening, *steps, {"do": "screenshot", "path": str(path)}],
            url=self.ready["url"],
            tokens=self.ready["tokens"],
            view=view,
            failed_picture=path,
            timeout=VISIT_TIMEOUT,
        )

    def control(self, command: str, **body: Any) -> Any:
        """Send a command to the simulated Immich, see simulator/README.md."""
        request = urllib.request.Request(
            f"{self.ready['control_url']}/{command}", json.dumps(body).encode()
        )
        with OPEN(request, timeout=REQUEST_TIMEOUT) as answer:
            return json.load(answer)

    def control_get(self, what: str) -> Any:
        """Ask the simulated Immich: `truth`, `state`."""
        with OPEN(f"{self.ready['control_url']}/{what}", timeout=30) as answer:
            return json.load(answer)

    def api(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask Home Assistant's REST API."""
        request = urllib.request.Request(
            f"{self.ready['url']}{path}",
            json.dumps(body).encode() if body is not None else None,
            {
                "Authorization": f"Bearer {self.ready['tokens']['access_token']}",
                "Content-Type": "application/json",
            },
        )
        with OPEN(request, timeout=REQUEST_TIMEOUT) as answer:
            return json.load(answer)
