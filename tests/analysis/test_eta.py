"""The time left: how right it is, and how quiet."""

from itertools import pairwise
from statistics import median, quantiles

import pytest

from custom_components.immich_admin_tools.analysis.eta import (
    EtaEstimator,
    rounded_remaining,
)
from custom_components.immich_admin_tools.analysis.models import Eta
from custom_components.immich_admin_tools.analysis.rate import Rate
from scripts.benchmarks.eta import errors, range_and_changes, recoveries
from scripts.benchmarks.eta_rivals import Ewma, Ours, PerSample
from scripts.benchmarks.eta_workloads import STEPS, WORKLOADS, Workload

from .builders import NOW, SECOND

SEEDS = 3
BY_NAME = {workload.name: workload for workload in (*WORKLOADS, *STEPS)}


@pytest.mark.parametrize("name", ["steady", "pause of 10 min"])
def test_steady_within_5_percent(name: str) -> None:
    """At an even pace, also after a pause."""
    found = errors(BY_NAME[name], Ours, SEEDS)
    assert median(found) <= 0.05
    assert quantiles(found, n=10)[-1] <= 0.05


@pytest.mark.parametrize("workload", STEPS, ids=lambda one: one.name)
def test_after_a_step_within_10_percent_in_5_minutes(workload: Workload) -> None:
    """A change of pace, up or down, is over soon."""
    assert median(recoveries(workload, Ours, SEEDS)) <= 300
    later = [
        error
        for seed in range(SEEDS)
        for error in errors_from(workload, seed, begin=workload.judged_from + 300)
    ]
    assert quantiles(later, n=10)[-1] < 0.1


def errors_from(workload: Workload, seed: int, begin: float) -> list[float]:
    """Return the errors of one play from a moment on."""
    ours = Ours()
    found: list[float] = []
    for number, look in enumerate(workload.looks(seed)):
        told = ours.look(look, 5.0 if number else 0.0)
        if look.time >= begin and look.rest >= 60:
            assert told is not None
            found.append(abs(told - look.rest) / look.rest)
    return found


@pytest.mark.parametrize("name", ["bursts of 1 min", "bursts of 3 min"])
def test_bursts_are_averaged(name: str) -> None:
    """Swings that come again are no changes of pace."""
    ours = errors(BY_NAME[name], Ours, SEEDS)
    assert median(ours) <= 0.1
    for rival in (lambda: Ewma(60), lambda: Ewma(180), PerSample):
        assert median(ours) < median(errors(BY_NAME[name], rival, SEEDS))


@pytest.mark.parametrize("workload", [*WORKLOADS, *STEPS], ids=lambda one: one.name)
def test_range_and_quiet(workload: Workload) -> None:
    """The range holds nearly always, and no more than 12 an hour is told anew."""
    holds, changes = range_and_changes(workload, SEEDS)
    assert holds >= 0.85
    assert changes.end <= 12
    assert changes.rest <= 12


def rate(per_second: float) -> Rate:
    """Return a rate that is well known."""
    return Rate(per_second, per_second / 100, per_second, 600, 600 * per_second)


def told(teller: EtaEstimator, now: int, jobs: int) -> Eta:
    """Return what is told at one job a second."""
    eta = teller.update(now, jobs, rate(1.0))
    assert eta is not None
    return eta


def test_told_anew_when_it_leaves_its_own_uncertainty() -> None:
    """Of 1,000 s some 4 % are unsure: within that the finish stays."""
    teller = EtaEstimator()
    first = told(teller, NOW, 1_000)
    assert first.finish == pytest.approx(NOW + 1_000 * SECOND, abs=10 * SECOND)
    for second in range(5, 91, 5):
        jobs = 1_000 - second + 20
        assert told(teller, NOW + second * SECOND, jobs).finish == first.finish
    ends = [
        told(teller, NOW + second * SECOND, 1_500 - second).finish
        for second in range(95, 300, 5)
    ]
    assert ends[-1] == pytest.approx(NOW + 1_500 * SECOND, abs=60 * SECOND)


def test_swings_cancel_out() -> None:
    """An estimate that goes back and forth is told in its middle."""
    teller = EtaEstimator()
    ends = [
        told(teller, NOW + s * SECOND, 2_000 - s + (150 if s // 5 % 2 else -150)).finish
        for s in range(0, 1_500, 5)
    ]
    assert len(set(ends)) <= 5
    assert ends[-1] == pytest.approx(NOW + 2_000 * SECOND, abs=60 * SECOND)


def test_at_most_once_a_minute() -> None:
    """However far the estimate leaps."""
    teller = EtaEstimator()
    first = told(teller, NOW, 1_000)
    assert told(teller, NOW + 55 * SECOND, 9_000).finish == first.finish
    assert told(teller, NOW + 60 * SECOND, 9_000).finish != first.finish


def test_at_most_twelve_times_an_hour() -> None:
    """Though the estimate leaps at every poll, and stays where it leapt a while."""
    teller = EtaEstimator()
    seen = [
        told(teller, NOW + second * SECOND, 1_000 + second // 150 % 7 * 5_000)
        for second in range(0, 3_600, 5)
    ]
    ends, rests = [eta.finish for eta in seen], [eta.remaining for eta in seen]
    assert 5 <= sum(a != b for a, b in pairwise(ends)) <= 12
    assert sum(a != b for a, b in pairwise(rests)) <= 12
    # Nor is all of it told at once, and nothing for the rest of the hour.
    assert len(set(ends[120:])) >= 3


def test_nothing_of_it_changes_alone() -> None:
    """What goes along with the finish stays with it: nothing to write."""
    teller = EtaEstimator()
    first = told(teller, NOW, 3_600)
    assert {told(teller, NOW + s * SECOND, 3_600 - s) for s in range(0, 600, 5)} == {
        first
    }


def test_the_rest_is_counted_down() -> None:
    """In steps that matter."""
    teller = EtaEstimator()
    told(teller, NOW, 3_600)
    rests = [
        told(teller, NOW + s * SECOND, 3_600 - s).remaining for s in range(0, 3_500, 5)
    ]
    assert rests == sorted(rests, reverse=True)
    assert 5 <= len(set(rests)) <= 12
    for second in range(0, 3_000, 100):
        assert rests[second // 5] == pytest.approx(3_600 - second, rel=0.4)


def test_told_anew_when_it_has_passed() -> None:
    """A finish that has passed is told anew."""
    teller = EtaEstimator()
    told(teller, NOW, 100)
    late = told(teller, NOW + 105 * SECOND, 10)
    assert late.finish == pytest.approx(NOW + 115 * SECOND, abs=5 * SECOND)
    assert late.low <= late.finish <= late.high


def test_a_wall_clock_that_is_put_right_moves_the_end_alone() -> None:
    """The end is shown on the new clock; what is left of it stays."""
    teller = EtaEstimator()
    hour = 3_600 * SECOND
    before = teller.update(NOW, 1_000, rate(1.0), 0)
    after = teller.update(NOW + 5 * SECOND, 995, rate(1.0), hour)
    assert before is not None
    assert after is not None
    assert after.finish - before.finish == hour
    assert after.remaining == before.remaining


@pytest.mark.parametrize("seconds", [0, 0.4, 7, 59, 61, 599, 3_601, 86_000, 1_000_000])
def test_rounding_is_within_2_5_percent(seconds: float) -> None:
    """Rounded to what an estimate is worth."""
    assert abs(rounded_remaining(seconds) - seconds) <= max(0.5, 0.025 * seconds)
