"""What is said of a job, whatever happens to it."""

from dataclasses import dataclass

from hypothesis import given, settings, strategies as st

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import JobView, StuckKind
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import ActiveJob

from .builders import NOW, beat, job, queue, reading

LIMIT = 60
THRESHOLDS = Thresholds(queues={"faceDetection": LIMIT})
LOCKED_KINDS = (None, StuckKind.LONG_RUNNING, StuckKind.HUNG)
UNLOCKED_KINDS = (None, StuckKind.ORPHANED, StuckKind.GHOST)


@dataclass(frozen=True)
class Poll:
    """One poll of a queue with at most one job."""

    seconds: int
    """Since the one before."""
    active: bool
    restarted: bool
    """Whether the job was started anew since."""
    locked: bool
    missing: bool
    beats: bool
    """Whether the worker's heartbeat is there."""


polls = st.lists(
    st.builds(
        Poll,
        seconds=st.integers(1, 90),
        active=st.sampled_from([True] * 9 + [False]),
        restarted=st.sampled_from([False] * 9 + [True]),
        locked=st.sampled_from([True] * 4 + [False]),
        missing=st.sampled_from([False] * 9 + [True]),
        beats=st.booleans(),
    ),
    max_size=40,
)


def play(played: list[Poll]) -> list[tuple[int, ActiveJob, JobView, bool | None]]:
    """Return per poll with a job: time (ms), the job, its view, and the worker."""
    analyst = Analyst()
    now = started = NOW
    seen: list[tuple[int, ActiveJob, JobView, bool | None]] = []
    for poll in played:
        now += poll.seconds * 1_000
        if poll.restarted or not poll.active:
            started = now
        one = job(
            started=started,
            lock="token" if poll.locked else None,
            missing=poll.missing,
        )
        read = queue(
            jobs=(one,) if poll.active else (),
            heartbeat=beat(now) if poll.beats else None,
        )
        view = analyst.update_from_redis(reading(now, read), THRESHOLDS)
        found = view.queues["faceDetection"]
        if poll.active:
            seen.append((now, one, found.jobs[0], found.worker))
        assert found.stuck == tuple(one for one in found.jobs if one.due)
    return seen


@given(polls)
@settings(max_examples=500, deadline=None)
def test_never_too_early(played: list[Poll]) -> None:
    """No word after one poll; due only over the threshold, the grace or a lost worker."""
    unlocked_since: dict[tuple[str, int | None], int] = {}
    for now, one, view, worker in play(played):
        if view.polls_seen < 2:
            assert (view.kind, view.due) == (None, False)
        assert view.kind in (LOCKED_KINDS if one.lock_token else UNLOCKED_KINDS)
        if one.lock_token is not None:
            unlocked_since.pop(one.identity, None)
            assert view.due == (view.kind is not None)
            if view.due and one.processed_on is not None:
                assert now - one.processed_on >= LIMIT * 1_000
            continue
        since = unlocked_since.setdefault(one.identity, now)
        if view.due:
            assert worker is False or now - since >= 150_000
        if view.kind is StuckKind.GHOST:
            assert one.hash_missing


@given(polls)
@settings(max_examples=500, deadline=None)
def test_hung_stays_hung(played: list[Poll]) -> None:
    """While a run is locked and seen without a break, hung does not become long."""
    before: tuple[int, ActiveJob, JobView, bool | None] | None = None
    for now, one, view, worker in play(played):
        if (
            before is not None
            and before[1].identity == one.identity
            and view.polls_seen == before[2].polls_seen + 1
            and before[2].kind is StuckKind.HUNG
            and one.lock_token is not None
        ):
            assert view.kind is StuckKind.HUNG
        before = (now, one, view, worker)


@given(polls)
@settings(max_examples=300, deadline=None)
def test_age_is_that_of_the_run(played: list[Poll]) -> None:
    """Never negative, never older than the run by the worker's own clock."""
    for now, one, view, _ in play(played):
        assert view.age is not None
        assert view.age >= 0
        if one.processed_on is not None:
            assert view.age <= (now - one.processed_on) // 1_000
