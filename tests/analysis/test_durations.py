"""What is learned of how long jobs take."""

from collections.abc import Mapping
import json
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.durations import (
    DurationStatistics,
    JobDurations,
    JobNames,
)
from custom_components.immich_admin_tools.bullmq.models import JobEvent, JsonValue

from .builders import NOW, event, job


def learned(*milliseconds: int) -> DurationStatistics:
    """Return the statistics of some durations."""
    statistics = DurationStatistics()
    for one in milliseconds:
        statistics.add(one)
    return statistics


@given(st.lists(st.integers(1, 10**8), min_size=100, max_size=500))
def test_quantiles_are_close(values: list[int]) -> None:
    """A quantile is within 5 % of the exact one."""
    statistics = learned(*values)
    for part in (0.5, 0.99):
        rank = max(0, -(-round(part * len(values) * 1000) // 1000) - 1)
        exact = sorted(values)[rank] / 1000
        found = statistics.quantile(part)
        assert found is not None
        neighbours = [
            sorted(values)[min(len(values) - 1, max(0, rank + step))] / 1000
            for step in (-1, 0, 1)
        ]
        assert min(neighbours) * 0.95 <= found <= max(neighbours) * 1.05, exact


def test_too_few_suggest_nothing() -> None:
    """A p99 needs a hundred observations."""
    assert learned(*[1000] * 99).suggested_threshold is None
    assert learned(*[1000] * 100).suggested_threshold == 60


@pytest.mark.parametrize("seconds", [0.01, 20, 100, 1_000, 4_000])
def test_suggestion(seconds: float) -> None:
    """Four times the p99, at least a minute, rounded up to coarse steps."""
    found = learned(*[round(seconds * 1000)] * 200).suggested_threshold
    assert found is not None
    assert found % 30 == 0
    assert max(60, 3.8 * seconds) <= found <= max(60, 4.2 * seconds * 1.2 + 30)


def test_old_durations_fade() -> None:
    """What was usual a long time ago is not any more."""
    statistics = learned(*[60_000] * 10_000)
    for _ in range(20_000):
        statistics.add(1_000)
    assert statistics.p99 == pytest.approx(1, rel=0.05)
    assert statistics.average == pytest.approx(1, rel=0.01)
    assert statistics.count < 4_000


def test_average_of_the_first_is_no_less() -> None:
    """The mean has no bias at the start."""
    assert learned(5_000).average == pytest.approx(5)
    assert learned(5_000, 7_000).average == pytest.approx(6, rel=0.01)
    assert DurationStatistics().average is None
    assert DurationStatistics().median is None


def test_stored_and_restored() -> None:
    """JSON and back says the same."""
    random = Random(1)
    statistics = learned(*(round(random.lognormvariate(7, 1)) for _ in range(700)))
    again = DurationStatistics.from_dict(json.loads(json.dumps(statistics.to_dict())))
    assert again.count == statistics.count
    assert again.p99 == statistics.p99
    assert again.average == pytest.approx(statistics.average, rel=0.001)


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"buckets": 3},
        {"buckets": {"x": 1, "5": -1, "6": "7", "8": True, "9": None, "99999": 1}},
        {"average_ms": 5},
    ],
)
def test_what_is_no_store(stored: Mapping[str, JsonValue]) -> None:
    """Nonsense is left out."""
    restored = DurationStatistics.from_dict(stored)
    assert restored == DurationStatistics()


def test_names_in_runs() -> None:
    """Ids added in bulk share their name; others are told apart."""
    names = JobNames()
    for number in range(1, 100_001):
        names.add(str(number), "Ocr" if number != 50_000 else "OcrQueueAll")
    assert names.find("49999") == names.find("100000") == "Ocr"
    assert names.find("50000") == "OcrQueueAll"
    assert names.find("100001") is None
    assert names.find("custom") is None


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from("ABC")), max_size=300))
def test_names_are_never_wrong(added: list[tuple[int, str]]) -> None:
    """A name may be forgotten, but what is told was the last to be added."""
    names = JobNames()
    last: dict[int, str] = {}
    for number, name in added:
        names.add(str(number), name)
        last[number] = name
    for number in range(61):
        found = names.find(str(number))
        assert found is None or found == last[number]


def test_names_stay_few() -> None:
    """Names that alternate are kept for the newest only."""
    names = JobNames()
    for number in range(10_000):
        names.add(str(number), "AB"[number % 2])
    assert names.find("9999") == "B"
    assert names.find("9900") == "A"
    assert names.find("1") is None


def ended(number: int, name: str | None, seconds: int, at: int = NOW) -> list[JobEvent]:
    """Return the events of a job."""
    job_id = str(number)
    events = [
        event(f"{at}-0", "active", job_id, prev="waiting"),
        event(f"{at + seconds * 1000}-0", "completed", job_id, prev="active"),
    ]
    if name:
        events.insert(0, event(f"{at - 1}-0", "added", job_id, name=name))
    return events


def test_durations_by_name() -> None:
    """From the events alone, per name and for the whole queue."""
    durations = JobDurations()
    for number in range(1, 201):
        name, seconds = ("Ocr", 2) if number % 10 else ("OcrQueueAll", 60)
        durations.observe(ended(number, name, seconds), (), 0)
    durations.observe(ended(999, None, 1), (), 0)
    assert durations.finished == 201
    assert durations.whole.count == 201
    ocr, all_of_them = durations.of("Ocr"), durations.of("OcrQueueAll")
    assert ocr is not None
    assert all_of_them is not None
    assert (ocr.count, all_of_them.count) == (180, 20)
    assert ocr.median == pytest.approx(2, rel=0.05)
    assert all_of_them.median == pytest.approx(60, rel=0.05)
    assert durations.of(None) is None
    assert durations.of("Unknown") is None


def test_start_and_name_from_the_active_list() -> None:
    """A job that was started before we came is measured all the same."""
    durations = JobDurations()
    durations.observe((), (job("7", name="VideoConversion"),), 1)
    durations.started("7", NOW - 60_000)
    durations.observe([event(f"{NOW}-0", "completed", "7", prev="active")], (), 0)
    video = durations.of("VideoConversion")
    assert video is not None
    assert video.median == pytest.approx(60, rel=0.05)


@pytest.mark.parametrize("end", [("failed", "active"), ("waiting", "active")])
def test_runs_that_did_not_end_well_are_not_measured(end: tuple[str, str]) -> None:
    """A stalled job's start is not that of its next run."""
    durations = JobDurations()
    durations.observe(
        [
            event(f"{NOW}-0", "active", "1"),
            event(f"{NOW + 60_000}-0", end[0], "1", prev=end[1]),
            event(f"{NOW + 99_000}-0", "completed", "1"),
        ],
        (),
        0,
    )
    assert durations.whole.count == 0


def test_starts_without_an_end_stay_few() -> None:
    """Ends that were lost leave nothing behind for ever."""
    durations = JobDurations()
    for number in range(5_000):
        durations.observe(
            [event(f"{NOW + number}-0", "active", str(number))], (), 9_000
        )
    assert len(durations._starts) <= 1_001


def test_an_end_that_was_lost() -> None:
    """Who is not active any more has no start to be taken for that of the next run."""
    durations = JobDurations()
    durations.observe([event(f"{NOW}-0", "active", "1")], (job("1"),), 1)
    durations.observe((), (), 0)
    durations.observe([event(f"{NOW + 99_000}-0", "completed", "1")], (), 0)
    assert durations.whole.count == 0


def test_ids_that_begin_again() -> None:
    """After a flush an id has neither the start nor the name of before."""
    durations = JobDurations()
    durations.observe(ended(1, "Ocr", 1)[:2], (), 1)
    durations.forget_ids()
    durations.observe([event(f"{NOW + 5_000}-0", "completed", "1")], (), 0)
    assert durations.whole.count == 0
