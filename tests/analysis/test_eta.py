"""The time left: how right it is, and how quiet."""

from statistics import median, quantiles

import pytest

from custom_components.immich_admin_tools.analysis.eta import (
    EtaTeller,
    rounded_remaining,
)
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


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one.name)
def test_range_and_quiet(workload: Workload) -> None:
    """The range holds nine times of ten, and a new time is told a few times an hour."""
    holds, changes = range_and_changes(workload, SEEDS)
    assert holds >= 0.85
    assert changes <= 180


def rate(per_second: float) -> Rate:
    """Return a rate that is well known."""
    return Rate(per_second, per_second / 100, per_second, 600, 600 * per_second)


def test_small_moves_are_not_told() -> None:
    """Within 5 % of the rest the finish stays, and the rest counts down."""
    teller = EtaTeller()
    first = teller.tell(NOW, 1000, rate(1.0))
    assert first.finish == NOW + 1000 * SECOND
    assert first.remaining == 1000 // 30 * 30
    again = teller.tell(NOW + 20 * SECOND, 1000, rate(1.0))
    assert again.finish == first.finish
    assert again.remaining == rounded_remaining(980)
    moved = teller.tell(NOW + 20 * SECOND, 1060, rate(1.0))
    assert moved.finish == NOW + 1080 * SECOND


def test_at_least_15_seconds() -> None:
    """Of a short rest 5 % are nothing."""
    teller = EtaTeller()
    first = teller.tell(NOW, 60, rate(1.0))
    assert teller.tell(NOW, 70, rate(1.0)).finish == first.finish
    assert teller.tell(NOW, 76, rate(1.0)).finish == NOW + 76 * SECOND


def test_told_anew_on_the_way() -> None:
    """What was 4 % of an hour is not kept for the last minutes."""
    teller = EtaTeller()
    teller.tell(NOW, 3600, rate(1.0))
    kept = teller.tell(NOW + 100 * SECOND, 3600, rate(1.0))
    assert kept.finish == NOW + 3600 * SECOND
    later = NOW + 500 * SECOND
    assert teller.tell(later, 3200, rate(1.0)).finish == later + 3200 * SECOND


def test_never_in_the_past() -> None:
    """A finish that has passed is told anew."""
    teller = EtaTeller()
    teller.tell(NOW, 10, rate(1.0))
    late = teller.tell(NOW + 12 * SECOND, 10, rate(1.0))
    assert late.finish == NOW + 22 * SECOND
    assert NOW + 12 * SECOND <= late.low <= late.finish <= late.high


@pytest.mark.parametrize("seconds", [0, 0.4, 7, 59, 61, 599, 3_601, 86_000, 1_000_000])
def test_rounding_is_within_2_5_percent(seconds: float) -> None:
    """Rounded to what an estimate is worth."""
    assert abs(rounded_remaining(seconds) - seconds) <= max(0.5, 0.025 * seconds)
