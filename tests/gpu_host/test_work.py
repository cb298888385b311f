"""What a poll says of the work of a host; what it does not say is no zero."""

from dataclasses import replace

from custom_components.immich_admin_tools.analysis.models import QueueView, ServerView
from custom_components.immich_admin_tools.gpu_host.clocks import Clocks
from custom_components.immich_admin_tools.gpu_host.work import (
    LOOKS_NEEDED,
    MISSING_POLLS,
    HostWork,
    WorkWatch,
)
from tests.support.views import queue_view, server_view

HOUR = 3_600_000
WALL = 1_795_163_400_000


class Times:
    """Clocks of a test."""

    now = 50_000
    wall = WALL

    def __init__(self) -> None:
        """Let both be changed."""
        self.clocks = Clocks(lambda: self.now, lambda: self.wall)


def look(watch: WorkWatch, times: Times, *queues: QueueView) -> HostWork:
    """Return what a new poll says."""
    return watch.look(server_view(*queues), (), lambda _: 0, times.clocks)


def test_mistyped_queues_are_never_idle() -> None:
    """Where none of its queues is seen, nobody knows whether the box works."""
    watch, times = WorkWatch(("smartsearch",)), Times()
    for _ in range(3 * MISSING_POLLS):
        work = look(watch, times, queue_view("smartSearch", waiting=5))
        assert (work.busy, work.startable, work.backlog) == (None, None, None)
        view = server_view(queue_view("smartSearch", is_paused=True))
        assert not watch.drained(view, work, held=True)


def test_a_queue_that_immich_dropped() -> None:
    """For a while it may have work; then it is gone, and the others count."""
    watch, times = WorkWatch(("smartSearch", "ocr")), Times()
    both = (queue_view("smartSearch"), queue_view("ocr"))
    assert look(watch, times, *both).busy is False
    for _ in range(MISSING_POLLS - 1):
        assert look(watch, times, queue_view("smartSearch")).busy is None
    assert look(watch, times, queue_view("smartSearch")).busy is False
    look(watch, times, *both)
    work = look(watch, times, queue_view("smartSearch", active=1, waiting=2))
    assert (work.busy, work.startable) == (True, 2), "what is seen is known"


def test_age_by_the_api_outlives_a_restart_and_a_clock_put_right() -> None:
    """Without Redis, it is since when somebody was seen waiting."""
    watch, times = WorkWatch(("ocr",)), Times()
    assert look(watch, times, queue_view("ocr", waiting=1)).waited == 0
    times.now += HOUR
    times.wall += 9 * HOUR
    assert look(watch, times, queue_view("ocr", waiting=1)).waited == HOUR
    again = WorkWatch(("ocr",), waiting_since=dict(watch.waiting_since))
    times.now += HOUR
    assert look(again, times, queue_view("ocr", waiting=1)).waited == 2 * HOUR
    assert look(again, times, queue_view("ocr")).waited == 0
    assert again.waiting_since == {}


def test_age_by_redis_does_not_jump() -> None:
    """When a job was added is turned into an age once."""
    watch, times = WorkWatch(("ocr",)), Times()
    waits = replace(queue_view("ocr", waiting=1), next_added_at=WALL - HOUR)
    assert look(watch, times, waits).waited == HOUR
    times.wall += 5 * HOUR
    times.now += 1000
    assert look(watch, times, waits).waited == HOUR + 1000
    times.wall -= 20 * HOUR
    assert look(watch, times, waits).waited == HOUR + 1000


def test_drained_takes_several_polls() -> None:
    """The first one after the pause may be older than it; an old view is no new look."""
    watch, times = WorkWatch(("ocr",)), Times()

    def drained(view: ServerView) -> bool:
        work = watch.look(view, (), lambda _: 0, times.clocks)
        return watch.drained(view, work, held=True)

    first = server_view(queue_view("ocr", is_paused=True))
    assert not any(drained(first) for _ in range(10))
    looks = [
        drained(server_view(queue_view("ocr", is_paused=True)))
        for _ in range(LOOKS_NEEDED + 1)
    ]
    assert looks == [False, False, True]
    assert not drained(server_view(queue_view("ocr", is_paused=True, active=1)))
    assert not drained(server_view(queue_view("ocr", is_paused=True)))
