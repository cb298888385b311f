"""Numbers of a period, pages of the history, and how long things usually take."""

from custom_components.immich_admin_tools.dashboard.figures import (
    FIVE_MINUTES,
    GROUPS,
    HOUR,
    AwakeTimes,
    Count,
    Processed,
    bars_of,
    cleared_in,
    clipped,
    kinds_of_stuck,
    median_boot,
    median_restart,
    on_seconds,
    page_of,
    processed_in,
    row_of_minutes,
    went_off_unasked,
)
from custom_components.immich_admin_tools.healing.models import Outcome
from custom_components.immich_admin_tools.history.detector import STILL_STUCK
from custom_components.immich_admin_tools.history.events import Event, EventType

DAY = 24 * HOUR
BOX = "box"


def hour(start: int, jobs: float) -> Count:
    """Return an hour of statistics."""
    return Count(start, HOUR, jobs)


def test_a_period_and_the_one_before() -> None:
    """Up to the same moment in it: half of an hour that is half over."""
    counts = [hour(0, 10), hour(HOUR, 20), hour(DAY, 40), hour(DAY + HOUR, 5)]
    now = DAY + HOUR + HOUR // 2
    assert processed_in(counts, DAY, now, 0) == Processed(45, 20, hour(DAY, 40))


def test_no_period_before() -> None:
    """Nothing was recorded then: that is not zero."""
    found = processed_in([hour(DAY, 4)], DAY, DAY + HOUR, 0)
    assert found is not None
    assert found.before is None
    assert processed_in([hour(0, 4)], DAY, DAY + HOUR, 0) is None
    assert processed_in([], DAY, DAY + HOUR, 0) is None


def test_minutes_make_an_hour() -> None:
    """The busiest one may be the one that runs."""
    minutes = [Count(DAY + n * FIVE_MINUTES, FIVE_MINUTES, 9) for n in range(3)]
    found = processed_in([hour(DAY - HOUR, 20), *minutes], DAY - HOUR, DAY + HOUR, 0)
    assert found is not None
    assert found.busiest == hour(DAY, 27)


def test_bars() -> None:
    """One that nothing is known of is left out."""
    counts = [hour(0, 1), hour(HOUR, 2), hour(2 * DAY, 3), hour(-HOUR, 9)]
    assert bars_of(counts, [0, DAY, 2 * DAY]) == [
        {"start": 0, "jobs": 3},
        {"start": 2 * DAY, "jobs": 3},
    ]


def test_steps_of_five_minutes() -> None:
    """With gaps."""
    rows = [(0, 1.23), (2 * FIVE_MINUTES, 4.0), (9 * FIVE_MINUTES, 5.0), (-5, 1.0)]
    assert row_of_minutes(rows, 0, 4) == [1.2, None, 4.0, None]


def test_on_times() -> None:
    """What was before is cut off, what runs on has no end."""
    times = [(0, 1_000), (5_000, 20_000), (30_000, None)]
    assert clipped(times, 10_000) == [[10_000, 20_000], [30_000, None]]
    assert on_seconds(times, 10_000, 40_000) == 20


def test_on_times_go_on() -> None:
    """As it is seen now; not to know changes nothing."""
    times = AwakeTimes([(0, 5)])
    times.see(None, 6)
    times.see(False, 7)
    times.see(True, 10)
    times.see(True, 12)
    times.see(None, 15)
    assert times.since(0) == [[0, 5], [10, None]]
    times.see(False, 20)
    assert times.since(10) == [[10, 20]]


def host_event(kind: EventType, at: int, reason: str | None = None) -> Event:
    """Return an event of the box, by its second."""
    return Event(kind, at * 1000, host=BOX, reason=reason)


def test_boots() -> None:
    """From the last signal to the answer; the newest events come first."""
    events = [
        host_event(EventType.GPU_READY, 1_000),
        host_event(EventType.GPU_WAKE, 940),
        host_event(EventType.GPU_SLEEP, 500),
        host_event(EventType.GPU_READY, 400),
        host_event(EventType.GPU_WAKE, 300),
        host_event(EventType.GPU_WAKE_FAILED, 200),
        host_event(EventType.GPU_WAKE, 10),
    ]
    assert median_boot(events, BOX) == 80
    assert median_boot(events, "other") is None


def test_lost() -> None:
    """Until anything else is heard of it."""
    lost = host_event(EventType.GPU_SLEEP, 2, "lost")
    told = host_event(EventType.GPU_SLEEP, 1, "sleep")
    assert went_off_unasked([lost, told], BOX, "lost")
    assert not went_off_unasked([told, lost], BOX, "lost")
    assert not went_off_unasked([], BOX, "lost")


def test_restarts() -> None:
    """How long they took."""
    restarts = [
        Event(EventType.WORKERS_RESTARTED, 1, duration=seconds)
        for seconds in (10, 40, 20)
    ]
    assert median_restart(restarts) == 20
    assert median_restart([]) is None


def test_stuck_and_cleared() -> None:
    """By what they were about; what is told again does not count again."""
    stuck = [
        Event(EventType.JOB_STUCK, 1, file_name="a.HEIC"),
        Event(EventType.JOB_STUCK, 1, asset_path="/library/b.mp4"),
        Event(EventType.JOB_STUCK, 1, queue="library"),
        Event(EventType.JOB_STUCK, 1, file_name="a.heic", reason=STILL_STUCK),
    ]
    assert kinds_of_stuck(stuck) == {"photos": 1, "videos": 1, "other": 1}
    acts = [
        Event(EventType.JOB_CLEARED, 1, act_id="1", outcome=Outcome.CONFIRMED),
        Event(EventType.JOB_CLEARED, 1, act_id="2", outcome=Outcome.SLOT_LOST),
        Event(EventType.JOB_CLEARED, 1, act_id="3", outcome=Outcome.FAILED),
        Event(EventType.JOB_CLEARED, 1, reason="not_by_us"),
        Event(EventType.WORKERS_RESTARTED, 1),
    ]
    assert cleared_in(acts) == {"confirmed": 1, "total": 2, "restarts": 1}


def test_pages() -> None:
    """None is missing, none comes twice, also where two happened at once."""
    events = [
        Event(EventType.JOB_STUCK, at, queue="ocr", job_id=str(at // 2))
        for at in (9, 9, 8, 7, 7, 7, 6, 5)
    ]
    pages: list[str] = []
    before = None
    while True:
        page, before = page_of(events, GROUPS["stuck"], before, 3)
        pages += [key for key, _ in page]
        if before is None:
            break
    assert len(pages) == len(set(pages)) == len(events)
    assert page_of(events, GROUPS["pauses"], None, 3) == ([], None)
    assert page_of(events, GROUPS["all"], "forgotten", 3) == ([], None)


def test_groups() -> None:
    """Each event is somewhere, or in none but all."""
    assert {
        kind.value
        for kind in EventType
        if not any(
            GROUPS[name](Event(kind, 0)) for name in ("stuck", "pauses", "gpu_host")
        )
    } == {
        "worker_lost",
        "worker_back",
        "queue_finished",
        "workers_restarted",
        "restart_failed",
        "restart_unconfirmed",
    }
    assert GROUPS["gpu_host"](Event(EventType.JOBS_BURNT, 0))
    assert not GROUPS["stuck"](Event(EventType.JOBS_BURNT, 0))
