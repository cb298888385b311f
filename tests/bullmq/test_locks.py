"""Tell from a lock whether its slot is lost, against simulated workers."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.bullmq.locks import (
    CERTAIN_AFTER,
    LockObservation,
    SlotState,
    slot_state,
)

LOCK = 30_000
TOKEN = "worker:7"


def seen(*points: tuple[int, int | None]) -> list[LockObservation]:
    """Make observations of (time, time to live)."""
    return [
        LockObservation(at, None if ttl is None else TOKEN, ttl) for at, ttl in points
    ]


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        (seen(), SlotState.UNKNOWN),
        (seen((0, 20_000)), SlotState.UNKNOWN),
        (seen((0, 20_000), (5_000, 15_001)), SlotState.UNKNOWN),
        # The end of the lock moved: it was renewed.
        (seen((0, 20_000), (5_000, 28_000)), SlotState.LOST),
        # A poll that took 3 s looks like a small step.
        (seen((0, 20_000), (5_000, 18_000)), SlotState.UNKNOWN),
        # Renewed once, then no more: let go of.
        (seen((0, 20_000), (5_000, 28_000), (20_000, 13_000)), SlotState.UNKNOWN),
        (seen((0, 20_000), (5_000, 28_000), (34_000, None)), SlotState.FREE),
        (seen((0, 20_000), (21_000, None)), SlotState.FREE),
        # Late, but still renewed.
        (seen((0, 20_000), (18_000, 2_000), (19_000, 30_000)), SlotState.LOST),
    ],
)
def test_judgement(observations: list[LockObservation], expected: SlotState) -> None:
    """One series, one verdict."""
    assert slot_state(observations, TOKEN) is expected


def test_job_without_a_lock_holds_no_slot() -> None:
    """An orphan's worker is dead."""
    assert slot_state([], None) is SlotState.FREE


def test_other_run_under_the_same_id() -> None:
    """A requeued job that runs again says nothing of its old slot."""
    other = LockObservation(9_000, "worker:8", 30_000)
    observations = [*seen((0, 20_000)), other]
    assert slot_state(observations, TOKEN) is SlotState.REPLACED


@dataclass(frozen=True, slots=True)
class Worker:
    """The lock of a worker that held a job at time 0.

    Its timer renews the lock at multiples of 7.5 s after `phase`, when the last
    renewal is 7.5 s old or more: each 7.5-15 s. From `let_go` on it no longer does.
    """

    phase: int
    last_renewal: int
    let_go: int

    def ttl(self, at: int) -> int | None:
        """Return the time to live, None when it ran out."""
        renewed = self.last_renewal
        tick = self.phase
        while tick <= min(at, self.let_go):
            if tick - renewed >= 7_500:
                renewed = tick
            tick += 7_500
        left = renewed + LOCK - at
        return left if left > 0 else None


@st.composite
def workers(draw: st.DrawFn, let_go: st.SearchStrategy[int]) -> Worker:
    """Make workers in any phase of their timer."""
    phase = draw(st.integers(0, 7_499))
    last_renewal = draw(st.sampled_from([phase - 7_500, phase - 15_000 + 1]))
    return Worker(phase, last_renewal, draw(let_go))


def observe(worker: Worker, times: Sequence[int]) -> list[LockObservation]:
    """Look at the lock at these times."""
    return seen(*((at, worker.ttl(at)) for at in times))


def polls(interval: int, first: int, until: int) -> list[int]:
    """Return times of polls."""
    return list(range(first, until + 1, interval))


INTERVALS = st.integers(1_000, 10_000)
FIRST = st.integers(0, 5_000)


@settings(deadline=None)
@given(workers(st.just(10**9)), INTERVALS, FIRST)
def test_lost_slot_is_known_in_time_and_stays_known(
    worker: Worker, interval: int, first: int
) -> None:
    """A handler that never ends is told for sure, whenever one looks."""
    times = polls(interval, first, 120_000)
    for count in range(1, len(times) + 1):
        state = slot_state(observe(worker, times[:count]), TOKEN)
        assert state is not SlotState.FREE
        if times[count - 1] >= CERTAIN_AFTER:
            assert state in (SlotState.LOST, SlotState.UNKNOWN)
            left = worker.ttl(times[count - 1])
            assert (state is SlotState.LOST) == (left is not None and left > 15_000)
    assert SlotState.LOST in {
        slot_state(observe(worker, times[:count]), TOKEN)
        for count in range(1, len(times) + 1)
        if times[count - 1] <= CERTAIN_AFTER
    }


@settings(deadline=None)
@given(workers(st.integers(-1, 60_000)), INTERVALS, FIRST)
def test_slot_that_was_let_go_is_told_free(
    worker: Worker, interval: int, first: int
) -> None:
    """At the latest when the lock ran out, and never as lost 15 s after the end."""
    times = polls(interval, first, max(worker.let_go, 0) + LOCK + interval)
    states = {
        at: slot_state(observe(worker, times[: count + 1]), TOKEN)
        for count, at in enumerate(times)
    }
    assert states[times[-1]] is SlotState.FREE
    for at, state in states.items():
        if at > worker.let_go + 15_000:
            assert state is not SlotState.LOST
        if at < worker.let_go:
            assert state is not SlotState.FREE


@settings(deadline=None)
@given(workers(st.integers(-1, -1)), INTERVALS, FIRST)
def test_slot_that_was_free_at_once_is_never_called_lost(
    worker: Worker, interval: int, first: int
) -> None:
    """The lock that runs out is no sign of a lost slot."""
    times = polls(interval, first, 60_000)
    for count in range(1, len(times) + 1):
        observations = observe(worker, times[:count])
        assert slot_state(observations, TOKEN) is not SlotState.LOST
