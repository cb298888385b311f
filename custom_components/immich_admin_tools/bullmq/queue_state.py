"""First trip of a poll: the state of one queue, without its jobs."""

from dataclasses import dataclass, field

from .keys import QueueKeys
from .models import Heartbeat, StreamState
from .replies import Replies, as_int, as_text, pairs
from .trip import Trip

MAX_JOBS = 100
"""Active ids read per queue, the oldest first: Immich runs at most a few tens."""


@dataclass(slots=True)
class QueueState:
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


def ask_queue_state(trip: Trip, keys: QueueKeys) -> None:
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


def take_queue_state(replies: Replies, keys: QueueKeys) -> QueueState:
    """Return what the replies to `ask_queue_state` say."""
    state = QueueState(keys)

    def take(part: str) -> object:
        return replies.take_typed(part, state.wrong_types)

    for part in _LISTS + _SORTED_SETS:
        state.lengths[part] = as_int(take(part)) or 0
    state.job_counter = as_int(take("id"))
    state.stream = _stream(take("events"))
    match take("meta"):
        case [paused, version]:
            state.is_paused = paused is not None
            state.version = as_text(version)
    state.active_ids = _ids(take("active"))
    waiting = [take("wait"), take("paused"), *_ids(take("prioritized"))]
    state.next_id = next((i for i in waiting if isinstance(i, bytes)), None)
    state.heartbeat = _heartbeat(take("stalled-check"), take("stalled-check"))
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
