"""An Immich that answers as one was recorded, and a Redis in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
import json

import httpx

from custom_components.immich_admin_tools.bullmq.errors import BullMQError
from custom_components.immich_admin_tools.bullmq.models import (
    QueueReading,
    RedisReading,
)
from tests.analysis.builders import queue, reading
from tests.immich.recordings import recording

VERSION = "3.1.0"
QUEUES = ("faceDetection", "ocr", "library", "brandNew")
"""Two of machine learning, one of the others, and one that nobody has heard of."""

ASSET_ID = "fa1ce28a-f37f-40e4-bef2-2edb31513834"

REPLIES = {
    ("GET", "/api/server/ping"): "ping",
    ("GET", "/api/server/version"): "version-nokey",
    ("GET", "/api/users/me"): "users-me",
    ("GET", "/api/api-keys/me"): "api-keys-me",
    ("GET", "/api/system-config"): "system-config-get",
    ("GET", f"/api/assets/{ASSET_ID}"): "asset-get",
}


@dataclass
class FakeImmich:
    """Answers requests. `down`: nobody is there; `replies` by method and path."""

    down: bool = False
    replies: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    active: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[str, str, object]] = field(default_factory=list)
    """All that changed something: method, path, body."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        if self.down:
            raise httpx.ConnectError("Nobody answers", request=request)
        key = (request.method, request.url.path)
        body = json.loads(request.content) if request.content else None
        if request.method != "GET":
            self.calls.append((*key, body))
        if (reply := self.replies.get(key)) is not None:
            return reply
        if (name := REPLIES.get(key)) is not None:
            return httpx.Response(200, json=recording(VERSION, name).response)
        match key[1].removeprefix("/api").split("/")[1:]:
            case ["ping"]:
                return httpx.Response(200, text="pong")
            case ["queues"]:
                return httpx.Response(200, json=[self._queue(name) for name in QUEUES])
            case ["queues", name] if name in QUEUES:
                if body is not None:
                    (self.paused.add if body["isPaused"] else self.paused.discard)(name)
                return httpx.Response(200, json=self._queue(name))
            case ["queues", name, "jobs"] if name in QUEUES:
                return httpx.Response(200, json=[])
        unknown = recording(VERSION, "asset-unknown")
        return httpx.Response(unknown.status, json=unknown.response)

    def _queue(self, name: str) -> dict[str, object]:
        is_paused = name in self.paused
        return {
            "name": name,
            "isPaused": is_paused,
            "statistics": {
                "active": self.active.get(name, 0),
                "completed": 0,
                "failed": 0,
                "delayed": 0,
                "waiting": 0 if is_paused else self.waiting.get(name, 0),
                "paused": self.waiting.get(name, 0) if is_paused else 0,
            },
        }


@dataclass
class FakeRedis:
    """Tells what is set, of the queues that are asked for."""

    immich: FakeImmich
    now: int
    """ms since the epoch."""
    error: BullMQError | None = None
    queues: dict[str, QueueReading] = field(default_factory=dict)

    def set(self, one: QueueReading) -> None:
        """Set how one queue stands."""
        self.queues[one.queue] = one

    async def read(self, queues: Collection[str]) -> RedisReading:
        """Poll."""
        if self.error is not None:
            raise self.error
        found = (self.queues.get(name, queue(name)) for name in queues)
        return reading(
            self.now,
            *(replace(it, is_paused=it.queue in self.immich.paused) for it in found),
        )


class FakeClock:
    """Both clocks, which stand still until somebody moves them."""

    def __init__(self, at: int) -> None:
        """Stop at a time, in ms since the epoch."""
        self.at = at

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self.at / 1000

    def monotonic(self) -> float:
        """Return seconds on a clock that began with the test's Home Assistant."""
        return 1_000 + self.at % 86_400_000 / 1000
