"""What is known of one Immich, as a dashboard gets it: `frontend/src/model.ts` is the contract. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..analysis.models import (
    Eta,
    JobView,
    QueueView,
    ServerView,
    Source,
    StuckKind,
    shown_state,
)
from ..gpu_host.models import GONE, KEEPING_ON, ON, Connectivity, HostState, Power
from ..gpu_host.policy import goes_off_at
from ..gpu_host.settings import HostSettings
from ..gpu_host.work import HostWork
from ..healing.models import Decision, HealMode
from ..healing.policy import Order, decide_one
from ..history.events import ACT_EVENTS, Event
from ..immich.models import Asset
from ..immich.queues import STARTABLE
from ..pauses.attributes import ShownPause
from .runs import Run

type Json = dict[str, Any]

MOST_STUCK = 50
"""Jobs that are named; all are counted."""

TOLD_FOR = 600_000
"""ms for which it is told what came of an act."""


@dataclass(frozen=True, slots=True)
class Named:
    """What Home Assistant calls a thing."""

    label: str
    device_id: str | None = None
    entity_id: str | None = None
    """Of its sensor `state`."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What of a queue its view doesn't tell."""

    named: Named
    lost_slots: int | None
    """None: nobody can tell."""
    concurrency: int | None
    threshold: int
    usual_duration: float | None
    run: Run | None
    pause: ShownPause | None


def queue_item(view: QueueView, facts: QueueFacts, *, may_act: bool) -> Json:
    """Return one queue; `may_act`: whether single jobs can be acted on at all."""
    named, pause = facts.named, facts.pause
    return {
        "name": view.name,
        "label": named.label,
        "device_id": named.device_id,
        "entity_id": named.entity_id,
        "state": shown_state(view, facts.lost_slots or 0, facts.concurrency),
        "state_since": view.state_since,
        "blocked": any(job.kind is StuckKind.BLOCKED for job in view.jobs),
        "waiting": view.waiting,
        "active": view.active,
        "delayed": view.delayed,
        "failed": view.failed,
        "stuck": len(view.stuck),
        "slow": sum(job.kind is StuckKind.LONG_RUNNING for job in view.stuck),
        "lost_slots": facts.lost_slots,
        "concurrency": facts.concurrency,
        "worker": view.worker,
        "rate": rounded(view.rate_per_minute),
        "rate_is_estimate": view.rate_is_estimate,
        "eta": _eta(view.eta),
        "no_eta": None if view.no_eta is None else view.no_eta.value,
        "average_duration": rounded(view.average_duration),
        "usual_duration": rounded(facts.usual_duration),
        "oldest_active": view.oldest_active,
        "threshold": facts.threshold,
        "suggested_threshold": view.suggested_threshold,
        "run": _run(facts.run),
        "pause": None
        if pause is None
        else {
            "by": pause.by,
            "reason": pause.reason,
            "since": pause.since,
            "until": pause.until,
            "host": pause.host,
        },
        "writable": may_act and view.writable,
        "startable": view.name in STARTABLE,
    }


def _eta(eta: Eta | None) -> Json | None:
    if eta is None:
        return None
    return {
        "finish": eta.finish,
        "low": eta.low,
        "high": eta.high,
        "remaining": eta.remaining,
    }


def _run(run: Run | None) -> Json | None:
    return None if run is None else {"since": run.since, "done": run.done}


def rounded(value: float | None) -> float | None:
    """Return a measured number without digits that say nothing."""
    return None if value is None else round(value, 2)


@dataclass(frozen=True, slots=True)
class ActFacts:
    """What can be done about stuck jobs now."""

    may_act: bool
    """On single jobs: Redis answers, and nothing is known to be missing of its rights."""
    restart: bool
    """Whether a restart would be tried."""


def actions_of(job: JobView, queue: QueueView, facts: ActFacts) -> list[str]:
    """Return what would work now, the best first.

    What acts decides: what it would leave alone is not offered.
    """
    restart = ["restart"] if facts.restart else []
    if queue.worker is False:
        return restart
    modes = _modes(job, queue) if facts.may_act and queue.writable else set()
    clear = ["clear"] if HealMode.REMOVE in modes else []
    requeue = ["requeue"] if HealMode.REQUEUE in modes else []
    match job.kind:
        case StuckKind.GHOST:
            return clear
        case StuckKind.ORPHANED:
            return [*requeue, *clear]
        case StuckKind.LONG_RUNNING if modes:
            return ["ignore", *clear]
        case _ if modes:
            both = ["clear_and_restart"] if restart else []
            return [*clear, *both, "ignore"]
        case StuckKind.LONG_RUNNING:
            return ["ignore", *restart]
        case _:
            return [*restart, "ignore"]


def _modes(job: JobView, queue: QueueView) -> set[HealMode]:
    """Return what the policy would do to a job whose user names it."""
    return {
        mode
        for mode in (HealMode.REMOVE, HealMode.REQUEUE)
        if isinstance(
            decided := decide_one(job, queue.worker, Order(mode, job_id=job.job_id)),
            Decision,
        )
        and decided.mode is mode
    }


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What is known of a photo, and where it is to be seen."""

    asset: Asset | None = None
    url: str | None = None
    thumbnail: str | None = None


def _asset_item(asset_id: str | None, facts: AssetFacts) -> Json:
    asset = facts.asset
    return {
        "asset_id": asset_id,
        "file_name": asset.file_name if asset else None,
        "path": asset.path if asset else None,
        "type": asset.type if asset else None,
        "url": facts.url,
        "thumbnail": facts.thumbnail,
    }


def key_of(job: JobView) -> str:
    """Return what tells this run from all others."""
    return f"{job.queue}/{job.job_id}/{job.processed_on or job.added_at or ''}"


def stuck_item(
    job: JobView,
    asset: AssetFacts,
    *,
    times_stuck: int,
    actions: list[str],
    under_way: bool,
) -> Json:
    """Return one stuck job."""
    asset_id = job.asset_ids[0] if job.asset_ids else None
    return {
        "key": key_of(job),
        "queue": job.queue,
        "job_id": job.job_id,
        "name": job.name,
        "kind": None if job.kind is None else job.kind.value,
        "since": job.since,
        "threshold": job.threshold,
        **_asset_item(asset_id, asset),
        "size": asset.asset.size if asset.asset else None,
        "times_stuck": times_stuck,
        "actions": actions,
        "under_way": under_way,
    }


def shown_stuck(view: ServerView) -> list[JobView]:
    """Return the stuck jobs that are named: those that run longest."""
    stuck = view.stuck
    if len(stuck) <= 1:
        return list(stuck)
    return sorted(stuck, key=lambda job: (job.since or 0, key_of(job)))[:MOST_STUCK]


def is_told(event: Event, now: int) -> bool:
    """Return whether it is told what came of this act; both ms since the epoch."""
    return (
        event.act_id is not None
        and event.type in ACT_EVENTS.values()
        and event.outcome is not None
        and 0 <= now - event.at < TOLD_FOR
    )


def outcome_item(event: Event, asset: AssetFacts) -> Json:
    """Return what came of an act."""
    item = {
        "key": event.act_id,
        "at": event.at,
        "queue": event.queue,
        "job_id": event.job_id,
        "mode": event.mode,
        "by": event.by,
        "outcome": event.outcome,
        "doubt": event.doubt,
        "age": event.age,
        **_asset_item(event.asset_id, asset),
    }
    if asset.asset is None:
        item["file_name"], item["path"] = event.file_name, event.asset_path
    return item


def event_item(key: str, event: Event, label: str | None, asset: AssetFacts) -> Json:
    """Return one event of the history; `label`: what its queue or host is called."""
    return {
        "key": key,
        "at": event.at,
        "type": event.type,
        "queue": event.queue,
        "label": label,
        "job_id": event.job_id,
        "asset_id": event.asset_id,
        "file_name": event.file_name,
        "thumbnail": asset.thumbnail,
        "url": asset.url,
        "kind": event.kind,
        "age": event.age,
        "reason": event.reason,
        "mode": event.mode,
        "by": event.by,
        "outcome": event.outcome,
        "doubt": event.doubt,
        "jobs": event.jobs,
        "duration": event.duration,
        "host": event.host,
        "at_least": event.at_least,
    }


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One GPU host. Times: ms since the epoch; `power` has its own clock."""

    settings: HostSettings
    named: Named
    power: Power
    shown: Callable[[int | None], int | None]
    """Turns times of `power` into those that are shown."""
    reach: Connectivity
    automatic: bool
    work: HostWork | None
    active: int | None
    reason: str | None
    went_off_unasked: bool
    wake_at_latest: int | None
    allowed_from: str | None
    allowed_to: str | None
    allowed_at: int | None
    expected_run: int | None
    usual_boot: int | None
    mac: str | None
    skipped: Mapping[str, int] = field(default_factory=dict)
    awake: list[list[int | None]] | None = None


TIMED = frozenset(HostState) - ON - {HostState.OFF}
"""States whose time limit says what the host is waited for."""


def host_item(facts: HostFacts) -> Json:
    """Return one GPU host."""
    settings, power, work = facts.settings, facts.power, facts.work
    shown, limits = facts.shown, settings.power
    goes_off = None
    if facts.automatic and power.hold not in KEEPING_ON:
        goes_off = goes_off_at(power, limits)
    has_work = bool(facts.skipped) or (
        work is not None and bool(work.backlog or work.busy)
    )
    return {
        "host_id": settings.host_id,
        "device_id": facts.named.device_id,
        "entity_id": facts.named.entity_id,
        "name": facts.named.label,
        "state": power.state.value,
        "since": shown(power.since),
        "online": None
        if facts.reach is Connectivity.UNKNOWN
        else facts.reach is Connectivity.ONLINE,
        "automatic": facts.automatic,
        "hold": power.hold.value,
        "lost": facts.went_off_unasked and power.state in GONE and has_work,
        "trouble": None if power.trouble is None else power.trouble.value,
        "reason": facts.reason,
        "queues": list(settings.queues),
        "backlog": None if work is None else work.backlog,
        "active": facts.active,
        "wake_backlog": limits.wake_backlog,
        "wake_at_latest": facts.wake_at_latest,
        "allowed_from": facts.allowed_from,
        "allowed_to": facts.allowed_to,
        "allowed_at": facts.allowed_at,
        "tries": power.tries,
        "wake_retries": limits.wake_retries,
        "deadline": shown(power.deadline) if power.state in TIMED else None,
        "signalled_at": shown(power.signalled_at),
        "idle_since": shown(power.idle_since),
        "idle_time": limits.idle_time // 1000,
        "goes_off_at": shown(goes_off),
        "expected_run": facts.expected_run,
        "usual_boot": facts.usual_boot,
        "can_wake": limits.can_wake,
        "can_switch_off": limits.can_switch_off,
        "mac": facts.mac,
        "skipped": dict(facts.skipped),
        "awake": facts.awake,
    }


def source_of(view: ServerView, *, has_redis: bool) -> str:
    """Return where the numbers come from."""
    if view.source is Source.REDIS:
        return "redis"
    return "redis_lost" if has_redis else "api"


def server_part(
    view: ServerView,
    *,
    has_redis: bool,
    run: Run | None,
    order: Collection[str],
    lost_slots: int | None,
) -> Json:
    """Return what is said of all queues together."""
    return {
        "source": source_of(view, has_redis=has_redis),
        "as_of": view.time,
        "waiting": view.waiting,
        "active": view.active,
        "rate": rounded(view.rate_per_minute),
        "eta": _eta(view.eta),
        "eta_queue": view.eta_queue,
        "run": _run(run),
        "order": [
            *(name for name in order if name in view.queues),
            *(name for name in view.queues if name not in order),
        ],
        "stuck_total": view.stuck_jobs,
        "lost_slots": lost_slots,
    }
