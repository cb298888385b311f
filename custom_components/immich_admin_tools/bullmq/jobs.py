"""Look at the jobs of a queue, page by page, and search those that wait."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import batched

from redis.asyncio import Redis

from .errors import BullMQError, UnknownLayoutError
from .events import CHUNK, ask_events, entries_of
from .keys import QueueKeys
from .locks import LockObservation
from .lua import script_source
from .models import DataProblem, JsonValue, parse_data
from .pipeline import Pipeline, Replies, as_int, as_text
from .recovery import run_script
from .translation import translate_errors

PAGE_SIZE = 100
"""Jobs that one page holds at most."""

CHUNK_SIZE = 100
"""Waiting jobs that one script call looks through: below 1 ms."""

MAX_FOUND = 1000
"""Jobs that a search returns at most."""

# BullMQ keeps the due time in ms in the upper bits of the score.
_DELAY_SCORE = 0x1000

_FIELDS = (
    "name",
    "timestamp",
    "processedOn",
    "finishedOn",
    "failedReason",
    "priority",
    "stc",
    "data",
)

_UNREAD = [None] * 5
"""Values of the fields that a search leaves out: all but name, timestamp, data."""

_FIND_WAITING = script_source("find_waiting")


type _Entries = list[tuple[str, float | None]]
"""Ids with their scores."""


class JobState(StrEnum):
    """Where a job is."""

    ACTIVE = "active"
    WAITING = "waiting"
    """In line without a priority, whether or not the queue is paused."""
    PRIORITIZED = "prioritized"
    """In line with a priority: after all that have none."""
    DELAYED = "delayed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a queue. Times are ms since the epoch."""

    job_id: str
    name: str | None
    data: Mapping[str, JsonValue] | None
    data_problem: DataProblem | None
    added_at: int | None
    processed_on: int | None
    finished_on: int | None
    failed_reason: str | None
    priority: int
    stalled_count: int
    due_at: int | None
    """When a delayed job may run; None for all others."""

    @property
    def hash_missing(self) -> bool:
        """Return whether only the id is left of the job."""
        return self.name is None and self.added_at is None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs of one state."""

    total: int
    """Jobs in this state when the page was read."""
    jobs: tuple[Job, ...]
    next_offset: int | None
    """Where the next page starts; None on the last one."""


class QueueListing:
    """Reads the jobs of the queues under one prefix. Errors as in `errors.py`."""

    def __init__(self, client: Redis, prefix: str) -> None:
        """Keep the client (made with `decode_responses=False`) and the prefix."""
        self._client = client
        self._prefix = prefix

    async def list_jobs(
        self, queue: str, state: JobState, offset: int = 0, count: int = PAGE_SIZE
    ) -> JobPage:
        """Return at most 100 jobs, the next to run first.

        Active jobs come with the oldest first, failed ones with the newest.
        """
        count = min(count, PAGE_SIZE)
        total, entries = await self._entries(queue, state, offset, count)
        if state is not JobState.DELAYED:
            entries = [(job_id, None) for job_id, _ in entries]
        jobs = await self._read_jobs(queue, entries)
        following = offset + len(jobs)
        return JobPage(total, jobs, following if jobs and following < total else None)

    async def find_waiting(
        self, queue: str, uuids: Collection[str], limit: int = MAX_FOUND
    ) -> tuple[Job, ...]:
        """Return waiting and prioritized jobs whose data holds one of the UUIDs.

        That is anywhere in the data: the caller decides whether the UUID is that
        of an asset. Many small calls, so that Redis serves others in between; needs
        the right `+evalsha`.
        """
        found: dict[str, Job] = {}
        for part in ("line", "prioritized"):
            offset, total = 0, 1
            while offset < total and len(found) < limit:
                total, jobs = await self._find_chunk(queue, part, offset, uuids)
                found |= {job.job_id: job for job in jobs}
                offset += CHUNK_SIZE
        return tuple(found.values())[:limit]

    async def observe_locks(
        self, queue: str, job_ids: Collection[str]
    ) -> dict[str, LockObservation]:
        """Return the lock of each job, whether or not the job still exists."""
        keys = QueueKeys(self._prefix, queue)
        with translate_errors():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.time()
            for job_id in job_ids:
                pipeline.get(keys.lock(job_id))
                pipeline.pttl(keys.lock(job_id))
            replies = Replies(await pipeline.execute(raise_on_error=False))
        now = _milliseconds(replies.take())
        return {
            job_id: _observation(now, replies.take(), replies.take())
            for job_id in job_ids
        }

    async def _entries(
        self, queue: str, state: JobState, offset: int, count: int
    ) -> tuple[int, _Entries]:
        """Return how many jobs there are, and those of the page."""
        match state:
            case JobState.ACTIVE:
                return await self._from_lists(queue, ("active",), offset, count)
            case JobState.WAITING:
                return await self._from_lists(queue, ("wait", "paused"), offset, count)
            case JobState.FAILED:
                return await self._from_set(queue, "failed", offset, offset + count - 1)
            case JobState.PRIORITIZED | JobState.DELAYED:
                # Counted from the lowest score: ZRANGE is not among the rights
                # that users are asked for.
                total, entries = await self._from_set(
                    queue, state.value, -offset - count, -offset - 1
                )
                return total, entries[::-1]

    async def _from_lists(
        self, queue: str, parts: Sequence[str], offset: int, count: int
    ) -> tuple[int, _Entries]:
        """Read lists one after the other, each from its tail, where work is taken."""
        keys = QueueKeys(self._prefix, queue)
        total = 0
        ids: list[str] = []
        for part in parts:
            start = max(offset - total, 0)
            end = start + count - len(ids)
            with translate_errors():
                pipeline = self._client.pipeline(transaction=False)
                pipeline.llen(keys.key(part))
                pipeline.lrange(keys.key(part), -end, -start - 1)
                replies = Replies(await pipeline.execute(raise_on_error=False))
            total += as_int(_typed(replies, queue, part)) or 0
            members = _typed(replies, queue, part)
            if end > start and isinstance(members, list):
                ids += [as_text(member) or "" for member in reversed(members)]
        return total, [(job_id, None) for job_id in ids]

    async def _from_set(
        self, queue: str, part: str, first: int, last: int
    ) -> tuple[int, _Entries]:
        """Read ranks of a sorted set, counted from its highest score."""
        key = QueueKeys(self._prefix, queue).key(part)
        with translate_errors():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.zcard(key)
            pipeline.zrevrange(key, first, last, withscores=True)
            replies = Replies(await pipeline.execute(raise_on_error=False))
        total = as_int(_typed(replies, queue, part)) or 0
        members = _typed(replies, queue, part)
        if not isinstance(members, list):
            return total, []
        return total, [(as_text(member) or "", score) for member, score in members]

    async def _read_jobs(self, queue: str, entries: _Entries) -> tuple[Job, ...]:
        keys = QueueKeys(self._prefix, queue)
        with translate_errors():
            pipeline = self._client.pipeline(transaction=False)
            for job_id, _ in entries:
                pipeline.hmget(keys.job(job_id), _FIELDS)
            replies = Replies(await pipeline.execute(raise_on_error=False))
        return tuple(
            _job(job_id, score, replies.take_typed(job_id, []))
            for job_id, score in entries
        )

    async def _find_chunk(
        self, queue: str, part: str, offset: int, uuids: Collection[str]
    ) -> tuple[int, list[Job]]:
        """Return how many wait in this part, and those of the chunk that match."""
        total, *values = await run_script(
            self._client,
            QueueKeys(self._prefix, queue),
            _FIND_WAITING,
            part,
            offset,
            CHUNK_SIZE,
            *uuids,
        )
        return as_int(total) or 0, [
            _job(as_text(job_id) or "", None, [name, added_at, *_UNREAD, data])
            for job_id, name, added_at, data in batched(values, 4, strict=True)
        ]


def _typed(replies: Replies, queue: str, part: str) -> object:
    wrong_types: list[str] = []
    value = replies.take_typed(part, wrong_types)
    if wrong_types:
        raise UnknownLayoutError(queue, f"{part} has an unexpected type")
    return value


def _job(job_id: str, score: float | None, values: object) -> Job:
    """Make a job of the values of `_FIELDS`; all are missing without a hash."""
    raw = values if isinstance(values, list) else [None] * len(_FIELDS)
    fields = dict(zip(_FIELDS, raw, strict=True))
    data, problem = parse_data(fields["data"])
    return Job(
        job_id=job_id,
        name=as_text(fields["name"]),
        data=data,
        data_problem=problem,
        added_at=as_int(fields["timestamp"]),
        processed_on=as_int(fields["processedOn"]),
        finished_on=as_int(fields["finishedOn"]),
        failed_reason=as_text(fields["failedReason"]),
        priority=as_int(fields["priority"]) or 0,
        stalled_count=as_int(fields["stc"]) or 0,
        due_at=None if score is None else int(score) // _DELAY_SCORE,
    )


def _observation(now: int, token: object, ttl: object) -> LockObservation:
    left = as_int(ttl)
    return LockObservation(
        now, as_text(token), left if left is not None and left >= 0 else None
    )


def _milliseconds(time: object) -> int:
    """Return the reply of TIME, (seconds, microseconds), in ms."""
    match time:
        case (int(seconds), int(microseconds)):
            return seconds * 1000 + microseconds // 1000
    raise BullMQError("Redis gives no time")


_MAX_TRIPS = 20
"""A stream holds about ten times CHUNK."""


@dataclass(frozen=True, slots=True)
class JobHistoryEvent:
    """One event of the job."""

    event: str
    prev: str | None
    failed_reason: str | None


@dataclass(frozen=True, slots=True)
class JobHistory:
    """Where the job is, and what happened to it."""

    is_active: bool
    processed_on: int | None
    """Of the run that Redis knows now."""
    failed_reason: str | None
    events: tuple[JobHistoryEvent, ...]
    """Oldest first. The stream is trimmed, so the first ones may be missing."""


async def read_job_history(
    client: Redis, prefix: str, queue: str, job_id: str, since: int
) -> JobHistory:
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
    return JobHistory(
        is_active=isinstance(active, list) and job_id.encode() in active,
        processed_on=as_int(processed_on),
        failed_reason=as_text(reason),
        events=await _events(client, keys, job_id, since),
    )


async def _events(
    client: Redis, keys: QueueKeys, job_id: str, since: int
) -> tuple[JobHistoryEvent, ...]:
    found: list[JobHistoryEvent] = []
    position = f"{max(0, since - 1)}-0"
    for _ in range(_MAX_TRIPS):
        with translate_errors():
            pipeline = Pipeline()
            ask_events(pipeline, {keys.events: position})
            replies = await pipeline.run(client)
        entries = [entry for _, part in entries_of(replies.take()) for entry in part]
        for entry_id, fields in entries:
            position = entry_id.decode()
            if fields and as_text(fields.get(b"jobId")) == job_id:
                found.append(
                    JobHistoryEvent(
                        event=as_text(fields.get(b"event")) or "",
                        prev=as_text(fields.get(b"prev")),
                        failed_reason=as_text(fields.get(b"failedReason")),
                    )
                )
        if len(entries) < CHUNK:
            break
    return tuple(found)
