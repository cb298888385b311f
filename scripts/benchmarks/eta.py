"""How far off the time left is, by workload and by way of telling it.

Errors are |told - true| / true in %, medians (and 90th percentiles) over all polls
from where a workload is judged until a minute before its end. "Range holds" is how
often the true end lay in the range told with ours (meant: 90 %), "changes" how
often an hour ours told another end and another time left, unknown included
(target: 12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

from .eta_rivals import ESTIMATORS, Estimator, Ours
from .eta_workloads import POLL, STEP_AT, STEPS, WORKLOADS, Look, Workload

SEEDS = 10
QUICK_SEEDS = 2

_LAST_JUDGED = 60.0
"""Seconds before the end: then a relative error means nothing any more."""

_GOOD = 0.1
_NEVER = 1_800.0
"""Seconds after a step that are looked at."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How often an hour something else was told."""

    end: float
    rest: float


def error_of(told: float | None, look: Look) -> float:
    """Return the relative error; to say nothing is to be wrong by all of it."""
    return 1.0 if told is None else abs(told - look.rest) / look.rest


def errors(
    workload: Workload, estimator: Callable[[], Estimator], seeds: int
) -> list[float]:
    """Return the relative errors at all judged polls, over some plays."""
    found: list[float] = []
    for seed in range(seeds):
        one = estimator()
        for number, look in enumerate(workload.looks(seed)):
            told = one.look(look, POLL if number else 0.0)
            if look.is_paused or look.rest < _LAST_JUDGED:
                continue
            if look.time >= workload.judged_from:
                found.append(error_of(told, look))
    return found


def recoveries(
    workload: Workload, estimator: Callable[[], Estimator], seeds: int
) -> list[float]:
    """Return per play the seconds from a step until the error stays below 10 %."""
    found: list[float] = []
    for seed in range(seeds):
        one = estimator()
        last_bad = STEP_AT
        for number, look in enumerate(workload.looks(seed)):
            told = one.look(look, POLL if number else 0.0)
            if look.rest < _LAST_JUDGED or look.time > STEP_AT + _NEVER:
                break
            if look.time >= STEP_AT and error_of(told, look) >= _GOOD:
                last_bad = look.time + POLL
        found.append(last_bad - STEP_AT)
    return found


def range_and_changes(workload: Workload, seeds: int) -> tuple[float, Changes]:
    """Return how often the range held, and the changes an hour."""
    held: list[bool] = []
    ends = rests = hours = 0.0
    for seed in range(seeds):
        ours = Ours()
        for number, look in enumerate(workload.looks(seed)):
            ours.look(look, POLL if number else 0.0)
            hours += POLL / 3600
            if look.is_paused or look.rest < _LAST_JUDGED or ours.eta is None:
                continue
            if look.time >= workload.judged_from:
                end = (look.time + look.rest) * 1000
                held.append(ours.eta.low <= end <= ours.eta.high)
        ends += ours.changes
        rests += ours.rest_changes
    return sum(held) / len(held), Changes(ends / hours, rests / hours)


def run(quick: bool) -> list[list[str]]:
    """Return the table: a head, then one row per workload."""
    seeds = QUICK_SEEDS if quick else SEEDS
    rows = [
        ["time left: error in % (p90)", *ESTIMATORS, "range holds", "ends/h", "rests/h"]
    ]
    for workload in WORKLOADS:
        cells: list[str] = []
        for estimator in ESTIMATORS.values():
            found = errors(workload, estimator, seeds)
            cells.append(_cell(found, 100.0, most=999.0))
        holds, changes = range_and_changes(workload, seeds)
        rows.append([workload.name, *cells, f"{holds:.0%}", *_changes(changes)])
    for workload in STEPS:
        cells = [
            _cell(recoveries(workload, estimator, seeds), 1.0, most=_NEVER)
            for estimator in ESTIMATORS.values()
        ]
        _, changes = range_and_changes(workload, seeds)
        name = f"{workload.name}: s until < 10 %"
        rows.append([name, *cells, "", *_changes(changes)])
    return rows


def _cell(found: list[float], scale: float, most: float) -> str:
    """Return median and 90th percentile; what is beyond `most` is not told apart."""
    values = (median(found) * scale, quantiles(found, n=10)[-1] * scale)
    middle, high = (
        f">{most:.0f}" if value >= most else f"{value:.{1 if scale > 1 else 0}f}"
        for value in values
    )
    return f"{middle} ({high})"


def _changes(changes: Changes) -> list[str]:
    return [f"{changes.end:.0f}", f"{changes.rest:.0f}"]
