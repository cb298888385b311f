"""What a poll says of one queue: from Redis, or by watching the counts and lists of the API."""

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field

from ..bullmq.keys import Layout
from ..bullmq.models import ActiveJob, JobEvent, JsonValue, QueueReading
from ..immich.models import ListedJob, QueueCounts
from ..immich.queues import asset_ids, hung_not_before
from ..serialization import stored_mapping
from .clocks import PollTimes
from .durations import JobDurations
from .ignored import IgnoredRuns, RunId
from .models import IDLE_AFTER, JobView, QueueState, QueueView, Source
from .pace import Hysteresis, Pace, PaceView, Work
from .runs import RunTracker
from .stuck import (
    RENEWAL_MISSED,
    TOO_FAR_APART,
    Classification,
    JobContext,
    NoProgressDetector,
    Run,
    Thresholds,
    judge,
    judge_listed,
)
from .throughput import Throughput
from .workers import WorkerLiveness

_IMPLAUSIBLE = 1_000
"""Jobs a second that no Immich works off: such a drop is a clear."""


@dataclass(slots=True)
class ApiEstimate:
    """Estimates what a queue processed from how its counts fell.

    What was added in between is not seen, so this is what the backlog shrank by,
    never more than what was processed, unless jobs were cleared.
    """

    _last: QueueCounts | None = None
    _last_at: int = 0

    def observe(self, counts: QueueCounts, now: int) -> int:
        """Return the jobs processed since the last poll, as an estimate."""
        last, self._last = self._last, counts
        seconds = (now - self._last_at) / 1000
        self._last_at = now
        if last is None or seconds <= 0:
            return 0
        fell = _somewhere(last) - _somewhere(counts)
        if fell <= 0 or fell > _IMPLAUSIBLE * seconds:
            return 0
        cleared = last.backlog > 0 and counts.backlog == 0
        if cleared and counts.active == last.active > 0 and fell > 2 * last.active:
            # Nobody takes the last jobs of many and leaves the active ones as they were.
            return 0
        return fell


def _somewhere(counts: QueueCounts) -> int:
    return counts.backlog + counts.active + counts.delayed + counts.failed


@dataclass(frozen=True, slots=True)
class PollContext:
    """What the queues of one poll have in common. Times: monotonic ms."""

    now: int
    wall_offset: int
    """ms to add to a monotonic time to show it."""
    redis_offset: int | None
    """ms to add to a time of Redis to judge it; None in a poll of the API."""
    run_id: str
    thresholds: Thresholds
    interval: int
    """ms between two polls, as planned."""
    ignored: IgnoredRuns
    """Runs that the user wants to be left alone."""
    active: Mapping[str, int]
    """Active jobs per queue: some jobs wait for other queues."""

    def shown(self, at: int) -> int:
        """Return a monotonic time as it is shown: ms since the epoch."""
        return at + self.wall_offset


@dataclass(frozen=True, slots=True)
class QueueSample:
    """One poll of a queue, from either source."""

    waiting: int
    active: int
    is_paused: bool
    processed: int
    """Since the last poll."""
    moved: bool
    """Whether a job was started or ended since the last poll."""
    excused: bool
    """Whether one of its jobs has a good reason to hold the others up."""
    all_late: bool | None
    """Whether all active jobs are due; None when nothing is active, or not all seen."""
    worker: bool | None


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What only Redis tells of a queue; see `QueueView`."""

    worker_seen_at: int | None = None
    worker_alive_at: int | None = None
    next_added_at: int | None = None
    version: str | None = None
    layout: Layout | None = None
    writable: bool = False
    left: Mapping[str, str] = field(default_factory=dict)
    restarted: bool = False


NOT_KNOWN = RedisFacts()


@dataclass(frozen=True, slots=True)
class Understood:
    """What both sources lead to."""

    state: QueueState
    state_since: int
    pace: PaceView
    average_duration: float | None


@dataclass(slots=True)
class QueueMemory:
    """One queue, from poll to poll and from source to source."""

    name: str
    worker: WorkerLiveness = field(default_factory=WorkerLiveness)
    throughput: Throughput = field(default_factory=Throughput)
    durations: JobDurations = field(default_factory=JobDurations)
    runs: RunTracker = field(default_factory=RunTracker)
    counts: ApiEstimate = field(default_factory=ApiEstimate)
    counted: bool = False
    """Whether Redis was ever read, so that there is a count of processed jobs."""
    job_counter: int | None = None
    """`id` at the last poll."""
    active_ids: frozenset[str] = frozenset()
    """Who was active at the last poll of the API."""
    _stall: NoProgressDetector = field(default_factory=NoProgressDetector)
    _paces: dict[Source, Pace] = field(
        default_factory=lambda: {source: Pace() for source in Source}
    )
    _average: Hysteresis = field(default_factory=Hysteresis)
    _source: Source | None = None
    _state: QueueState | None = None
    _state_since: int = 0
    _worked_at: int = 0
    """When there was work the last time."""

    def switch_to(self, source: Source) -> None:
        """Leave out the time between two polls of different sources."""
        if self._source is not source:
            self._paces[source].skip()
            self.job_counter = None
        self._source = source

    def understand(
        self, source: Source, facts: QueueSample, moment: PollContext
    ) -> Understood:
        """Draw the conclusions that don't depend on the source."""
        self._stall.observe(
            moment.now,
            could_move=facts.waiting > 0
            and not facts.is_paused
            and facts.worker is not False
            and not facts.excused,
            moved=facts.moved,
            working=facts.active > 0,
            all_late=facts.all_late,
            threshold=moment.thresholds.of_queue(self.name),
        )
        if facts.moved or facts.waiting + facts.active > 0:
            self._worked_at = moment.now
        state = self._state_of(facts, moment.now)
        if state is not self._state:
            self._state, self._state_since = state, moment.now
        average = self._average.update(self.durations.whole.average)
        work = Work(
            now=moment.now,
            wall_offset=moment.wall_offset,
            waiting=facts.waiting,
            active=facts.active,
            is_paused=facts.is_paused,
            state=state,
            average_duration=average,
        )
        pace = self._paces[source].update(work, facts.processed)
        return Understood(state, moment.shown(self._state_since), pace, average)

    def _state_of(self, facts: QueueSample, now: int) -> QueueState:
        """Return what the queue is doing; the worst comes first."""
        work = facts.waiting + facts.active > 0
        if work and facts.worker is False:
            return QueueState.WORKER_LOST
        if facts.is_paused:
            return QueueState.PAUSED
        if self._stall.stalled:
            return QueueState.STALLED
        if work:
            return QueueState.RUNNING
        if self._state is QueueState.RUNNING and now - self._worked_at < IDLE_AFTER:
            return QueueState.RUNNING
        return QueueState.IDLE

    @property
    def counted_so_far(self) -> tuple[int | str | None, ...]:
        """Return what differs when there is something new to store."""
        return (
            self.throughput.processed,
            self.throughput.position,
            self.durations.whole.count,
            self.durations.finished,
            self._stall.gaps.count,
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return what has to outlive a restart of Home Assistant, as JSON."""
        stored: dict[str, JsonValue] = {
            "durations": self.durations.to_dict(),
            "gaps": self._stall.gaps.to_dict(),
        }
        if self.counted:
            stored["throughput"] = self.throughput.to_dict()
        return stored

    @classmethod
    def from_dict(cls, name: str, stored: Mapping[str, JsonValue]) -> QueueMemory:
        """Go on from `to_dict`; what can't be understood is left out."""
        throughput = stored_mapping(stored, "throughput")
        own = cls(
            name,
            throughput=Throughput.from_dict(throughput),
            durations=JobDurations.from_dict(stored_mapping(stored, "durations")),
            counted=bool(throughput),
        )
        own._stall.restore(stored_mapping(stored, "gaps"))
        return own


_WAITS_FOR_OTHERS = "FacialRecognitionQueueAll"
"""Immich keeps this job active until the queues below have nothing active."""

_WAITED_FOR = ("thumbnailGeneration", "faceDetection")

_ADDS_JOBS = "QueueAll"
"""How the jobs end that go through the library and add a job for each asset."""

_BULK = 500
"""Ids given out between two polls that show such a job at work: it adds 1,000 at once."""


def redis_job_views(
    memory: QueueMemory,
    queue: QueueReading,
    added: int,
    ahead: int | None,
    moment: PollContext,
) -> tuple[tuple[JobView, ...], bool]:
    """Return the views, and whether a job has a good reason to hold up the queue.

    `added` is by how much `id` grew since the last poll, `ahead` by how much the
    worker's clock is ahead of the monotonic one.
    """
    views: list[JobView] = []
    excused = False
    found = memory.runs.from_redis(
        queue.jobs,
        queue.active,
        moment.now,
        memory.durations.finished,
        max(TOO_FAR_APART, 3 * moment.interval),
    )
    for job, run in found:
        _find_start(memory, job, run, ahead, moment)
        around = _around(memory, job.name, moment, added)
        excused = excused or around.excused
        views.append(
            _redis_view(memory, job, run, around, judge(job, run, around), moment)
        )
    if len(queue.jobs) >= queue.active:
        active = [
            RunId(job.job_id, job.processed_on, job.added_at) for job in queue.jobs
        ]
        moment.ignored.over(memory.name, active)
    return _longest_first(views), excused


def api_job_views(
    memory: QueueMemory, jobs: Iterable[ListedJob], moment: PollContext
) -> tuple[tuple[JobView, ...], bool]:
    """Return the views, and whether a job has a good reason to hold up the queue."""
    views: list[JobView] = []
    excused = False
    for job, run in memory.runs.from_api(jobs, moment.now, memory.durations.finished):
        around = _around(memory, job.name, moment, added=0)
        excused = excused or around.excused
        views.append(
            _api_view(memory, job, run, around, judge_listed(run, around), moment)
        )
    active = [RunId(view.job_id, None, view.added_at) for view in views]
    if len(active) >= moment.active.get(memory.name, 0):
        moment.ignored.over(memory.name, active)
    return _longest_first(views), excused


def _find_start(
    memory: QueueMemory,
    job: ActiveJob,
    run: Run,
    ahead: int | None,
    moment: PollContext,
) -> None:
    """Fix a run's start once the worker's clock is known."""
    if run.since is not None or ahead is None or job.processed_on is None:
        return
    run.fix_start(job.processed_on - ahead)
    if moment.redis_offset is not None:
        memory.durations.started(job.job_id, run.started - moment.redis_offset)


def _around(
    memory: QueueMemory, name: str | None, moment: PollContext, added: int
) -> JobContext:
    blocked = name == _WAITS_FOR_OTHERS and any(
        moment.active.get(queue) for queue in _WAITED_FOR
    )
    at_work = name is not None and name.endswith(_ADDS_JOBS) and added >= _BULK
    worker = memory.worker
    return JobContext(
        now=moment.now,
        threshold=moment.thresholds.of_job(memory.name, name),
        hung_after=hung_not_before(name),
        ignored=moment.thresholds.ignores(memory.name, name),
        worker=worker.alive,
        worker_since=worker.alive_since,
        worker_seen=worker.alive_at,
        blocked=blocked,
        at_work=at_work,
        finished=memory.durations.finished,
        durations=memory.durations.of(name),
    )


def _is_ignored(
    memory: QueueMemory, run: RunId, judgement: Classification, moment: PollContext
) -> bool:
    """Return whether a run is left alone that would else be called stuck."""
    # Asked for always: it is learned there, which run it is.
    ignored = moment.ignored.covers(memory.name, run, moment.now, judgement.kind)
    return ignored and judgement.due


def _age(run: Run, now: int) -> int:
    return max(0, now - run.started) // 1000


def _redis_view(
    memory: QueueMemory,
    job: ActiveJob,
    run: Run,
    around: JobContext,
    judgement: Classification,
    moment: PollContext,
) -> JobView:
    this = RunId(job.job_id, job.processed_on, job.added_at)
    ignored = _is_ignored(memory, this, judgement, moment)
    return JobView(
        queue=memory.name,
        job_id=job.job_id,
        name=job.name,
        asset_ids=asset_ids(job.name or "", job.data),
        data=job.data,
        data_problem=job.data_problem,
        added_at=job.added_at,
        since=moment.shown(run.started),
        age=_age(run, around.now),
        kind=judgement.kind,
        due=judgement.due and not ignored,
        ignored=ignored,
        threshold=around.threshold,
        renewal_missed=job.lock_ttl is not None and job.lock_ttl < RENEWAL_MISSED,
        stalled_count=job.stalled_count,
        processed_on=job.processed_on,
        lock_token=job.lock_token,
        source=Source.REDIS,
        polls_seen=run.polls,
    )


def _api_view(
    memory: QueueMemory,
    job: ListedJob,
    run: Run,
    around: JobContext,
    judgement: Classification,
    moment: PollContext,
) -> JobView:
    this = RunId(job.job_id, None, job.added_at)
    ignored = _is_ignored(memory, this, judgement, moment)
    return JobView(
        queue=memory.name,
        job_id=job.job_id,
        name=job.name,
        asset_ids=() if job.asset_id is None else (job.asset_id,),
        data=None,
        data_problem=None,
        added_at=job.added_at,
        since=moment.shown(run.started),
        age=_age(run, around.now),
        kind=judgement.kind,
        due=judgement.due and not ignored,
        ignored=ignored,
        threshold=around.threshold,
        renewal_missed=False,
        stalled_count=0,
        processed_on=None,
        lock_token=None,
        source=Source.API,
        polls_seen=run.polls,
    )


def _longest_first(views: list[JobView]) -> tuple[JobView, ...]:
    return tuple(sorted(views, key=lambda view: (view.since or 0, view.job_id)))


def view_from_redis(
    memory: QueueMemory,
    queue: QueueReading,
    times: PollTimes,
    ahead: int | None,
    moment: PollContext,
) -> QueueView:
    """Understand one poll of Redis.

    `ahead`: ms by which the worker's clock is ahead of the monotonic one.
    """
    memory.switch_to(Source.REDIS)
    memory.counted = True
    memory.worker.observe(queue, times)
    progress = memory.throughput.update(queue, moment.run_id)
    left = _left(progress.events, memory.runs.job_ids)
    if progress.restarted:
        memory.runs.forget()
        moment.ignored.over(memory.name)
        memory.durations.forget_ids()
    memory.durations.observe(
        progress.events, queue.jobs, queue.active, timed=times.can_time(queue)
    )
    counter = queue.job_counter or 0
    added = counter - (counter if memory.job_counter is None else memory.job_counter)
    memory.job_counter = counter
    jobs, excused = redis_job_views(memory, queue, added, ahead, moment)
    facts = QueueSample(
        waiting=queue.waiting,
        active=queue.active,
        is_paused=queue.is_paused,
        processed=progress.processed,
        moved=progress.processed > 0
        or any(event.event == "active" for event in progress.events),
        excused=excused,
        all_late=_all_late(jobs, queue.active),
        worker=memory.worker.alive,
    )
    beat = memory.worker.heartbeat_at
    return _queue_view(
        memory,
        queue,
        jobs,
        facts,
        moment,
        RedisFacts(
            worker_seen_at=None if beat is None else moment.shown(beat),
            worker_alive_at=memory.worker.alive_at,
            next_added_at=queue.next_job_added_at,
            version=queue.version,
            layout=queue.layout,
            writable=queue.writable,
            left=left,
            restarted=progress.restarted,
        ),
    )


def view_from_api(
    memory: QueueMemory,
    counts: QueueCounts,
    listed: Collection[ListedJob],
    moment: PollContext,
) -> QueueView:
    """Understand one poll of the API."""
    memory.switch_to(Source.API)
    processed = memory.counts.observe(counts, moment.now)
    jobs, excused = api_job_views(memory, listed, moment)
    active_ids = frozenset(job.job_id for job in listed)
    facts = QueueSample(
        waiting=counts.backlog,
        active=counts.active,
        is_paused=counts.is_paused,
        processed=processed,
        moved=processed > 0 or active_ids != memory.active_ids,
        excused=excused,
        all_late=_all_late(jobs, counts.active),
        worker=None,
    )
    memory.active_ids = active_ids
    return _queue_view(memory, counts, jobs, facts, moment, None)


def _queue_view(
    memory: QueueMemory,
    counts: QueueReading | QueueCounts,
    jobs: tuple[JobView, ...],
    facts: QueueSample,
    moment: PollContext,
    redis: RedisFacts | None,
) -> QueueView:
    """Put a view together; `redis` is None in a poll of the API."""
    source = Source.API if redis is None else Source.REDIS
    redis = redis or NOT_KNOWN
    understood = memory.understand(source, facts, moment)
    return QueueView(
        name=memory.name,
        source=source,
        is_paused=facts.is_paused,
        waiting=facts.waiting,
        active=facts.active,
        delayed=counts.delayed,
        failed=counts.failed,
        jobs=jobs,
        state=understood.state,
        state_since=understood.state_since,
        worker=facts.worker,
        worker_seen_at=redis.worker_seen_at,
        worker_alive_at=redis.worker_alive_at,
        rate_per_minute=understood.pace.rate_per_minute,
        rate_range=understood.pace.rate_range,
        rate_is_estimate=source is Source.API,
        eta=understood.pace.eta,
        no_eta=understood.pace.no_eta,
        average_duration=understood.average_duration,
        processed=memory.throughput.processed if memory.counted else None,
        suggested_threshold=memory.durations.whole.suggested_threshold,
        next_added_at=redis.next_added_at,
        version=redis.version,
        layout=redis.layout,
        writable=redis.writable,
        left=redis.left,
        restarted=redis.restarted,
    )


def _left(events: Iterable[JobEvent], active: Container[str]) -> dict[str, str]:
    """Return by which event each of the jobs that were active left."""
    left: dict[str, str] = {}
    for event in events:
        job_id = event.job_id
        if event.prev == "active" and job_id is not None and job_id in active:
            left.setdefault(job_id, event.event)
    return left


def _all_late(jobs: Collection[JobView], active: int) -> bool | None:
    """Return whether all that is active is due; None when that can't be told."""
    if not jobs or len(jobs) < active:
        return None
    return all(job.due for job in jobs)
