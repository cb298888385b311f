"""What one poll of Redis returns. Times are ms since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import json

from .keys import Layout

type JsonValue = (
    str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None
)


class DataProblem(StrEnum):
    """Why the data of a job could not be read; the job itself is still shown."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """One id of a queue's `active` list.

    `processed_on` is the clock of the worker, `added_at` the clock of whoever
    added the job. Both, and the name, are None when the hash is missing.
    """

    job_id: str
    name: str | None
    added_at: int | None
    processed_on: int | None
    data: Mapping[str, JsonValue] | None
    data_problem: DataProblem | None
    stalled_count: int
    lock_token: str | None
    lock_ttl: int | None
    """ms that the lock has left; None without a lock."""
    hash_missing: bool

    @property
    def identity(self) -> tuple[str, int | None]:
        """Return what tells this run from another run under the same id."""
        return (self.job_id, self.processed_on)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One entry of a queue's event stream. The entry id holds Redis' own clock."""

    entry_id: str
    event: str
    job_id: str | None
    prev: str | None
    name: str | None

    @property
    def time(self) -> int:
        """Return when Redis wrote the entry."""
        return int(self.entry_id.partition("-")[0])


@dataclass(frozen=True, slots=True)
class StreamState:
    """Position of a queue's event stream, for exact gap accounting."""

    length: int
    entries_added: int
    last_generated_id: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A queue's `stalled-check` key."""

    written_at: int | None
    """Value of the key: the worker's clock when it wrote it."""
    ttl: int
    """ms left of the 30,000."""


@dataclass(frozen=True, slots=True)
class QueueReading:
    """One queue in one poll."""

    queue: str
    version: str | None
    layout: Layout
    is_paused: bool
    wait: int
    paused: int
    prioritized: int
    active: int
    delayed: int
    failed: int
    job_counter: int | None
    next_job_id: str | None
    next_job_added_at: int | None
    """When the job that is next to run was added; None when nobody waits."""
    heartbeat: Heartbeat | None
    stream: StreamState | None
    events: tuple[JobEvent, ...]
    events_complete: bool
    """False when the reader left entries for the next poll."""
    jobs: tuple[ActiveJob, ...]
    """At most the first 100 active ids, oldest last in BullMQ's own order."""
    wrong_types: tuple[str, ...]
    """Parts (`wait`, `meta` …) whose key has an unexpected type."""

    @property
    def waiting(self) -> int:
        """Return all who wait, whether or not the queue is paused."""
        return self.wait + self.paused + self.prioritized

    @property
    def writable(self) -> bool:
        """Return whether the layout is known well enough to act on it."""
        return self.layout is not Layout.UNKNOWN and not self.wrong_types


@dataclass(frozen=True, slots=True)
class RedisReading:
    """All queues in one poll."""

    time: int
    """Redis' own clock at the start of the poll."""
    run_id: str
    """Changes when the Redis server was restarted."""
    server_version: str
    latency: float
    """Seconds that the whole poll took."""
    round_trips: int
    queues: Mapping[str, QueueReading]


MAX_DATA_SIZE = 256 * 1024
"""Bytes above which data is not looked at: Immich's own stays below 1 kB."""

_INT64 = range(-(2**63), 2**63)


def parse_data(
    raw: bytes | None,
) -> tuple[Mapping[str, JsonValue] | None, DataProblem | None]:
    """Return the data of a job, or why it can't be read."""
    if raw is None:
        return None, None
    if len(raw) > MAX_DATA_SIZE:
        return None, DataProblem.TOO_LARGE
    try:
        value = _presentable(
            json.loads(raw.decode(errors="replace"), parse_constant=_refuse)
        )
    except ValueError, OverflowError, RecursionError:
        return None, DataProblem.NOT_JSON
    if not isinstance(value, dict):
        return None, DataProblem.NOT_AN_OBJECT
    return value, None


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads though JSON doesn't know them."""
    raise ValueError(constant)


def _presentable(value: JsonValue) -> JsonValue:
    r"""Return the value without what the JSON writer of Home Assistant refuses.

    That is a lone surrogate (`\ud800`) and a whole number over 64 bits.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_presentable(item) for item in value]
    if isinstance(value, dict):
        return {
            name.encode(errors="replace").decode(): _presentable(item)
            for name, item in value.items()
        }
    if isinstance(value, int) and value not in _INT64:
        return float(value)
    return value
