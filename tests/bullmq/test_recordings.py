"""Recorded states of a real Immich are read as they are."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.keys import Layout
from custom_components.immich_admin_tools.bullmq.models import (
    ActiveJob,
    QueueReading,
    RedisReading,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from tests.support.valkey import restore

FOLDER = Path(__file__).parent.parent / "fixtures" / "redis"
RECORDINGS = sorted(
    path.name.removesuffix(".dump.jsonl") for path in FOLDER.glob("*.dump.jsonl")
)
LONG = 600_000
"""ms: a restored lock has to outlive the test."""

type Keys = Mapping[str, Any]


class Recording:
    """The decoded keys of a recorded state, looked at without the reader's help."""

    def __init__(self, name: str) -> None:
        """Read the decoded keys."""
        text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
        self._keys: Keys = json.loads(text)["keys"]

    @property
    def queues(self) -> list[str]:
        """Return the names of all queues."""
        return sorted({key.split(":")[1] for key in self._keys})

    def value(self, queue: str, part: str, default: Any = None) -> Any:
        """Return the value of a queue's key."""
        found = self._keys.get(f"immich_bull:{queue}:{part}")
        return default if found is None else found["value"]

    def count(self, queue: str, part: str) -> int:
        """Return how many ids a key holds."""
        return len(self.value(queue, part, []))


def _check_counts(recording: Recording, queue: QueueReading) -> None:
    name = queue.queue
    assert queue.wait == recording.count(name, "wait")
    assert queue.paused == recording.count(name, "paused")
    assert queue.prioritized == recording.count(name, "prioritized")
    assert queue.active == recording.count(name, "active")
    assert queue.delayed == recording.count(name, "delayed")
    assert queue.failed == recording.count(name, "failed")
    counter = recording.value(name, "id")
    assert queue.job_counter == (None if counter is None else int(counter))
    assert queue.wrong_types == ()


def _check_meta(recording: Recording, queue: QueueReading) -> None:
    meta = recording.value(queue.queue, "meta")
    assert queue.version == meta["version"]
    assert queue.layout is Layout.V5
    assert queue.is_paused == ("paused" in meta)
    assert queue.writable


def _check_heartbeat(recording: Recording, queue: QueueReading) -> None:
    value = recording.value(queue.queue, "stalled-check")
    if value is None:
        assert queue.heartbeat is None
    else:
        assert queue.heartbeat is not None
        assert queue.heartbeat.written_at == int(value)
        assert LONG - 60_000 < queue.heartbeat.ttl <= LONG


def _check_stream(recording: Recording, queue: QueueReading) -> None:
    stream = recording.value(queue.queue, "events")
    assert queue.events == ()
    assert queue.events_complete
    if stream is None:
        assert queue.stream is None
    else:
        assert queue.stream is not None
        assert queue.stream.length == stream["len"]
        assert queue.stream.last_generated_id == stream["last"][-1][0]
        assert queue.stream.entries_added >= stream["len"]


def _check_next(recording: Recording, queue: QueueReading) -> None:
    waiting = recording.value(queue.queue, "wait", []) + recording.value(
        queue.queue, "paused", []
    )
    if not waiting:
        assert (queue.next_job_id, queue.next_job_added_at) == (None, None)
        return
    assert queue.next_job_id == waiting[-1]
    job = recording.value(queue.queue, waiting[-1])
    assert queue.next_job_added_at == int(job["timestamp"])


def _check_job(recording: Recording, queue: str, job: ActiveJob) -> None:
    fields = recording.value(queue, job.job_id)
    token = recording.value(queue, f"{job.job_id}:lock")
    assert job.hash_missing == (fields is None)
    assert job.lock_token == token
    assert (job.lock_ttl is None) == (token is None)
    if fields is None:
        assert (job.name, job.processed_on, job.data) == (None, None, None)
        return
    assert job.name == fields["name"]
    assert job.added_at == int(fields["timestamp"])
    # One recording caught a job that was just being taken over by a worker.
    assert job.processed_on == (
        int(fields["processedOn"]) if "processedOn" in fields else None
    )
    assert job.data == json.loads(fields["data"])
    assert job.data_problem is None
    assert job.stalled_count == int(fields.get("stc", 0))


@pytest.fixture(params=RECORDINGS)
def recording_name(request: pytest.FixtureRequest) -> str:
    """Return the name of each recording in turn."""
    name: str = request.param
    return name


@pytest.fixture
def recording(recording_name: str) -> Recording:
    """Return the decoded keys of each recording in turn."""
    return Recording(recording_name)


@pytest.fixture
async def reading(
    recording_name: str, recording: Recording, client: Redis
) -> RedisReading:
    """Return what the reader makes of the restored state."""
    await restore(client, FOLDER / f"{recording_name}.dump.jsonl", least_ttl=LONG)
    return await QueueReader(client).read(recording.queues)


async def test_recorded_state_is_read_as_it_is(
    recording: Recording, reading: RedisReading
) -> None:
    """Every key of every queue arrives in the reading."""
    assert list(reading.queues) == recording.queues
    for name, queue in reading.queues.items():
        _check_counts(recording, queue)
        _check_meta(recording, queue)
        _check_heartbeat(recording, queue)
        _check_stream(recording, queue)
        _check_next(recording, queue)
        assert [job.job_id for job in queue.jobs] == recording.value(name, "active", [])
        for job in queue.jobs:
            _check_job(recording, name, job)


def test_recordings_show_every_state() -> None:
    """Otherwise the test above would prove little."""
    recordings = [Recording(name) for name in RECORDINGS]
    seen = {
        part
        for recording in recordings
        for queue in recording.queues
        for part in ("wait", "paused", "active", "failed", "stalled-check")
        if recording.value(queue, part)
    }
    assert seen == {"wait", "paused", "active", "failed", "stalled-check"}
