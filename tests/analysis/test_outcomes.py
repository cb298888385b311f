"""Counts that go on over restarts of Immich and of ours."""

import json

from hypothesis import given, strategies as st

from custom_components.immich_admin_tools.analysis.statistics import (
    MOST_DAYS,
    OutcomeCounts,
)
from custom_components.immich_admin_tools.immich.telemetry import Outcomes, Telemetry

URL = "http://immich:8082/metrics"


def _reading(process: str = "1", **failed: int) -> Telemetry:
    return Telemetry(
        process, {job: Outcomes(failed=count) for job, count in failed.items()}, {}
    )


def _update(counts: OutcomeCounts, reading: Telemetry, source: str = URL) -> None:
    counts.update(source, reading, now=1_000, day="2026-11-20")


def test_counts_from_the_first_reading_on() -> None:
    """What was before belongs to no time; what comes after is counted."""
    counts = OutcomeCounts()
    _update(counts, _reading(Ocr=50))
    assert counts.of("Ocr") == Outcomes()
    assert counts.since == 1_000
    _update(counts, _reading(Ocr=53))
    assert counts.of("Ocr") == Outcomes(failed=3)


def test_a_counter_that_comes_late() -> None:
    """Counters appear with their first increment."""
    counts = OutcomeCounts()
    _update(counts, _reading())
    _update(counts, _reading(Ocr=2))
    assert counts.of("Ocr") == Outcomes(failed=2)


def test_restart_of_immich() -> None:
    """Counters begin at zero: told by one that fell or is gone, or by the process."""
    counts = OutcomeCounts()
    _update(counts, _reading(Ocr=50))
    _update(counts, _reading(Ocr=4))
    assert counts.of("Ocr").failed == 4
    _update(counts, _reading())
    # It has overtaken what it was before the restart.
    _update(counts, _reading(Ocr=9))
    assert counts.of("Ocr").failed == 13
    _update(counts, _reading("2", Ocr=11))
    assert counts.of("Ocr").failed == 24


def test_two_processes_are_added_up() -> None:
    """Each worker container counts for itself."""
    counts = OutcomeCounts()
    for source in ("a", "b"):
        _update(counts, _reading(Ocr=1), source)
        _update(counts, _reading(Ocr=3), source)
    assert counts.of("Ocr").failed == 4


def test_days_are_bounded() -> None:
    """The oldest days are left out."""
    counts = OutcomeCounts()
    for day in range(MOST_DAYS + 10):
        counts.update(
            URL, _reading(Ocr=day), 0, f"2026-{day // 28 + 1:02}-{day % 28:02}"
        )
    assert len(counts.days) == MOST_DAYS
    assert min(counts.days) == "2026-01-10"


@given(
    st.lists(
        st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=5
    ),
    st.booleans(),
)
def test_exact_over_restarts(runs: list[list[int]], ours: bool) -> None:
    """Each run of Immich counts from zero; the sum is what was added in all."""
    counts = OutcomeCounts()
    _update(counts, _reading("start"))
    total = 0
    for number, steps in enumerate(runs):
        own = 0
        for step in steps:
            own += step
            total += step
            _update(counts, _reading(str(number), **({"Ocr": own} if own else {})))
            if ours:
                counts = OutcomeCounts.from_dict(
                    json.loads(json.dumps(counts.to_dict()))
                )
    assert counts.of("Ocr").failed == total
    assert sum(day.failed for day in counts.days.values()) == total


def test_broken_store_begins_anew() -> None:
    """What can't be understood is left out."""
    assert OutcomeCounts.from_dict({"version": 2}).since is None
    broken = OutcomeCounts.from_dict(
        {"version": 1, "jobs": {"Ocr": "many", "A": [1, 2, 3]}, "days": []}
    )
    assert broken.jobs == {"A": Outcomes(1, 2, 3)}
