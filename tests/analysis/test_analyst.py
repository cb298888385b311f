"""The view of the whole server, what is stored of it, and what is not shown anew."""

from collections.abc import Mapping
import json

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import QueueState, ServerView
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import (
    JobEvent,
    JsonValue,
    QueueReading,
    StreamState,
)

from .builders import NOW, SECOND, beat, event, job, queue, reading


def poll(analyst: Analyst, second: int, *queues: QueueReading) -> ServerView:
    """Poll Redis."""
    read = reading(NOW + second * SECOND, *queues)
    return analyst.update_from_redis(read, Thresholds())


def worked(second: int, per_poll: int, wait: int, name: str = "ocr") -> QueueReading:
    """Return a queue that does so many jobs in 5 s."""
    now = NOW + second * SECOND
    done = second // 5 * per_poll
    events: list[JobEvent] = []
    for number in range(done - per_poll, done) if second else ():
        events += (
            event(f"{now - 3_000}-{number}", "added", str(number), name="Ocr"),
            event(f"{now - 2_000}-{number}", "active", str(number)),
            event(f"{now - 1_000}-{number}", "completed", str(number)),
        )
    events.sort(key=lambda e: tuple(map(int, e.entry_id.split("-"))))
    return queue(
        name,
        wait=wait,
        heartbeat=beat(now),
        job_counter=done,
        stream=StreamState(3 * done, 3 * done, f"{now - 1_000}-{done}"),
        events=tuple(events),
    )


def test_idle_server_shows_nothing_new() -> None:
    """Polls of an idle server are equal, though heartbeats come and go."""
    analyst = Analyst()
    views = []
    for second in range(0, 1_200, 5):
        now = NOW + second * SECOND
        key = beat(now, age=second % 60 * SECOND) if second % 60 < 30 else None
        idle = queue("ocr", heartbeat=key, failed=2, job_counter=9)
        paused = queue("search", heartbeat=key, is_paused=True, paused=4)
        views.append(poll(analyst, second, idle, paused))
    assert views[10].queues["ocr"].worker is True
    assert len({view.time for view in views}) == len(views)
    assert all(view == views[-1] for view in views[10:])


def test_after_work_it_becomes_quiet_again() -> None:
    """Some minutes after the last job nothing changes any more."""
    analyst = Analyst()
    for second in range(0, 600, 5):
        busy = poll(analyst, second, worked(second, 10, 500))
    views = [
        poll(
            analyst,
            600 + second,
            queue(
                "ocr",
                heartbeat=beat(NOW + (600 + second) * SECOND),
                job_counter=1190,
                stream=StreamState(3570, 3570, f"{NOW + 594_000}-1190"),
            ),
        )
        for second in range(0, 1_200, 5)
    ]
    assert busy != views[-1]
    assert views[-1].rate_per_minute == 0
    assert all(view == views[-1] for view in views[80:])
    assert len({view.rate_per_minute for view in views}) <= 25


def test_totals() -> None:
    """Sums of all queues; the time left is that of the running queue that takes longest."""
    analyst = Analyst()
    for second in range(0, 300, 5):
        view = poll(
            analyst,
            second,
            worked(second, 10, 1_200),
            worked(second, 20, 600, "library"),
            queue("search", is_paused=True, paused=50_000, failed=3),
            queue("editor", jobs=(job(started=NOW - 900_000, name="X"),), delayed=1),
        )
    assert (view.waiting, view.active, view.failed) == (51_800, 1, 3)
    assert view.rate_per_minute == 360
    assert view.eta == view.queues["ocr"].eta
    assert view.eta_queue == "ocr"
    assert view.stuck_jobs == len(view.stuck) == 1
    assert view.queues["search"].eta is None


def test_two_queues_of_the_same_length_do_not_take_turns() -> None:
    """The server's time stays with one of them while the other is within its range."""
    analyst = Analyst()
    told = []
    for second in range(0, 1_800, 5):
        swing = 6 * (second // 60 % 2)
        view = poll(
            analyst,
            second,
            worked(second, 10, 40_000 + swing * 100),
            worked(second, 10, 40_300 - swing * 100, "library"),
        )
        if view.eta_queue is not None:
            told.append(view.eta_queue)
    assert len(told) > 300
    assert len(set(told)) == 1


def test_the_server_follows_a_queue_that_takes_longer() -> None:
    """Beyond the range of what was told, and when that queue has ended."""
    analyst = Analyst()
    told = []
    for second in range(0, 900, 5):
        more = 0 if second < 400 else 50_000
        view = poll(
            analyst,
            second,
            worked(second, 10, 8_000 - 10 * second + 400 if second < 700 else 0),
            worked(second, 10, 3_000 + more, "library"),
        )
        told.append(view.eta_queue)
    assert told[390 // 5] == "ocr"
    assert told[600 // 5] == "library"


def test_no_eta_from_queues_that_do_not_run() -> None:
    """Without a running queue there is no time for the server."""
    analyst = Analyst()
    for second in range(0, 300, 5):
        view = poll(analyst, second, queue("ocr", is_paused=True, paused=5))
    assert view.eta is None
    assert view.eta_queue is None
    assert view.rate_per_minute is None


def test_unknown_layouts() -> None:
    """Queues that can only be watched are named, and watched."""
    odd = queue("ocr", version="bullmq:9.0.1", wait=3)
    broken = queue("search", wrong_types=("meta",))
    view = poll(Analyst(), 0, odd, broken, queue("editor"))
    assert view.unknown_layouts == ("ocr", "search")
    assert view.queues["ocr"].waiting == 3
    assert view.queues["editor"].writable


def test_shown_on_the_clock_that_was_asked_for() -> None:
    """Times are on Home Assistant's wall clock, however far Redis is off."""
    off = 3_600_000
    analyst = Analyst()
    for second in range(0, 400, 5):
        now = NOW + second * SECOND
        one = queue("ocr", jobs=(job(),), heartbeat=beat(now), wait=5)
        view = analyst.update_from_redis(
            reading(now, one),
            Thresholds(),
            7_000 + second * SECOND,
            now + off + second % 3 * 300,
        )
    assert view.time == NOW + 395 * SECOND + off
    assert view.now == 7_000 + 395 * SECOND
    assert view.queues["ocr"].jobs[0].since == NOW + off
    assert view.queues["ocr"].jobs[0].age == 395
    assert view.queues["ocr"].state is QueueState.STALLED
    seen = view.queues["ocr"].worker_seen_at
    assert seen == NOW + 395 * SECOND + off


def test_restart_is_over_with_a_new_heartbeat() -> None:
    """A heartbeat of before the restart counts no more."""
    analyst = Analyst()
    first = poll(analyst, 0, queue(heartbeat=beat(NOW)))
    assert first.queues["faceDetection"].worker
    analyst.note_restart(NOW + 5 * SECOND)
    old = queue(heartbeat=beat(NOW + 20 * SECOND, age=20 * SECOND))
    masked = poll(analyst, 20, old)
    assert masked.queues["faceDetection"].worker is None
    new = queue(heartbeat=beat(NOW + 35 * SECOND))
    back = poll(analyst, 35, new)
    assert back.queues["faceDetection"].worker is True


def test_the_servers_rate_is_that_of_the_running_queues() -> None:
    """What an idle or paused queue did a minute ago is nobody's rate."""
    analyst = Analyst()
    for second in range(0, 300, 5):
        poll(
            analyst, second, worked(second, 10, 1_200), worked(second, 20, 9, "sidecar")
        )
    for second in range(300, 340, 5):
        now = NOW + second * SECOND
        idle = queue(
            "sidecar",
            heartbeat=beat(now),
            job_counter=1_180,
            stream=StreamState(3_540, 3_540, f"{NOW + 294_000}-1180"),
        )
        view = poll(analyst, second, worked(second, 10, 1_200), idle)
    assert view.queues["sidecar"].state is QueueState.IDLE
    assert view.queues["sidecar"].rate_per_minute == 0
    assert view.rate_per_minute == view.queues["ocr"].rate_per_minute == 120


def restarted(analyst: Analyst) -> Analyst:
    """Return what a restart of Home Assistant makes of it."""
    return Analyst.from_dict(json.loads(json.dumps(analyst.to_dict())))


def test_what_outlives_a_restart() -> None:
    """Processed jobs and learned durations, not the rate."""
    analyst = Analyst()
    for second in range(0, 600, 5):
        poll(analyst, second, worked(second, 10, 500))
    again = restarted(analyst)
    assert again.suggested_thresholds() == analyst.suggested_thresholds() == {"Ocr": 60}
    assert again.usual_duration("ocr") == analyst.usual_duration("ocr")
    assert again.usual_duration("ocr", "Ocr") == pytest.approx(1, rel=0.05)
    assert again.usual_duration("ocr", "Other") is None
    assert again.usual_duration("other") is None
    assert again.positions == {"ocr": f"{NOW + 594_000}-1190"}
    view = poll(again, 600, worked(600, 10, 500)).queues["ocr"]
    assert view.processed == 1_200
    assert view.rate_per_minute is None
    assert view.average_duration == pytest.approx(1, rel=0.01)


def test_ids_that_begin_again_have_no_names_of_before() -> None:
    """A flush makes nothing known of the ids that come again."""
    analyst = Analyst()
    poll(analyst, 0, worked(0, 10, 5))
    poll(analyst, 5, worked(5, 10, 5))
    assert analyst.usual_duration("ocr", "Ocr") == pytest.approx(1, rel=0.05)
    now = NOW + 10 * SECOND
    again = (
        event(f"{now - 900}-0", "active", "3"),
        event(f"{now - 10}-0", "completed", "3"),
    )
    flushed = queue(
        "ocr",
        job_counter=4,
        stream=StreamState(4, 4, f"{now - 10}-0"),
        events=again,
    )
    poll(analyst, 10, flushed)
    durations = analyst._queues["ocr"].durations
    assert durations.by_name["Ocr"].count == 10
    assert durations.whole.count == 11


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_store_is_no_error(data: st.DataObject) -> None:
    """Whatever stands in the store, counting goes on."""
    analyst = Analyst()
    for second in range(0, 60, 5):
        poll(analyst, second, worked(second, 3, 5))
    stored: dict[str, JsonValue] = json.loads(json.dumps(analyst.to_dict()))
    node: dict[str, JsonValue] = stored
    while True:
        key = data.draw(st.sampled_from(sorted(node)))
        below = node[key]
        if not isinstance(below, dict) or not below or data.draw(st.booleans()):
            node[key] = data.draw(json_values)
            break
        node = below
    again = Analyst.from_dict(stored)
    view = poll(again, 60, worked(60, 3, 5)).queues["ocr"]
    assert view.processed is not None
    assert view.processed >= 0
    json.dumps(again.to_dict())


@pytest.mark.parametrize("stored", [{}, {"version": 99, "queues": {"ocr": {}}}])
def test_other_versions_are_left_alone(stored: Mapping[str, JsonValue]) -> None:
    """A store of another version begins anew."""
    assert Analyst.from_dict(stored).to_dict()["queues"] == {}
