"""Which active jobs are stuck, and in which way.

Every judgement is about a *run*, the pair (id, processedOn): after a flush of
Redis the same id is another job, and a requeued job is another run. Nothing is
said of a run before it was seen in two polls, as a single poll can catch a job in the
middle of its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..bullmq.models import ActiveJob, JsonValue
from ..immich.queues import (
    DEFAULT_STUCK_THRESHOLD,
    default_job_threshold,
    default_stuck_threshold,
)
from .durations import DurationStatistics
from .models import StuckKind


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Seconds per queue, and per job name where a job is unlike its queue.

    What the user says of a job name goes before its queue, and both before what is
    known of Immich; but a job that Immich itself means to run long is granted its time
    whatever the queue's threshold. 0 means never called stuck.
    """

    queues: Mapping[str, int] = field(default_factory=dict)
    job_names: Mapping[str, int] = field(default_factory=dict)

    def of_queue(self, queue: str) -> int:
        """Return the seconds for a queue, by default Immich's usual ones."""
        return self.queues.get(queue, default_stuck_threshold(queue))

    def of_job(self, queue: str, name: str | None) -> int:
        """Return the seconds for a job of a queue; 0: never late, however old."""
        if name is not None and name in self.job_names:
            return self.job_names[name]
        seconds = self.of_queue(queue)
        granted = None if name is None else default_job_threshold(name)
        if granted is None:
            return seconds
        return max(seconds, granted) if seconds and granted else 0

    def ignores(self, queue: str, name: str | None) -> bool:
        """Return whether the user wants to hear of no stuck job, whatever its kind."""
        if name is not None and name in self.job_names:
            return self.job_names[name] == 0
        return self.of_queue(queue) == 0


ORPHAN_GRACE = 150_000
"""ms that a living worker gets to heal an orphan or a ghost by itself.

BullMQ's own stalled check did it within 91 s in trials, 120 s is the worst case.
While no worker lives nothing is due: it is the worker that is lost, and the next one
puts its jobs back.
"""

SURELY_HUNG = 3
"""Times its threshold that a job has to last to be called hung rather than long.

The threshold is what the user holds to be long already. Age alone never suffices, as
nobody knows how big a job is: see `_is_hung`.
"""

PEERS_FINISHED = 20
"""Jobs of the same queue that have to start and finish while one job runs ..."""

FAR_BEYOND_P99 = 4
"""... and times their p99 that it has to last, to be called hung earlier.

Other slots cycling proves that the worker, the database and the machine learning
are well; the second rule keeps a single big video among small ones out of it.
"""

RENEWAL_MISSED = 15_000
"""ms of lock left below which a renewal (every 7.5 to 15 s) was missed."""

TOO_FAR_APART = 120_000
"""ms between two polls after which a missing hash must be seen twice anew; where polls
are rarer, a few of them."""


@dataclass(slots=True)
class Run:
    """One run of a job, as far as it was watched. Times: monotonic ms."""

    first_seen: int
    last_seen: int
    peers_before: int
    """Finished jobs of the queue when this run was first seen."""
    processed_on: int | None = None
    """As Redis has it; None when only the API saw it."""
    not_before: int | None = None
    """When it was surely not running yet: it was not among all active jobs then."""
    polls: int = 0
    since: int | None = None
    """Start by the worker's clock, placed on ours once; None while that is unknown."""
    unlocked_since: int | None = None
    unlocked_polls: int = 0
    excused_until: int | None = None
    """Until when it had a good reason to run on."""
    hung: bool = False
    """Once hung, a run does not become merely long again."""

    @property
    def started(self) -> int:
        """Return when it started, at the latest."""
        return self.first_seen if self.since is None else self.since

    def fix_start(self, at: int) -> None:
        """Take over when the worker says it began, within what was seen of it.

        It doesn't move later, whatever any clock does.
        """
        earliest = at if self.not_before is None else max(at, self.not_before)
        self.since = min(earliest, self.first_seen)

    def observe(
        self, job: ActiveJob, now: int, too_far_apart: int = TOO_FAR_APART
    ) -> None:
        """Take in one poll."""
        if job.hash_missing and now - self.last_seen > too_far_apart:
            self.unlocked_since = None
            self.unlocked_polls = 0
        self.last_seen = now
        self.polls += 1
        if job.lock_token is not None:
            self.unlocked_since = None
            self.unlocked_polls = 0
            return
        if self.unlocked_since is None:
            self.unlocked_since = now
        self.unlocked_polls += 1


@dataclass(frozen=True, slots=True)
class JobContext:
    """What is going on around a job."""

    now: int
    threshold: int
    """Seconds; 0 = never called stuck for its age."""
    hung_after: int
    """Seconds before which it is never called hung."""
    ignored: bool
    """The user wants to hear of no stuck job here."""
    worker: bool | None
    worker_since: int | None
    """Since when the worker lives, if it does."""
    worker_seen: int | None
    """Its last sign of life."""
    blocked: bool
    """Immich itself makes it wait for other queues."""
    at_work: bool
    """It can be seen adding jobs."""
    finished: int
    """Jobs of the queue finished so far, on the scale of `peers_before`."""
    durations: DurationStatistics | None
    """Of jobs like this one."""

    @property
    def excused(self) -> bool:
        """Return whether it has a good reason to run on."""
        return self.blocked or self.at_work


@dataclass(frozen=True, slots=True)
class Classification:
    """What is the matter with a job, and whether it is time to say so."""

    kind: StuckKind | None
    due: bool


_NOTHING = Classification(None, due=False)


def judge(job: ActiveJob, run: Run, around: JobContext) -> Classification:
    """Judge one run after `run.observe` has seen the poll."""
    if job.lock_token is None:
        return _unlocked(job, run, around)
    return judge_listed(run, around)


def judge_listed(run: Run, around: JobContext) -> Classification:
    """Judge a run whose lock is alive, or can't be seen (API-only)."""
    if around.excused:
        run.excused_until = around.now
    if run.polls < 2:
        return _NOTHING
    if around.blocked:
        return Classification(StuckKind.BLOCKED, due=False)
    limit = around.threshold * 1000
    # A job that had to wait for others begins to be late when it may go on.
    running = around.now - max(run.started, run.excused_until or run.started)
    if limit <= 0 or running < limit:
        return _NOTHING
    run.hung = run.hung or _is_hung(run, running, limit, around)
    return Classification(
        StuckKind.HUNG if run.hung else StuckKind.LONG_RUNNING, due=True
    )


def _unlocked(job: ActiveJob, run: Run, around: JobContext) -> Classification:
    """Judge a run without a lock: its worker is gone."""
    if run.unlocked_polls < 2 or run.unlocked_since is None:
        return _NOTHING
    kind = StuckKind.GHOST if job.hash_missing else StuckKind.ORPHANED
    return Classification(
        kind, due=not around.ignored and _had_its_grace(run.unlocked_since, around)
    )


def _had_its_grace(unlocked_since: int, around: JobContext) -> bool:
    """Return whether a worker that lives could have put the job back, and did not.

    It must have given a sign since the lock ran out. Not to know is not to live.
    """
    if not around.worker or around.worker_seen is None:
        return False
    since = max(unlocked_since, around.worker_since or unlocked_since)
    return around.worker_seen > unlocked_since and around.now - since >= ORPHAN_GRACE


def _is_hung(run: Run, running: int, limit: int, around: JobContext) -> bool:
    """Return whether a job is evidently more than big: then it may be acted on.

    That takes knowing how long such jobs take, or others that come and go while this
    one stays; and that we have watched it for a while, as its start is the word of
    another clock.
    """
    watched = around.now - run.first_seen
    if watched < limit or running < around.hung_after * 1000:
        return False
    p99 = None if around.durations is None else around.durations.p99
    if around.finished - run.peers_before >= PEERS_FINISHED:
        far = SURELY_HUNG * limit if p99 is None else FAR_BEYOND_P99 * p99 * 1000
        return running >= far
    return p99 is not None and running >= max(
        SURELY_HUNG * limit, FAR_BEYOND_P99 * p99 * 1000
    )


LEAST_GAP = 60_000
"""ms without progress that are never called a stall."""

_TIMES_NORMAL = 3
"""Times the gap that 95 in 100 of the queue's own gaps don't exceed.

Not the p99: one real stall among a few dozen gaps must not make the next one normal.
"""

_USUAL = 0.95

_ENOUGH_GAPS = 20


@dataclass(slots=True)
class NoProgressDetector:
    """Whether a queue moves. Times: monotonic ms."""

    gaps: DurationStatistics = field(default_factory=DurationStatistics)
    """Pauses between two polls with progress, while work was waiting."""
    stalled: bool = False
    _quiet_since: int | None = None

    def observe(
        self,
        now: int,
        *,
        could_move: bool,
        moved: bool,
        working: bool,
        all_late: bool | None,
        threshold: int,
    ) -> None:
        """Take in one poll.

        `could_move`: work waits, not paused, worker not lost, no job that has to
        wait for others. `working`: something is active, so a job may simply be
        long; then the queue doesn't move from the moment on that all active jobs are
        called stuck (`all_late`). Where that can't be told, the queue's stuck
        threshold (s) is granted.
        """
        if not could_move:
            self._quiet_since = None
            self.stalled = False
            return
        if self._quiet_since is None:
            self._quiet_since = now
        elif moved:
            # A stall counts too, or a queue whose gaps are long would never be
            # known for it, but not as much longer than normal than it was.
            patience = self._patience(working, threshold)
            self.gaps.add(min(now - self._quiet_since, 2 * patience))
            self._quiet_since = now
        if all_late is not None:
            self.stalled = all_late and not moved
            return
        self.stalled = now - self._quiet_since > self._patience(working, threshold)

    def restore(self, gaps: Mapping[str, JsonValue]) -> None:
        """Go on from stored gaps."""
        self.gaps = DurationStatistics.from_dict(gaps)

    def _patience(self, working: bool, threshold: int) -> int:
        """Return the ms without progress that are normal here."""
        granted = (threshold or DEFAULT_STUCK_THRESHOLD) * 1000
        normal = self.gaps.quantile(_USUAL) if self.gaps.count >= _ENOUGH_GAPS else None
        if normal is None:
            return max(LEAST_GAP, granted)
        patience = max(LEAST_GAP, round(_TIMES_NORMAL * normal * 1000))
        return max(patience, granted) if working else patience
