"""What happened to one job since a moment, as far as its queue still tells."""

from dataclasses import dataclass

from redis.asyncio import Redis

from .events import CHUNK, ask_events, entries_of
from .keys import QueueKeys
from .replies import Replies, as_int, as_text
from .translation import translate_errors
from .trip import Trip

_MAX_TRIPS = 20
"""A stream holds about ten times CHUNK."""


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One event of the job."""

    event: str
    prev: str | None
    failed_reason: str | None


@dataclass(frozen=True, slots=True)
class JobTrail:
    """Where the job is, and what happened to it."""

    is_active: bool
    processed_on: int | None
    """Of the run that Redis knows now."""
    failed_reason: str | None
    events: tuple[TrailEvent, ...]
    """Oldest first. The stream is trimmed, so the first ones may be missing."""


async def read_trail(
    client: Redis, prefix: str, queue: str, job_id: str, since: int
) -> JobTrail:
    """Return the trail of a job since a moment (ms, the clock of Redis)."""
    keys = QueueKeys(prefix, queue)
    with translate_errors():
        pipeline = client.pipeline(transaction=False)
        pipeline.lrange(keys.active, 0, -1)
        pipeline.hmget(keys.job(job_id), "processedOn", "failedReason")
        replies = Replies(await pipeline.execute(raise_on_error=False))
    active = replies.take()
    fields = replies.take()
    processed_on, reason = fields if isinstance(fields, list) else (None, None)
    return JobTrail(
        is_active=isinstance(active, list) and job_id.encode() in active,
        processed_on=as_int(processed_on),
        failed_reason=as_text(reason),
        events=await _events(client, keys, job_id, since),
    )


async def _events(
    client: Redis, keys: QueueKeys, job_id: str, since: int
) -> tuple[TrailEvent, ...]:
    found: list[TrailEvent] = []
    position = f"{max(0, since - 1)}-0"
    for _ in range(_MAX_TRIPS):
        with translate_errors():
            trip = Trip()
            ask_events(trip, {keys.events: position})
            replies = await trip.run(client)
        entries = [entry for _, part in entries_of(replies.take()) for entry in part]
        for entry_id, fields in entries:
            position = entry_id.decode()
            if fields and as_text(fields.get(b"jobId")) == job_id:
                found.append(
                    TrailEvent(
                        event=as_text(fields.get(b"event")) or "",
                        prev=as_text(fields.get(b"prev")),
                        failed_reason=as_text(fields.get(b"failedReason")),
                    )
                )
        if len(entries) < CHUNK:
            break
    return tuple(found)
