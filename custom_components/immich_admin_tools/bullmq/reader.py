"""Reads all queues at once: two round trips a poll, however much waits in them."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

from redis.asyncio import Redis

from .events import EventPositions, StreamReading, ask_events, entries_of
from .keys import DEFAULT_PREFIX, QueueKeys, layout_of
from .models import (
    ActiveJob,
    DataProblem,
    Heartbeat,
    JsonValue,
    QueueReading,
    RedisReading,
    StreamState,
    parse_data,
)
from .pipeline import Pipeline, Replies, as_int, as_text, pairs
from .server_info import ServerInfo, server_info
from .translation import translate_errors

MAX_JOBS = 100
"""Active ids read per queue, the oldest first: Immich runs at most a few tens."""


@dataclass(slots=True)
class QueueCountsReading:
    """What the first trip tells about one queue."""

    keys: QueueKeys
    version: str | None = None
    is_paused: bool = False
    lengths: dict[str, int] = field(default_factory=dict)
    job_counter: int | None = None
    active_ids: list[bytes] = field(default_factory=list)
    next_id: bytes | None = None
    heartbeat: Heartbeat | None = None
    stream: StreamState | None = None
    wrong_types: list[str] = field(default_factory=list)


_LISTS = ("wait", "paused", "active")
_SORTED_SETS = ("prioritized", "delayed", "failed")
_COUNTED = _LISTS + _SORTED_SETS
_LOOKED_INTO = (
    "id",
    "events",
    "meta",
    "active",
    "wait",
    "paused",
    "prioritized",
    "stalled-check",
    "stalled-check",
)


def ask_queue_state(trip: Pipeline, keys: QueueKeys) -> None:
    """Add the commands of one queue, in the order that `take_queue_state` expects."""
    for part in _LISTS:
        trip.ask("LLEN", keys.key(part))
    for part in _SORTED_SETS:
        trip.ask("ZCARD", keys.key(part))
    trip.ask("GET", keys.job_counter)
    trip.ask("XINFO", "STREAM", keys.events)
    trip.ask("HMGET", keys.meta, "paused", "version")
    # Workers take from the tail and put at the head: the oldest are at the tail.
    trip.ask("LRANGE", keys.active, -MAX_JOBS, -1)
    trip.ask("LINDEX", keys.wait, -1)
    trip.ask("LINDEX", keys.paused, -1)
    trip.ask("ZREVRANGE", keys.prioritized, -1, -1)
    trip.ask("GET", keys.heartbeat)
    trip.ask("PTTL", keys.heartbeat)


def take_queue_state(replies: Replies, keys: QueueKeys) -> QueueCountsReading:
    """Return what the replies to `ask_queue_state` say."""
    state = QueueCountsReading(keys)
    lengths = replies.take_each(_COUNTED, state.wrong_types)
    for part, length in zip(_COUNTED, lengths, strict=True):
        state.lengths[part] = as_int(length) or 0
    counter, stream, meta, active, wait, paused, prioritized, beat, ttl = (
        replies.take_each(_LOOKED_INTO, state.wrong_types)
    )
    state.job_counter = as_int(counter)
    state.stream = _stream(stream)
    match meta:
        case [is_paused, version]:
            state.is_paused = is_paused is not None
            state.version = as_text(version)
    state.active_ids = _ids(active)
    waiting = [wait, paused, *_ids(prioritized)]
    state.next_id = next((i for i in waiting if isinstance(i, bytes)), None)
    state.heartbeat = _heartbeat(beat, ttl)
    return state


def _ids(reply: object) -> list[bytes]:
    if not isinstance(reply, list):
        return []
    return [item for item in reply if isinstance(item, bytes)]


def _stream(reply: object) -> StreamState | None:
    if not isinstance(reply, list | dict):
        return None
    fields = pairs(reply)
    return StreamState(
        length=as_int(fields.get(b"length")) or 0,
        # Redis 6 doesn't count them: losses can't be told there.
        entries_added=as_int(fields.get(b"entries-added")) or 0,
        last_generated_id=as_text(fields.get(b"last-generated-id")) or "0-0",
    )


def _heartbeat(value: object, ttl: object) -> Heartbeat | None:
    if value is None:
        return None
    return Heartbeat(written_at=as_int(value), ttl=max(0, as_int(ttl) or 0))


_FIELDS = ("name", "timestamp", "processedOn", "stc")


@dataclass(frozen=True, slots=True)
class KnownData:
    """Data that an earlier poll has read: it doesn't change while a job runs."""

    processed_on: int | None
    data: Mapping[str, JsonValue] | None
    problem: DataProblem | None


def ask_job(
    trip: Pipeline, keys: QueueKeys, job_id: bytes, known: KnownData | None
) -> None:
    """Add the commands of one job; its data only when it is not known yet."""
    # Built from bytes: an id that isn't text would name another key otherwise.
    key = keys.base.encode() + job_id
    trip.ask("HMGET", key, *_FIELDS, *(() if known else ("data",)))
    trip.ask("GET", key + b":lock")
    trip.ask("PTTL", key + b":lock")


def take_job(
    replies: Replies, job_id: bytes, known: KnownData | None, wrong_types: list[str]
) -> ActiveJob:
    """Return what the replies to `ask_job` say."""
    name = job_id.decode(errors="replace")
    fields = replies.take_typed(name, wrong_types)
    token = replies.take_typed(f"{name}:lock", wrong_types)
    ttl = as_int(replies.take_typed(f"{name}:lock", wrong_types))
    values = fields if isinstance(fields, list) else [None] * len(_FIELDS)
    data, problem = (
        (known.data, known.problem) if known else parse_data(_bytes(values, 4))
    )
    return ActiveJob(
        job_id=name,
        name=as_text(values[0]),
        added_at=as_int(values[1]),
        processed_on=as_int(values[2]),
        data=data,
        data_problem=problem,
        stalled_count=as_int(values[3]) or 0,
        lock_token=as_text(token),
        lock_ttl=ttl if ttl is not None and ttl >= 0 and token is not None else None,
        hash_missing=name not in wrong_types and all(v is None for v in values),
    )


def _bytes(values: list[object], position: int) -> bytes | None:
    value = values[position] if len(values) > position else None
    return value if isinstance(value, bytes) else None


POLL_TIMEOUT = 10.0
"""Seconds that a whole poll may take."""

MAX_EXTRA_TRIPS = 12
"""Trips beyond the two that one poll may spend on catching up with events."""

type JobKey = tuple[str, bytes]
"""Queue and id of a job."""


@dataclass(slots=True)
class _Poll:
    """What one poll has read so far."""

    server: ServerInfo
    time: int
    states: dict[str, QueueCountsReading]
    streams: dict[str, StreamReading]
    jobs: dict[JobKey, ActiveJob] = field(default_factory=dict)
    next_added_at: dict[str, int | None] = field(default_factory=dict)
    trips: int = 1

    def behind(self) -> dict[str, str]:
        """Return the streams that have unread entries, as XREAD wants them."""
        return {
            stream.keys.events: stream.position
            for stream in self.streams.values()
            if not stream.complete
        }


class QueueReader:
    """Reads the queues under one prefix, poll after poll.

    Between polls it keeps only up to where each event stream was read, and the data
    of the jobs that were active. Nothing is kept of a poll that failed. Not to be
    used by two tasks at once.
    """

    def __init__(self, client: Redis, prefix: str = DEFAULT_PREFIX) -> None:
        self.client = client
        self._prefix = prefix
        self._positions = EventPositions()
        self._wrong_streams: set[str] = set()
        self._known: dict[JobKey, KnownData] = {}
        self._keys: dict[str, QueueKeys] = {}
        self._states_trip: Pipeline | None = None
        """What the last poll asked of these queues: mostly the same as the next one."""

    @property
    def positions(self) -> Mapping[str, str]:
        """Return the id of the last event read, per queue, to be kept by the caller."""
        return dict(self._positions.by_queue)

    def restore_positions(self, positions: Mapping[str, str]) -> None:
        """Go on reading events where an earlier reader stopped."""
        self._positions.by_queue.update(positions)

    async def read(self, queues: Collection[str]) -> RedisReading:
        """Return the state of the queues, and the events since the last poll.

        The first poll of a queue has no events. A key of an unexpected type is
        reported in the reading, a failing server as one of the errors of
        `errors.py`.
        """
        start = perf_counter()
        with translate_errors():
            async with asyncio.timeout(POLL_TIMEOUT):
                poll = await self._read_states(queues)
                await self._read_jobs(poll)
                await self._catch_up(poll)
        self._commit(poll)
        return RedisReading(
            time=poll.time,
            run_id=poll.server.run_id,
            server_version=poll.server.version,
            latency=perf_counter() - start,
            round_trips=poll.trips,
            queues={name: _queue_reading(name, poll) for name in poll.states},
        )

    async def _read_states(self, queues: Collection[str]) -> _Poll:
        """First trip: counts, ids and new events of all queues."""
        trip = Pipeline()
        trip.ask_again(self._packed_states(queues))
        keys = self._keys
        positions = {
            keys[name].events: position
            for name, position in self._positions.by_queue.items()
            if name in keys and name not in self._wrong_streams
        }
        if positions:
            ask_events(trip, positions)
        replies = await trip.run(self.client)
        server = server_info(replies.take())
        seconds, microseconds = cast(tuple[bytes, bytes], replies.take())
        states = {name: take_queue_state(replies, keys[name]) for name in keys}
        streams = {
            name: self._positions.begin(keys[name], state.stream)
            for name, state in states.items()
        }
        if positions:
            _take_events(replies, streams, positions)
        time = int(seconds) * 1000 + int(microseconds) // 1000
        return _Poll(server, time, states, streams)

    async def _read_jobs(self, poll: _Poll) -> None:
        """Second trip: the active jobs, the next ones, and events still unread."""
        wanted = {
            (name, job_id): self._known.get((name, job_id))
            for name, state in poll.states.items()
            for job_id in state.active_ids
        }
        next_ids = {
            name: state.next_id
            for name, state in poll.states.items()
            if state.next_id is not None
        }
        behind = poll.behind()
        if not (wanted or next_ids or behind):
            return

        trip = Pipeline()
        for (name, job_id), known in wanted.items():
            ask_job(trip, poll.states[name].keys, job_id, known)
        for name, job_id in next_ids.items():
            trip.ask("HGET", poll.states[name].keys.base.encode() + job_id, "timestamp")
        if behind:
            ask_events(trip, behind)
        replies = await trip.run(self.client)
        poll.trips += 1
        for (name, job_id), known in wanted.items():
            poll.jobs[name, job_id] = take_job(
                replies, job_id, known, poll.states[name].wrong_types
            )
        for name in next_ids:
            # A wrong type here is told when the job is active.
            poll.next_added_at[name] = as_int(replies.take_typed("", []))
        if behind:
            _take_events(replies, poll.streams, behind)
        await self._read_changed_jobs(poll, wanted)

    async def _read_changed_jobs(
        self, poll: _Poll, wanted: Mapping[JobKey, KnownData | None]
    ) -> None:
        """Read data again where a known id turned out to be another run."""
        changed = [
            key
            for key, known in wanted.items()
            if known
            and not poll.jobs[key].hash_missing
            and poll.jobs[key].processed_on != known.processed_on
        ]
        if not changed:
            return

        trip = Pipeline()
        for name, job_id in changed:
            ask_job(trip, poll.states[name].keys, job_id, None)
        replies = await trip.run(self.client)
        poll.trips += 1
        for name, job_id in changed:
            poll.jobs[name, job_id] = take_job(
                replies, job_id, None, poll.states[name].wrong_types
            )

    async def _catch_up(self, poll: _Poll) -> None:
        """Read the events that are left, but not for ever."""
        for _ in range(MAX_EXTRA_TRIPS):
            behind = poll.behind()
            if not behind:
                return
            trip = Pipeline()
            ask_events(trip, behind)
            replies = await trip.run(self.client)
            poll.trips += 1
            _take_events(replies, poll.streams, behind)

    def _packed_states(self, queues: Collection[str]) -> Pipeline:
        """Return what the first trip asks for: the same as long as the queues are."""
        if self._states_trip is None or tuple(queues) != tuple(self._keys):
            self._keys = {name: QueueKeys(self._prefix, name) for name in queues}
            self._states_trip = Pipeline()
            self._states_trip.ask("INFO", "server")
            self._states_trip.ask("TIME")
            for keys in self._keys.values():
                ask_queue_state(self._states_trip, keys)
        return self._states_trip

    def _commit(self, poll: _Poll) -> None:
        self._positions.commit(poll.streams.values())
        self._wrong_streams = {
            name for name, state in poll.states.items() if "events" in state.wrong_types
        }
        self._known = {
            key: KnownData(job.processed_on, job.data, job.data_problem)
            for key, job in poll.jobs.items()
            if not job.hash_missing
        }


def _take_events(
    replies: Replies, streams: Mapping[str, StreamReading], asked: Mapping[str, str]
) -> None:
    """Give each stream that was asked for its new entries."""
    wrong_types: list[str] = []
    reply = replies.take_typed("events", wrong_types)
    if wrong_types:
        # One key of a wrong type fails the XREAD of all: it is left out next.
        return
    entries = dict(entries_of(reply))
    for stream in streams.values():
        if stream.keys.events in asked:
            stream.add(entries.get(stream.keys.events, []))


def _queue_reading(name: str, poll: _Poll) -> QueueReading:
    state = poll.states[name]
    stream = poll.streams[name]
    return QueueReading(
        queue=name,
        version=state.version,
        layout=layout_of(state.version),
        is_paused=state.is_paused,
        **state.lengths,
        job_counter=state.job_counter,
        next_job_id=(
            None if state.next_id is None else state.next_id.decode(errors="replace")
        ),
        next_job_added_at=poll.next_added_at.get(name),
        heartbeat=state.heartbeat,
        stream=state.stream,
        events=tuple(stream.events),
        events_complete=stream.complete,
        jobs=tuple(poll.jobs[name, job_id] for job_id in state.active_ids),
        wrong_types=tuple(state.wrong_types),
    )
