"""Readings as a poll would return them, with as little to write as possible."""

from collections.abc import Mapping

from custom_components.immich_admin_tools.bullmq.keys import Layout, layout_of
from custom_components.immich_admin_tools.bullmq.models import (
    ActiveJob,
    Heartbeat,
    JobEvent,
    JsonValue,
    QueueReading,
    RedisReading,
    StreamState,
)

NOW = 1_795_163_400_000
"""ms; any moment will do."""

SECOND = 1_000
VERSION = "bullmq:5.80.5"


def job(
    job_id: str = "1",
    *,
    started: int | None = NOW,
    name: str | None = "AssetDetectFaces",
    lock: str | None = "token:1",
    lock_ttl: int = 29_000,
    missing: bool = False,
    data: Mapping[str, JsonValue] | None = None,
    stalled_count: int = 0,
) -> ActiveJob:
    """Return an active job; `missing` is one without a hash."""
    return ActiveJob(
        job_id=job_id,
        name=None if missing else name,
        added_at=None if missing or started is None else started - 1,
        processed_on=None if missing else started,
        data=data,
        data_problem=None,
        stalled_count=stalled_count,
        lock_token=lock,
        lock_ttl=None if lock is None else lock_ttl,
        hash_missing=missing,
    )


def beat(at: int, *, age: int = 0, skew: int = 0) -> Heartbeat:
    """Return a heartbeat that is `age` ms old at `at`, by a worker's clock."""
    return Heartbeat(written_at=at - age + skew, ttl=30_000 - age)


def event(
    entry_id: str,
    kind: str,
    job_id: str | None = None,
    *,
    prev: str | None = None,
    name: str | None = None,
) -> JobEvent:
    """Return an entry of the event stream."""
    return JobEvent(entry_id, kind, job_id, prev, name)


def queue(
    name: str = "faceDetection",
    *,
    jobs: tuple[ActiveJob, ...] = (),
    active: int | None = None,
    wait: int = 0,
    paused: int = 0,
    prioritized: int = 0,
    delayed: int = 0,
    failed: int = 0,
    is_paused: bool = False,
    job_counter: int | None = 0,
    heartbeat: Heartbeat | None = None,
    stream: StreamState | None = None,
    events: tuple[JobEvent, ...] = (),
    events_complete: bool = True,
    next_job_added_at: int | None = None,
    version: str | None = VERSION,
    wrong_types: tuple[str, ...] = (),
) -> QueueReading:
    """Return one queue of a poll."""
    return QueueReading(
        queue=name,
        version=version,
        layout=layout_of(version) if version else Layout.UNKNOWN,
        is_paused=is_paused,
        wait=wait,
        paused=paused,
        prioritized=prioritized,
        active=len(jobs) if active is None else active,
        delayed=delayed,
        failed=failed,
        job_counter=job_counter,
        next_job_id=None,
        next_job_added_at=next_job_added_at,
        heartbeat=heartbeat,
        stream=stream,
        events=events,
        events_complete=events_complete,
        jobs=jobs,
        wrong_types=wrong_types,
    )


def reading(at: int, *queues: QueueReading, run_id: str = "run-1") -> RedisReading:
    """Return a poll at `at` (ms)."""
    return RedisReading(
        time=at,
        run_id=run_id,
        server_version="9.1.0",
        latency=0.002,
        round_trips=2,
        queues={one.queue: one for one in queues},
    )
