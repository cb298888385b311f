"""What the analysis understood of one poll.

Two views are equal when nothing that a user sees has changed: an idle server
yields equal views poll after poll. What changes without being shown (`time`,
`polls_seen`) takes no part in the comparison. All times are ms since the epoch on the
clock of Home Assistant, to be shown and stored, never to be judged by: it may jump.
Ages and `now` are monotonic. `processed_on` stays as Redis has it because the fences
of the recovery compare it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ..bullmq.keys import Layout
from ..bullmq.models import DataProblem, JsonValue

IDLE_AFTER = 30_000
"""ms without work after which a running queue is idle: a photo's jobs follow each other."""


class Source(StrEnum):
    """Where a view comes from."""

    REDIS = "redis"
    API = "api"


class StuckKind(StrEnum):
    """What is the matter with an active job."""

    ORPHANED = "orphaned"
    """No lock: its worker is gone. BullMQ heals it while another worker lives."""
    GHOST = "ghost"
    """An id in `active` without a job behind it."""
    HUNG = "hung"
    """Locked, over its threshold, and evidently not just slow: far beyond what such jobs
    are known to take, or others come and go meanwhile."""
    LONG_RUNNING = "long_running"
    """Locked and over its threshold; may simply be big."""
    BLOCKED = "blocked"
    """Waits for other queues, as Immich wants it to. Never due."""


WITHOUT_LOCK = (StuckKind.ORPHANED, StuckKind.GHOST)
"""Nobody works on these."""


class QueueState(StrEnum):
    """What a queue is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    IDLE = "idle"
    """Without work for `IDLE_AFTER`."""
    STALLED = "stalled"
    """Work waits, nothing stands in the way, and yet nothing is processed."""
    WORKER_LOST = "worker_lost"
    """There is work, and no worker has given a sign of life."""


WORKER_BLOCKED = "worker_blocked"
"""A queue that nobody works on, as its workers hang: only a restart frees them."""


class NoEta(StrEnum):
    """Why there is no time to tell."""

    NOTHING_TO_DO = "nothing_to_do"
    PAUSED = "paused"
    MEASURING = "measuring"
    """The rate is not known yet; it will be after about a minute of work."""
    NOT_MOVING = "not_moving"
    """There is work and a rate of zero: stalled, or no worker."""
    NEARLY_DONE = "nearly_done"
    """Less than a minute is left."""


@dataclass(frozen=True, slots=True)
class JobView:
    """One active job."""

    queue: str
    job_id: str
    name: str | None
    """None for a ghost."""
    asset_ids: tuple[str, ...]
    data: Mapping[str, JsonValue] | None
    data_problem: DataProblem | None
    added_at: int | None
    since: int | None
    """When it started, corrected for the worker's clock; API-only: first seen active."""
    age: int | None
    """Whole seconds since then."""
    kind: StuckKind | None
    """None while nothing is wrong with it."""
    due: bool
    """Whether it is to be called stuck: over its threshold or its grace."""
    threshold: int
    """Seconds that this job may run; 0 = never called stuck."""
    renewal_missed: bool
    """The lock was not renewed in time: an early sign of a worker in trouble."""
    stalled_count: int
    processed_on: int | None
    """The worker's clock, as Redis has it: for the fence, not for an age."""
    lock_token: str | None
    """The lock's holder: for the fence."""
    source: Source
    polls_seen: int = field(compare=False)
    """In how many polls in a row this run was active."""
    ignored: bool = False
    """Whether it would be called stuck, had the user not said to leave it alone."""

    @property
    def identity(self) -> tuple[str, int | None]:
        """Return what tells this run from another run under the same id."""
        return (self.job_id, self.processed_on)


@dataclass(frozen=True, slots=True)
class Eta:
    """When a queue will have worked off what waits now."""

    finish: int
    """Changes only when the estimate has left it with its own uncertainty, at most once
    a minute and 12 times an hour."""
    low: int
    """Hardly before (about one in twenty finish earlier)."""
    high: int
    """Hardly after (about one in twenty finish later)."""
    remaining: int
    """Seconds, rounded to what the estimate is worth."""


@dataclass(frozen=True)
class QueueView:
    """One queue. What follows from its fields is worked out once, however many ask."""

    name: str
    source: Source
    is_paused: bool
    waiting: int
    """All who wait: `wait`, `paused` and `prioritized`."""
    active: int
    delayed: int
    failed: int
    """Jobs in the failed set: nearly only those that stalled twice."""
    jobs: tuple[JobView, ...]
    """The active jobs, at most 100, longest running first."""
    state: QueueState
    state_since: int
    """When the state was first seen."""
    worker: bool | None
    """Whether a worker gave a sign of life; None when that can't be told."""
    worker_seen_at: int | None = field(compare=False)
    """Last heartbeat; a restart is over when this lies after it."""
    rate_per_minute: float | None
    """Jobs a minute; 0: idle, or nothing moves; None while paused or measuring."""
    rate_range: tuple[float, float] | None
    """Between which the rate lies, nine times of ten."""
    rate_is_estimate: bool
    """True when made of differences of counts (API-only)."""
    eta: Eta | None
    no_eta: NoEta | None
    """Why `eta` is None."""
    average_duration: float | None
    """Seconds that the recent jobs took; None before the first one."""
    processed: int | None
    """Jobs finished since counting began, never falls; None without Redis."""
    suggested_threshold: int | None
    """Seconds, learned from what was observed; None before enough was."""
    next_added_at: int | None
    """When the job that is next to run was added; None when nobody waits."""
    version: str | None
    """`bullmq:5.80.5`, from Redis."""
    layout: Layout | None
    """None when the view comes from the API."""
    writable: bool
    """Whether the layout is known well enough to act on single jobs."""
    left: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By which event jobs left that were active in the poll before, where it was seen."""
    worker_alive_at: int | None = field(default=None, compare=False)
    """Last sign of life of any sort, on the monotonic clock; None without Redis."""
    restarted: bool = field(default=False, compare=False)
    """Whether Redis was emptied since the poll before: what waited is lost, not done."""

    @cached_property
    def stuck(self) -> tuple[JobView, ...]:
        """Return the jobs that are to be called stuck."""
        return tuple(job for job in self.jobs if job.due)

    @cached_property
    def oldest_active(self) -> int | None:
        """Return the age in seconds of the job that has run longest."""
        return max((job.age for job in self.jobs if job.age is not None), default=None)

    @property
    def stalled_since(self) -> int | None:
        """Return since when nothing moves; None while it does."""
        return self.state_since if self.state is QueueState.STALLED else None


@dataclass(frozen=True)
class ServerView:
    """All queues of one Immich. What follows from its fields is worked out once."""

    source: Source
    time: int = field(compare=False)
    """When this was read."""
    queues: Mapping[str, QueueView]
    waiting: int
    active: int
    failed: int
    rate_per_minute: float | None
    """Sum of the running queues whose rate is known."""
    rate_is_estimate: bool
    eta: Eta | None
    """That of the running queue that takes longest; paused ones don't count."""
    eta_queue: str | None
    """Which one that is."""
    unknown_layouts: tuple[str, ...]
    """Queues that can only be watched, never acted on job by job."""
    now: int = field(default=0, compare=False)
    """When this was read on the monotonic clock: for all that is judged by it."""
    latency: float | None = field(default=None, compare=False)
    """Seconds that reading took; None when it was not Redis that was read."""
    run_id: str | None = field(default=None, compare=False)
    """Changes when the Redis server was restarted; None without Redis."""

    @cached_property
    def stuck(self) -> tuple[JobView, ...]:
        """Return the stuck jobs of all queues."""
        return tuple(job for queue in self.queues.values() for job in queue.stuck)

    @property
    def stuck_jobs(self) -> int:
        """Return how many jobs are stuck."""
        return len(self.stuck)


def shown_state(view: QueueView, blocked: int, concurrency: int | None) -> str:
    """Return the state of a queue as a user sees it.

    `blocked`: workers that hang on to a job that was taken from them. `concurrency`:
    how many jobs the queue works on at once; None: not known.
    """
    if not blocked:
        return view.state.value
    nothing_moves = view.state in (
        QueueState.IDLE,
        QueueState.STALLED,
        QueueState.WORKER_LOST,
    ) or (
        # Shown as running for a while after its last job.
        view.state is QueueState.RUNNING and not view.active and not view.waiting
    )
    nobody_left = (
        view.state is QueueState.RUNNING
        and not view.active
        and concurrency is not None
        and blocked >= concurrency
    )
    return WORKER_BLOCKED if nothing_moves or nobody_left else view.state.value
