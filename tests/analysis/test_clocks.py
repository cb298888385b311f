"""The worker's clock against that of Redis."""

import pytest

from custom_components.immich_admin_tools.analysis.clocks import WorkerClocks, skew_of
from custom_components.immich_admin_tools.bullmq.models import Heartbeat

from .builders import NOW, beat, queue


@pytest.mark.parametrize("skew", [-3_600_000, -1_500, 0, 1_500, 3_600_000])
@pytest.mark.parametrize("age", [0, 12_000, 29_999])
def test_skew_of(skew: int, age: int) -> None:
    """It is exact at any age of the key."""
    assert skew_of(beat(NOW, age=age, skew=skew), NOW) == skew


@pytest.mark.parametrize(
    "unusable", [Heartbeat(NOW, 0), Heartbeat(NOW, 60_000), Heartbeat(None, 20_000)]
)
def test_unusable_keys(unusable: Heartbeat) -> None:
    """Without an expiry or a value nothing can be told."""
    assert skew_of(unusable, NOW) is None


def test_remembers_and_borrows() -> None:
    """A key that is away is remembered, a queue without one asks the others."""
    clocks = WorkerClocks()
    assert clocks.skew("ocr") is None
    first = {
        "ocr": queue("ocr", heartbeat=beat(NOW, skew=60_000)),
        "library": queue("library", heartbeat=beat(NOW, skew=62_000)),
        "search": queue("search"),
    }
    clocks.observe(first, NOW)
    clocks.observe({"ocr": queue("ocr")}, NOW + 5_000)
    assert clocks.skew("ocr") == 60_000
    assert clocks.skew("search") == 61_000


def test_jitter_moves_nothing() -> None:
    """Some ms of network are no skew, nor a change of one."""
    clocks = WorkerClocks()
    for jitter in (3, -40, 700):
        clocks.observe({"ocr": queue("ocr", heartbeat=beat(NOW, skew=jitter))}, NOW)
        assert clocks.skew("ocr") == 0
    for jitter in (60_000, 60_400, 59_500):
        clocks.observe({"ocr": queue("ocr", heartbeat=beat(NOW, skew=jitter))}, NOW)
        assert clocks.skew("ocr") == 60_000
