"""The clocks of others, placed on ours."""

import pytest

from custom_components.immich_admin_tools.analysis.clocks import (
    PollTimes,
    RedisClock,
    WallClock,
    WorkerClocks,
)
from custom_components.immich_admin_tools.bullmq.models import Heartbeat

from .builders import NOW, SECOND, beat, event, queue, reading

START = 5_000_000
"""Monotonic ms of the first poll."""


def at(second: int, *, jumped: bool = False) -> PollTimes:
    """Return the times of a poll, `NOW` on the clock of Redis at `START`."""
    since = START + (second - 5) * SECOND
    return PollTimes(START + second * SECOND, NOW + second * SECOND, since, jumped)


@pytest.mark.parametrize("skew", [-3_600_000, -1_500, 0, 1_500, 3_600_000])
@pytest.mark.parametrize("age", [0, 12_000, 29_999])
def test_the_workers_clock_is_placed_exactly(skew: int, age: int) -> None:
    """At any age of the key."""
    clocks = WorkerClocks()
    clocks.observe(
        {"ocr": queue("ocr", heartbeat=beat(NOW, age=age, skew=skew))}, at(0)
    )
    assert clocks.ahead("ocr") == NOW + skew - START


@pytest.mark.parametrize(
    "unusable", [Heartbeat(NOW, 0), Heartbeat(NOW, 60_000), Heartbeat(None, 20_000)]
)
def test_unusable_keys(unusable: Heartbeat) -> None:
    """Without an expiry or a value nothing can be told."""
    clocks = WorkerClocks()
    clocks.observe({"ocr": queue("ocr", heartbeat=unusable)}, at(0))
    assert clocks.ahead("ocr") is None


def test_remembers_and_borrows() -> None:
    """A key that is away is remembered, a queue without one asks the others."""
    clocks = WorkerClocks()
    assert clocks.ahead("ocr") is None
    first = {
        "ocr": queue("ocr", heartbeat=beat(NOW, skew=60_000)),
        "library": queue("library", heartbeat=beat(NOW, skew=62_000)),
        "search": queue("search"),
    }
    clocks.observe(first, at(0))
    clocks.observe({"ocr": queue("ocr")}, at(5))
    assert clocks.ahead("ocr") == NOW + 60_000 - START
    assert clocks.ahead("search") == NOW + 61_000 - START


def test_jitter_moves_nothing() -> None:
    """Some ms of network are no change of a clock."""
    clocks = WorkerClocks()
    found = []
    for second, skew in enumerate((60_000, 60_400, 59_500, 70_000)):
        now = NOW + second * SECOND
        read = queue("ocr", heartbeat=beat(now, skew=skew))
        clocks.observe({"ocr": read}, at(second))
        found.append(clocks.ahead("ocr"))
    assert found == [NOW - START + skew for skew in (60_000, 60_000, 60_000, 70_000)]


def test_a_heartbeat_of_before_a_jump_of_redis_tells_nothing() -> None:
    """Its expiry is on the old clock: at the jump, and for as long as it stands."""
    clocks = WorkerClocks()
    clocks.observe({"ocr": queue("ocr", heartbeat=beat(NOW))}, at(0))
    moved = queue("ocr", heartbeat=Heartbeat(NOW + 1_000, 10))
    clocks.observe({"ocr": moved}, at(5, jumped=True))
    clocks.observe({"ocr": moved}, at(10))
    assert clocks.ahead("ocr") == NOW - START


@pytest.mark.parametrize("jump", [-7_200_000, -3_000, 3_000, 7_200_000])
def test_jumps_of_redis_are_noticed(jump: int) -> None:
    """By what our own clock says of the time between two polls."""
    clock = RedisClock()
    assert not clock.place(reading(NOW), START).jumped
    assert not clock.place(reading(NOW + 5_100), START + 5_000).jumped
    assert clock.place(reading(NOW + 10_000 + jump), START + 10_000).jumped
    assert not clock.place(reading(NOW + 15_000 + jump), START + 15_000).jumped


def test_events_are_placed_within_their_poll() -> None:
    """Never ahead of now; at a jump not before the poll before."""
    assert at(10).of_event(NOW + 4 * SECOND) == START + 4 * SECOND
    assert at(10).of_event(NOW + 99 * SECOND) == START + 10 * SECOND
    assert at(10, jumped=True).of_event(NOW - 9_000_000) == START + 5 * SECOND


def test_ids_that_stand_still_tell_no_times() -> None:
    """Redis goes on from its highest id when its clock has gone back."""
    ahead = queue(events=(event(f"{NOW + 3_600_000}-7", "completed", "1"),))
    assert not at(0).can_time(ahead)
    assert at(0).can_time(queue(events=(event(f"{NOW}-7", "completed", "1"),)))
    assert not at(0, jumped=True).can_time(queue())


def test_the_wall_clock_is_followed_but_does_not_tremble() -> None:
    """Times that are shown move when the clock was put right, not with each poll."""
    clock = WallClock()
    assert clock.place(START, NOW) == NOW - START
    assert clock.place(START + 5_000, NOW + 5_900) == NOW - START
    assert clock.place(START + 9_000, NOW + 3_609_000) == NOW + 3_600_000 - START
