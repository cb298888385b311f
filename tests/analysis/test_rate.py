"""Finding changes of pace, and none where there are none."""

from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.rate import (
    RateEstimator,
    last_change,
)


def blocks(
    rate: float, count: int, seed: int, scatter: float = 1.0
) -> list[tuple[float, float]]:
    """Return blocks of 30 s with the scatter of chance arrivals, times a factor."""
    random = Random(seed)
    mean = rate * 30
    return [
        (30.0, max(0.0, round(random.gauss(mean, scatter * mean**0.5))))
        for _ in range(count)
    ]


def test_no_change_where_there_is_none() -> None:
    """Of a hundred steady hours at most a few are taken for a change."""
    wrong = sum(last_change(blocks(2.0, 120, seed)) > 0 for seed in range(100))
    assert wrong <= 5


@pytest.mark.parametrize(("factor", "off"), [(0.0, 1), (0.5, 2), (1.6, 2), (4.0, 1)])
def test_change_is_found_where_it_was(factor: float, off: int) -> None:
    """A change of pace is found where it was, some blocks after it."""
    for seed in range(20):
        found = last_change([*blocks(2.0, 40, seed), *blocks(2.0 * factor, 8, -seed)])
        assert abs(found - 40) <= off


def test_stays_right_after_a_small_change() -> None:
    """A fifth more or less is found after some time, and never by much beside it."""
    for seed in range(20):
        found = last_change([*blocks(2.0, 60, seed), *blocks(1.6, 40, -seed)])
        assert abs(found - 60) <= 15


def test_the_last_of_several() -> None:
    """What counts is the last one."""
    found = last_change([*blocks(2.0, 30, 1), *blocks(8.0, 30, 2), *blocks(1.0, 30, 3)])
    assert abs(found - 60) <= 1


def test_swings_are_no_changes() -> None:
    """On and off, minute by minute."""
    swinging = [
        block
        for number in range(20)
        for block in (*blocks(4.0, 2, number), *blocks(0.2, 2, -number))
    ]
    assert last_change(swinging) == 0


def test_stop_is_noticed() -> None:
    """From full pace to nothing within a minute and a half."""
    estimator = RateEstimator()
    for _ in range(120):
        estimator.add(5, 10)
    for _ in range(18):
        estimator.add(5, 0)
    assert estimator.rate is not None
    assert estimator.rate.per_second == 0.0


def test_away_for_weeks() -> None:
    """What was before weighs nothing any more, and no pace is made up."""
    estimator = RateEstimator()
    for _ in range(120):
        estimator.add(5, 10)
    estimator.add(60 * 86_400, 0)
    assert estimator.rate is None


def test_slow_queue() -> None:
    """One job in eight minutes, polled every 5 s."""
    estimator = RateEstimator()
    for number in range(1, 96 * 30):
        estimator.add(5, 1 if number % 96 == 0 else 0)
        rate = estimator.rate
        if number > 96 * 10 and rate is not None:
            assert rate.per_second == pytest.approx(1 / 480, rel=0.15)


@given(
    st.lists(
        st.tuples(st.floats(0, 400), st.integers(0, 5_000)), min_size=1, max_size=400
    )
)
@settings(max_examples=200, deadline=None)
def test_always_sound(observed: list[tuple[float, int]]) -> None:
    """Whatever comes: no crash, nothing below zero, within what was seen."""
    estimator = RateEstimator()
    fastest = 0.0
    for seconds, jobs in observed:
        estimator.add(seconds, jobs)
        if seconds > 0:
            fastest = max(fastest, jobs / seconds)
    rate = estimator.rate
    if rate is None:
        assert all(seconds == 0 for seconds, _ in observed)
        return
    assert 0 <= rate.per_second <= fastest * 1.001
    assert rate.deviation >= 0
    assert rate.elapsed <= sum(seconds for seconds, _ in observed) * 1.001


def test_memory_is_bounded() -> None:
    """A week of polls leaves no more than an hour of blocks."""
    estimator = RateEstimator()
    for _ in range(7 * 24 * 720):
        estimator.add(5, 1)
    assert len(estimator._blocks) <= 120
