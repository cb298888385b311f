"""Second trip of a poll: the jobs that are being worked on."""

from collections.abc import Mapping
from dataclasses import dataclass

from .job_data import parse_data
from .keys import QueueKeys
from .models import ActiveJob, DataProblem, JsonValue
from .replies import Replies, as_int, as_text
from .trip import Trip

_FIELDS = ("name", "timestamp", "processedOn", "stc")


@dataclass(frozen=True, slots=True)
class KnownData:
    """Data that an earlier poll has read: it doesn't change while a job runs."""

    processed_on: int | None
    data: Mapping[str, JsonValue] | None
    problem: DataProblem | None


def ask_job(
    trip: Trip, keys: QueueKeys, job_id: bytes, known: KnownData | None
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
