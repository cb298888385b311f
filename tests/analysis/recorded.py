"""Recorded states of a real Redis as polls, with time going on and nobody at work."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import TypedDict, cast

from custom_components.immich_admin_tools.bullmq.models import (
    ActiveJob,
    Heartbeat,
    JsonValue,
    QueueReading,
    RedisReading,
)

from .builders import queue, reading

FOLDER = Path(__file__).parent.parent / "fixtures" / "redis"


class _Key(TypedDict):
    type: str
    pttl: int
    value: object


class Recording:
    """One recorded state."""

    def __init__(self, name: str) -> None:
        """Load it by its file's name without the ending."""
        text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
        loaded = json.loads(text)
        self.taken_at: int = loaded["taken_at_ms"]
        self._keys: Mapping[str, _Key] = loaded["keys"]
        self.queues = sorted({key.split(":")[1] for key in self._keys})

    def poll(self, later: int = 0) -> RedisReading:
        """Return what a poll finds some ms later, when only time has passed."""
        queues = (self._queue(name, later) for name in self.queues)
        return reading(self.taken_at + later, *queues)

    def _get(self, name: str, part: str, later: int) -> tuple[object, int]:
        """Return value and ms left; None when it has expired."""
        key = self._keys.get(f"immich_bull:{name}:{part}")
        if key is None or 0 <= key["pttl"] <= later:
            return None, -1
        return key["value"], key["pttl"] - later

    def _queue(self, name: str, later: int) -> QueueReading:
        def size(part: str) -> int:
            return len(cast("list[object]", self._get(name, part, later)[0] or ()))

        ids = cast("list[str]", self._get(name, "active", later)[0] or ())
        meta = cast("dict[str, str]", self._get(name, "meta", later)[0] or {})
        counter = cast("str | None", self._get(name, "id", later)[0])
        beat, left = self._get(name, "stalled-check", later)
        return queue(
            name,
            jobs=tuple(self._job(name, job_id, later) for job_id in ids),
            wait=size("wait"),
            paused=size("paused"),
            prioritized=size("prioritized"),
            delayed=size("delayed"),
            failed=size("failed"),
            is_paused="paused" in meta,
            job_counter=None if counter is None else int(counter),
            heartbeat=None if beat is None else Heartbeat(int(cast("str", beat)), left),
            version=meta.get("version"),
        )

    def _job(self, name: str, job_id: str, later: int) -> ActiveJob:
        values = cast("dict[str, str] | None", self._get(name, job_id, later)[0])
        token, left = self._get(name, f"{job_id}:lock", later)
        fields = values or {}
        started, added = fields.get("processedOn"), fields.get("timestamp")
        data = cast("dict[str, JsonValue]", json.loads(fields.get("data", "{}")))
        return ActiveJob(
            job_id=job_id,
            name=fields.get("name"),
            added_at=None if added is None else int(added),
            processed_on=None if started is None else int(started),
            data=data,
            data_problem=None,
            stalled_count=int(fields.get("stc", 0)),
            lock_token=cast("str | None", token),
            lock_ttl=None if token is None else left,
            hash_missing=values is None,
        )
