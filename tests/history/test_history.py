"""What is kept of what happened, and how often the same work got stuck."""

from dataclasses import replace
import json
from typing import cast

import pytest

from custom_components.immich_admin_tools.analysis.models import Source, StuckKind
from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.healing.models import (
    HealedJob,
    HealMode,
    Outcome,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.history import strikes
from custom_components.immich_admin_tools.history.events import (
    Event,
    EventType,
    act_events,
)
from custom_components.immich_admin_tools.history.history import DAY, MOST, History
from custom_components.immich_admin_tools.history.strikes import (
    REMEMBERED,
    StrikeCounts,
)
from tests.healing.test_journal import act
from tests.support.views import ASSET, NOW, job_view

LOST = HealedJob(act(), Outcome.SLOT_LOST)


def test_an_act_is_told_and_its_doubt_too() -> None:
    """The mode says what it is called; what failed or is confirmed raises no doubt."""
    done, doubt = act_events(LOST)
    assert (done.type, doubt.type) == (
        EventType.JOB_FAILED,
        EventType.HEAL_UNCONFIRMED,
    )
    assert done == replace(doubt, type=EventType.JOB_FAILED)
    removed = replace(act(), mode=HealMode.REMOVE)
    for outcome in (Outcome.CONFIRMED, Outcome.FAILED):
        (event,) = act_events(HealedJob(removed, outcome))
        assert event.type is EventType.JOB_CLEARED


def test_a_later_outcome_takes_the_place_of_the_first() -> None:
    """One act, one entry, where it was."""
    history = History()
    early = HealedJob(act(), Outcome.UNCONFIRMED, UnconfirmedReason.TOO_EARLY)
    for event in act_events(early):
        history.add(event)
    history.add(Event(EventType.QUEUE_PAUSED, NOW + 1, queue="ocr"))
    for event in act_events(LOST):
        history.add(event)
    assert [event.type for event in history] == [
        EventType.QUEUE_PAUSED,
        EventType.JOB_FAILED,
    ]
    assert history.last_heal is not None
    assert (history.last_heal.outcome, history.last_heal.doubt) == (
        Outcome.SLOT_LOST,
        None,
    )
    assert history.knows(act().act_id)
    assert not history.knows("other")


def test_what_changed_nothing_is_no_heal() -> None:
    """It is kept, and the last heal is another."""
    history = History()
    for event in act_events(HealedJob(act("a"), Outcome.FAILED)):
        history.add(event)
    assert history.last_heal is None
    assert len(list(history)) == 1


def test_small_finishes_are_not_kept() -> None:
    """They would push everything else out."""
    history = History()
    for jobs in (1, 19, 20, None):
        history.add(Event(EventType.QUEUE_FINISHED, NOW, queue="ocr", jobs=jobs))
    assert [event.jobs for event in history] == [None, 20]


def test_is_bounded_in_number_and_time() -> None:
    """The oldest go first."""
    history = History(days=2)
    for number in range(MOST + 10):
        history.add(Event(EventType.QUEUE_PAUSED, NOW + number))
    assert len(list(history)) == MOST
    assert next(iter(history)).at == NOW + MOST + 9
    history.add(Event(EventType.QUEUE_PAUSED, NOW + 2 * DAY + MOST))
    assert len(list(history)) == 11


def test_comes_back_as_it_was_stored() -> None:
    """Through JSON text, as on the disk."""
    history = History()
    for event in (
        *act_events(LOST),
        Event(EventType.QUEUE_FINISHED, NOW, queue="ocr", jobs=50, duration=7),
        Event(
            EventType.JOB_STUCK, NOW, kind=StuckKind.GHOST, asset_path="/a.jpg", age=3
        ),
    ):
        history.add(event)
    stored = json.loads(json.dumps(history.to_dict()))
    assert list(History.from_dict(stored)) == list(history)


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {"events": 3},
        {"events": [1, {}, {"type": "burnt", "at": 1}, {"type": "job_stuck"}]},
    ],
)
def test_what_can_not_be_understood_is_left_out(spoilt: object) -> None:
    """A hand, or another version, may have written it."""
    assert not list(History.from_dict(cast("dict[str, JsonValue]", spoilt)))


def test_a_run_counts_once() -> None:
    """Also after a restart, and when the API sees it."""
    book = StrikeCounts()
    assert book.note(job_view(), NOW)
    assert not book.note(job_view(), NOW + 1)
    book = StrikeCounts.from_dict(json.loads(json.dumps(book.to_dict(NOW))))
    assert not book.note(job_view(), NOW + 2)
    assert not book.note(job_view(processed_on=None, source=Source.API), NOW + 3)
    assert book.count(job_view()) == 1
    assert book.note(job_view("2"), NOW + 4)
    assert book.note(job_view("2", processed_on=NOW), NOW + 5)
    assert book.count(job_view("3")) == 3
    assert book.of_asset(ASSET) == 3


def test_works_are_told_apart() -> None:
    """By the queue, the kind of job and what it is about."""
    book = StrikeCounts()
    person = job_view(name="PersonGenerateThumbnail", asset_id=None)
    works = [
        job_view(),
        job_view(queue="smartSearch", name="SmartSearch"),
        job_view(asset_id="0192c1c4-7d6a-7f3e-8a5b-000000000000"),
        replace(person, data={"id": "a"}),
        replace(person, data={"id": "b"}),
        replace(person, data=None),
    ]
    for work in works:
        assert book.note(work, NOW)
    assert [book.count(work) for work in works] == [1] * len(works)
    assert book.of_asset(ASSET) == 2


def test_a_ghost_has_no_work() -> None:
    """Nothing is known of it but an id."""
    book = StrikeCounts()
    ghost = job_view(kind=StuckKind.GHOST)
    assert book.note(ghost, NOW)
    assert book.note(ghost, NOW)
    assert book.count(ghost) == 0


def test_strikes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in time."""
    monkeypatch.setattr(strikes, "MOST", 3)
    book = StrikeCounts()
    jobs = [job_view(queue=f"queue{number}") for number in range(4)]
    for job in jobs:
        book.note(job, NOW)
    assert [book.count(job) for job in jobs] == [0, 1, 1, 1]
    assert len(book.to_dict(NOW + REMEMBERED - 1)) == 3
    assert not book.to_dict(NOW + REMEMBERED)


@pytest.mark.parametrize("spoilt", [{"a": 1}, {"a": {}}, {"a": {"count": "x"}}])
def test_spoilt_strikes_are_left_out(spoilt: object) -> None:
    """A hand, or another version, may have written it."""
    book = StrikeCounts.from_dict(cast("dict[str, JsonValue]", spoilt))
    assert not book.to_dict(NOW)
