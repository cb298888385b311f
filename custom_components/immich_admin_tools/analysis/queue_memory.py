"""What has to be remembered of one queue between two polls."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..bullmq.models import JsonValue
from .heartbeat import WorkerWatch
from .job_durations import JobDurations
from .models import IDLE_AFTER, QueueState, Source
from .own_observation import CountWatch
from .pace import Pace, PaceView, Work
from .runs import RunTracker
from .stall import StallWatch
from .steady import SteadyNumber
from .stored import stored_mapping
from .thresholds import Thresholds
from .throughput import Throughput


@dataclass(frozen=True, slots=True)
class Moment:
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
    active: Mapping[str, int]
    """Active jobs per queue: some jobs wait for other queues."""

    def shown(self, at: int) -> int:
        """Return a monotonic time as it is shown: ms since the epoch."""
        return at + self.wall_offset


@dataclass(frozen=True, slots=True)
class Facts:
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
    worker: WorkerWatch = field(default_factory=WorkerWatch)
    throughput: Throughput = field(default_factory=Throughput)
    durations: JobDurations = field(default_factory=JobDurations)
    runs: RunTracker = field(default_factory=RunTracker)
    counts: CountWatch = field(default_factory=CountWatch)
    counted: bool = False
    """Whether Redis was ever read, so that there is a count of processed jobs."""
    job_counter: int | None = None
    """`id` at the last poll."""
    active_ids: frozenset[str] = frozenset()
    """Who was active at the last poll of the API."""
    _stall: StallWatch = field(default_factory=StallWatch)
    _paces: dict[Source, Pace] = field(
        default_factory=lambda: {source: Pace() for source in Source}
    )
    _average: SteadyNumber = field(default_factory=SteadyNumber)
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

    def understand(self, source: Source, facts: Facts, moment: Moment) -> Understood:
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
        average = self._average.tell(self.durations.whole.average)
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

    def _state_of(self, facts: Facts, now: int) -> QueueState:
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
