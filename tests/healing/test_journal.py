"""What is written down of acts, and what is read from a file that is not quite right."""

import json
from typing import cast

import pytest

from custom_components.immich_admin_tools.analysis.models import StuckKind
from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.healing.errors import NotStoredError
from custom_components.immich_admin_tools.healing.journal import (
    REMEMBERED,
    Journal,
    JournalEntries,
)
from custom_components.immich_admin_tools.healing.models import (
    HealAction,
    HealMode,
    Initiator,
    Reason,
)
from tests.support.fake_immich import FakeSection
from tests.support.views import ASSET, NOW


def act(act_id: str = "a", at: int = NOW) -> HealAction:
    """Return an act."""
    return HealAction(
        act_id=act_id,
        at=at,
        redis_at=at + 3,
        job_counter=7,
        queue="faceDetection",
        job_id="1",
        name="AssetDetectFaces",
        asset_id=ASSET,
        kind=StuckKind.HUNG,
        age=1_000,
        processed_on=at - 1_000_000,
        lock_token="token:1",
        mode=HealMode.FAIL,
        reason=Reason.HUNG,
        by=Initiator.AUTO,
        retry_when_free=True,
    )


def book() -> JournalEntries:
    """Return a book with one act of each sort."""
    begun = JournalEntries().begun([act("a"), act("b"), act("c")], NOW)
    return begun.recorded({"b", "c"}, {"b", "c"}, {"c"})


def test_comes_back_as_it_was_stored() -> None:
    """Through JSON text, as on the disk."""
    stored = json.loads(json.dumps(book().to_dict()))
    assert JournalEntries.from_dict(stored) == book()
    assert set(book().pending) == {"a"}
    assert set(book().watched) == {"b", "c"}
    assert book().lost == {"c"}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"pending": "x", "watched": None, "lost": 3, "recent": {}},
        {"pending": [1, {}, {"act_id": "a"}], "recent": [{"queue": 1}, 7]},
        {"pending": [{"act_id": "a", "queue": "q", "job_id": "1", "mode": "burn"}]},
        {"lost": ["nobody"]},
    ],
)
def test_what_can_not_be_understood_is_left_out(spoilt: object) -> None:
    """A hand, or an older version, may have written it."""
    assert (
        JournalEntries.from_dict(cast("dict[str, JsonValue]", spoilt))
        == JournalEntries()
    )


def test_recent_acts_are_forgotten_after_an_hour() -> None:
    """They only serve the hourly limit."""
    later = NOW + REMEMBERED
    assert len(book().recent) == 3
    after = book().begun([act("d", later)], later)
    assert [it.at for it in after.recent] == [later]


def test_the_wall_clock_does_not_decide_what_is_recent() -> None:
    """A clock that is put right neither frees nor blocks the hourly limit."""
    for wall in (NOW - 10 * REMEMBERED, NOW + 10 * REMEMBERED):
        after = book().begun([act("d", wall)], NOW + 1)
        assert len(after.recent) == 4
        assert [it.since for it in after.recent] == [NOW] * 3 + [NOW + 1]
    stored = book().to_dict()
    loaded = JournalEntries.from_dict(stored, lambda at: at - NOW + 77)
    assert {it.since for it in loaded.recent} == {77}


def test_what_came_to_nothing_counts_for_no_limit() -> None:
    """A job that raced is left alone for a while; what was refused may be tried again."""
    after = book().came_to_nothing([act("a", NOW)], ())
    assert "a" not in after.pending
    assert [it.counts for it in after.recent] == [True, True, False]
    stored = json.loads(json.dumps(after.to_dict()))
    assert JournalEntries.from_dict(stored) == after
    assert len(book().came_to_nothing((), [act("a", NOW)]).recent) == 2


def test_an_act_that_raced_takes_no_other_with_it() -> None:
    """Two orders at once on one run: the first is still to be recorded."""
    begun = JournalEntries().begun([act("first")], NOW).begun([act("second")], NOW)
    after = begun.came_to_nothing([act("second")], ())
    assert set(after.pending) == {"first"}
    assert [it.counts for it in after.recent] == [True, False]


def test_a_store_of_0_1_0_loads() -> None:
    """It knew nothing of `counts`: everything counted."""
    stored = json.loads(json.dumps(book().to_dict()))
    for recent in stored["recent"]:
        del recent["counts"]
    assert JournalEntries.from_dict(stored) == book()
    assert all(it.counts for it in JournalEntries.from_dict(stored).recent)


def test_let_go() -> None:
    """What is let go is neither watched nor lost."""
    after = book().let_go({"c"})
    assert set(after.watched) == {"b"}
    assert not after.lost


async def test_a_step_that_can_not_be_stored_is_not_taken() -> None:
    """Memory and disk agree."""
    section = FakeSection()
    log = Journal(section)
    await log.change(lambda old: old.begun([act("a")], NOW))
    section.full = True
    with pytest.raises(NotStoredError):
        await log.change(lambda old: old.begun([act("b")], NOW))
    assert set(log.book.pending) == {"a"} == set(Journal(section).book.pending)
    # Nothing to write needs no disk.
    await log.change(lambda old: old.let_go({"x"}))
