"""Clocks that jump by hours, each for itself, at any moment."""

from dataclasses import dataclass, field

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    QueueState,
    QueueView,
    ServerView,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import (
    ActiveJob,
    Heartbeat,
    JobEvent,
    StreamState,
)

from .builders import NOW, SECOND, event, job, queue, reading

FACES = "faceDetection"
POLL = 5
LIMIT = 60
THRESHOLDS = Thresholds({FACES: LIMIT})
HOUR = 3_600 * SECOND
CLOCKS = ("redis", "worker", "wall")


@dataclass
class SimulatedQueue:
    """A worker that does a job every 2 s, and holds on to those that hang.

    Redis keeps expiries as times of its own clock, and its ids never fall: so does
    this one.
    """

    second: float = 0.0
    redis: int = NOW
    worker: int = NOW + 40_000
    wall: int = NOW - 70_000
    is_alive: bool = True
    hung: list[ActiveJob] = field(default_factory=list)
    orphans: list[ActiveJob] = field(default_factory=list)
    beat: tuple[int, int] | None = None
    """Value, and when it runs out on the clock of Redis."""
    next_beat: float = 0.0
    number: int = 0
    last_id: tuple[int, int] = (0, 0)
    events: list[JobEvent] = field(default_factory=list)
    added: int = 0
    analyst: Analyst = field(default_factory=Analyst)
    views: list[tuple[float, ServerView]] = field(default_factory=list)

    def jump(self, clock: str, by: int) -> None:
        """Put one clock elsewhere."""
        setattr(self, clock, getattr(self, clock) + by)

    def hang(self) -> None:
        """Let a job hang from now on."""
        self.number += 1
        self.hung.append(job(f"h{self.number}", started=self.worker))

    def tick(self) -> None:
        """Let a second pass."""
        self.second += 1
        for clock in CLOCKS:
            self.jump(clock, SECOND)
        if self.beat is not None and self.beat[1] <= self.redis:
            self.beat = None
        if not self.is_alive:
            return
        if self.second >= self.next_beat:
            self.next_beat = self.second + 30
            if self.beat is None:
                self.beat = (self.worker, self.redis + 30_000)
        if self.second % 2 == 0:
            self.number += 1
            for kind in ("active", "completed"):
                self.write(kind, str(self.number))

    def write(self, kind: str, job_id: str) -> None:
        """Write into the stream, as Redis gives out ids."""
        last = self.last_id
        self.last_id = (
            (self.redis, 0) if self.redis > last[0] else (last[0], last[1] + 1)
        )
        self.added += 1
        entry = f"{self.last_id[0]}-{self.last_id[1]}"
        self.events.append(event(entry, kind, job_id))

    def poll(self) -> QueueView:
        """Look once."""
        left = None if self.beat is None else self.beat[1] - self.redis
        heartbeat = (
            None if self.beat is None or left is None else Heartbeat(self.beat[0], left)
        )
        events, self.events = tuple(self.events), []
        read = reading(
            self.redis,
            queue(
                FACES,
                wait=100_000,
                jobs=(*self.hung, *self.orphans),
                heartbeat=heartbeat,
                job_counter=self.number,
                stream=StreamState(
                    self.added, self.added, f"{self.last_id[0]}-{self.last_id[1]}"
                ),
                events=events,
            ),
        )
        view = self.analyst.update_from_redis(
            read, THRESHOLDS, round(self.second * SECOND), self.wall
        )
        self.views.append((self.second, view))
        return view.queues[FACES]

    def play(self, seconds: int) -> list[QueueView]:
        """Let some time pass, with a look every few seconds."""
        found = []
        for _ in range(seconds // POLL):
            for _ in range(POLL):
                self.tick()
            found.append(self.poll())
        return found


def started() -> SimulatedQueue:
    """Return a queue that was watched for a while."""
    simulated = SimulatedQueue()
    simulated.play(200)
    return simulated


jumps = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(CLOCKS),
        st.integers(-5 * 3_600, 5 * 3_600).map(lambda s: s * SECOND),
    ),
    max_size=6,
)


@given(jumps, st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_an_age_is_what_passed(moves: list[tuple[int, str, int]], begins: int) -> None:
    """Whatever jumps when: a job is as old as it is, and due when it is."""
    simulated = started()
    began: float | None = None
    for number in range(60):
        for when, clock, by in moves:
            if when == number:
                simulated.jump(clock, by)
        if number == begins:
            # Between two looks, so that it is first seen up to a poll later.
            simulated.hang()
            began = simulated.second
        (view,) = simulated.play(POLL)
        if began is None:
            assert not view.jobs
            continue
        (one,) = view.jobs
        passed = simulated.second - began
        assert one.age is not None
        assert passed - POLL - 1 <= one.age <= passed + 1
        assert one.due == (one.age >= LIMIT)


@given(jumps)
@settings(max_examples=60, deadline=None)
def test_nothing_but_the_shown_times_moves(moves: list[tuple[int, str, int]]) -> None:
    """No worker is lost, nothing stalls, and neither rate nor rest leaps."""
    simulated = started()
    for number in range(60):
        for when, clock, by in moves:
            if when == number:
                simulated.jump(clock, by)
        (view,) = simulated.play(POLL)
        assert view.worker is True
        assert view.state is QueueState.RUNNING
        assert view.rate_per_minute == pytest.approx(30, rel=0.25)
        assert view.eta is not None
        assert view.eta.remaining == pytest.approx(200_000, rel=0.25)
        assert view.eta.finish - simulated.wall == pytest.approx(
            view.eta.remaining * SECOND, rel=0.25
        )
    learned = view.suggested_threshold
    assert learned is None or learned == 60
    assert view.average_duration == pytest.approx(0.001, abs=0.01)


@given(jumps, st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_orphan_is_due_before_its_grace(
    moves: list[tuple[int, str, int]], dies: bool
) -> None:
    """With a worker that lives after 150 s, without one never; and not much later."""
    simulated = started()
    lost = job("lost", started=simulated.worker, lock=None)
    simulated.orphans.append(lost)
    simulated.is_alive = not dies
    begin = simulated.second
    for number in range(60):
        for when, clock, by in moves:
            if when == number:
                simulated.jump(clock, by)
        (view,) = simulated.play(POLL)
        (one,) = view.jobs
        watched = simulated.second - begin - POLL
        assert not one.due or (watched >= 150 and not dies)
        if not dies:
            assert one.due == (watched >= 150)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_hung_job_stays_hung(clock: str, by: int) -> None:
    """A clock that is put back hides nothing, one put forward ripens nothing."""
    simulated = started()
    for _ in range(120):
        simulated.play(POLL)
    simulated.hang()
    before = simulated.play(400)[-1].jobs[0]
    simulated.jump(clock, by)
    after = simulated.play(10)[-1].jobs[0]
    assert before.kind is after.kind
    assert after.due
    assert before.age is not None
    assert after.age == before.age + 10


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_what_is_shown_follows_the_wall_clock(by: int) -> None:
    """Since when a job runs is told on the clock that was put right."""
    simulated = started()
    simulated.hang()
    before = simulated.play(100)[-1]
    simulated.jump("wall", by)
    after = simulated.play(5)[-1]
    assert after.jobs[0].since is not None
    assert before.jobs[0].since is not None
    assert after.jobs[0].since - before.jobs[0].since == by
    assert after.state_since - before.state_since == by
