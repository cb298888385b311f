"""Acts as JSON, for the file that outlives a crash."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from ..analysis.models import StuckKind
from ..analysis.stored import stored_int, stored_str
from ..bullmq.models import JsonValue
from .models import Act, HealMode, Initiator, Reason


def act_to_dict(act: Act) -> dict[str, JsonValue]:
    """Return an act as JSON."""
    return {
        "act_id": act.act_id,
        "at": act.at,
        "redis_at": act.redis_at,
        "job_counter": act.job_counter,
        "queue": act.queue,
        "job_id": act.job_id,
        "name": act.name,
        "asset_id": act.asset_id,
        "kind": act.kind,
        "age": act.age,
        "processed_on": act.processed_on,
        "lock_token": act.lock_token,
        "mode": act.mode,
        "reason": act.reason,
        "by": act.by,
        "retry_when_free": act.retry_when_free,
    }


def act_from_dict(stored: Mapping[str, JsonValue]) -> Act | None:
    """Read an act; None when something is missing that it can't be without."""
    act_id = stored_str(stored, "act_id")
    queue = stored_str(stored, "queue")
    job_id = stored_str(stored, "job_id")
    mode = stored_enum(HealMode, stored.get("mode"))
    if act_id is None or queue is None or job_id is None or mode is None:
        return None
    return Act(
        act_id=act_id,
        at=stored_int(stored, "at") or 0,
        redis_at=stored_int(stored, "redis_at") or 0,
        job_counter=stored_int(stored, "job_counter"),
        queue=queue,
        job_id=job_id,
        name=stored_str(stored, "name"),
        asset_id=stored_str(stored, "asset_id"),
        kind=stored_enum(StuckKind, stored.get("kind")),
        age=stored_int(stored, "age"),
        processed_on=stored_int(stored, "processed_on"),
        lock_token=stored_str(stored, "lock_token"),
        mode=mode,
        reason=stored_enum(Reason, stored.get("reason")) or Reason.ASKED,
        by=stored_enum(Initiator, stored.get("by")) or Initiator.USER,
        retry_when_free=stored.get("retry_when_free") is True,
    )


def acts_from_list(stored: JsonValue) -> Iterator[Act]:
    """Read a list of acts; leave out what can't be understood."""
    if not isinstance(stored, list):
        return
    for item in stored:
        if isinstance(item, dict) and (act := act_from_dict(item)) is not None:
            yield act


def stored_enum[E: StrEnum](kind: type[E], value: object) -> E | None:
    """Read a value of an enum; None when it is missing or not known here."""
    return kind(value) if isinstance(value, str) and value in kind else None
