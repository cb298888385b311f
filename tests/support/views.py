"""Views of jobs, queues and servers, with as little to write as possible."""

from collections.abc import Iterable

from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    QueueState,
    QueueView,
    ServerView,
    Source,
    StuckKind,
)
from custom_components.immich_admin_tools.bullmq.keys import Layout
from tests.bullmq.recovery.made_queue import PROCESSED_ON, QUEUE, TOKEN

NOW = 1_795_163_400_000
ASSET = "0192c1c4-7d6a-7f3e-8a5b-3c2d1e0f9a8b"


def job_view(
    job_id: str = "1",
    *,
    queue: str = QUEUE,
    kind: StuckKind | None = StuckKind.HUNG,
    due: bool = True,
    age: int | None = 1_000,
    token: str | None = TOKEN,
    processed_on: int | None = PROCESSED_ON,
    name: str | None = "AssetDetectFaces",
    asset_id: str | None = ASSET,
    source: Source = Source.REDIS,
) -> JobView:
    """Return an active job, hung if nothing else is said."""
    if kind in (StuckKind.ORPHANED, StuckKind.GHOST):
        token = None
    if kind is StuckKind.GHOST:
        processed_on = name = asset_id = None
    return JobView(
        queue=queue,
        job_id=job_id,
        name=name,
        asset_ids=() if asset_id is None else (asset_id,),
        data=None,
        data_problem=None,
        added_at=None,
        since=None if age is None else NOW - age * 1000,
        age=age,
        kind=kind,
        due=due,
        threshold=300,
        renewal_missed=False,
        stalled_count=0,
        processed_on=processed_on,
        lock_token=token,
        source=source,
        polls_seen=10,
    )


def queue_view(
    name: str = QUEUE,
    *,
    jobs: Iterable[JobView] = (),
    waiting: int = 0,
    is_paused: bool = False,
    state: QueueState | None = None,
    worker: bool | None = True,
    writable: bool = True,
    processed: int | None = 0,
    source: Source = Source.REDIS,
    active: int | None = None,
) -> QueueView:
    """Return a queue; its state follows from what is in it."""
    jobs = tuple(jobs)
    active = len(jobs) if active is None else active
    work = waiting + active > 0
    if state is None and work and worker is False:
        state = QueueState.WORKER_LOST
    elif state is None and is_paused:
        state = QueueState.PAUSED
    elif state is None:
        state = QueueState.RUNNING if work else QueueState.IDLE
    return QueueView(
        name=name,
        source=source,
        is_paused=is_paused,
        waiting=waiting,
        active=active,
        delayed=0,
        failed=0,
        jobs=jobs,
        state=state,
        state_since=NOW,
        worker=worker,
        worker_seen_at=NOW if worker else None,
        rate_per_minute=None,
        rate_range=None,
        rate_is_estimate=source is Source.API,
        eta=None,
        no_eta=None,
        average_duration=None,
        processed=processed,
        suggested_threshold=None,
        next_added_at=None,
        version="bullmq:5.80.5",
        layout=Layout.V5 if source is Source.REDIS else None,
        writable=writable,
    )


def server_view(*queues: QueueView, time: int = NOW) -> ServerView:
    """Return a server with these queues."""
    return ServerView(
        source=queues[0].source if queues else Source.REDIS,
        time=time,
        queues={queue.name: queue for queue in queues},
        waiting=sum(queue.waiting for queue in queues),
        active=sum(queue.active for queue in queues),
        failed=0,
        rate_per_minute=None,
        rate_is_estimate=False,
        eta=None,
        eta_queue=None,
        unknown_layouts=(),
        now=time,
    )
