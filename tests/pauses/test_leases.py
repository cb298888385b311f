"""The book of the leases, step by step."""

import pytest

from custom_components.immich_admin_tools.pauses.leases import (
    USER,
    Lease,
    LeaseBook,
    LeaseKind,
    LeaseReason,
    Pause,
    Phase,
)

GPU = LeaseReason(LeaseKind.GPU_OFFLINE, "attic")
OTHER_GPU = LeaseReason(LeaseKind.GPU_OFFLINE, "cellar")
RESTART = LeaseReason(LeaseKind.RESTART)
EMPTY = LeaseBook()


def _held(*leases: Lease, by_hand: bool = False) -> LeaseBook:
    return LeaseBook({"ocr": Pause(Phase.HELD, by_hand, leases)})


def test_a_lease_on_a_running_queue_wants_a_pause_and_ends_in_a_resume() -> None:
    """Each act has a phase before it, to be stored, and one after it."""
    book = EMPTY.taken("ocr", Lease(GPU, 1), is_paused=False)
    assert book.pauses["ocr"].phase is Phase.WANTED
    book = book.confirmed("ocr")
    assert book.pauses["ocr"].phase is Phase.HELD
    book = book.ended(GPU)
    assert book.pauses["ocr"] == Pause(Phase.ENDING, False, ())
    assert book.confirmed("ocr") == EMPTY


def test_a_queue_paused_by_hand_before_stays_paused() -> None:
    """Nothing is done to it, neither at the start nor at the end."""
    book = EMPTY.taken("ocr", Lease(GPU, 1), is_paused=True)
    assert book.pauses["ocr"] == Pause(Phase.HELD, True, (Lease(GPU, 1),))
    assert book.ended(GPU) == EMPTY


def test_a_queue_paused_by_hand_meanwhile_stays_paused() -> None:
    """The user's word lasts longer than the lease."""
    book = _held(Lease(GPU, 1)).paused_by_user("ocr")
    assert book.pauses["ocr"].by_hand
    assert book.ended(GPU) == EMPTY


def test_a_pause_by_hand_takes_the_place_of_the_users_own_timed_one() -> None:
    """Who pauses without a time no longer wants the time."""
    assert _held(Lease(USER, 1, 99)).paused_by_user("ocr") == EMPTY
    both = _held(Lease(USER, 1, 99), Lease(GPU, 1)).paused_by_user("ocr")
    assert both.pauses["ocr"].leases == (Lease(GPU, 1),)


def test_only_the_last_lease_resumes() -> None:
    """Two reasons: the queue waits for both."""
    book = _held(Lease(GPU, 1)).taken("ocr", Lease(RESTART, 2), is_paused=True)
    book = book.ended(RESTART)
    assert book.pauses["ocr"] == Pause(Phase.HELD, False, (Lease(GPU, 1),))
    assert book.ended(GPU).pauses["ocr"].phase is Phase.ENDING


def test_taking_anew_prolongs() -> None:
    """One lease per reason; it counts since it was taken first."""
    book = _held(Lease(USER, 1, 50)).taken("ocr", Lease(USER, 20, 90), is_paused=True)
    assert book.pauses["ocr"].leases == (Lease(USER, 1, 90),)


def test_holders_are_told_apart() -> None:
    """One GPU host comes back, the other is still off."""
    book = _held(Lease(GPU, 1), Lease(OTHER_GPU, 1)).ended(GPU)
    assert book.pauses["ocr"].leases == (Lease(OTHER_GPU, 1),)


def test_time_ends_a_lease() -> None:
    """Not before, and exactly at its end, on a clock that never jumps."""
    book = _held(Lease(USER, 1_001, 1_050)).timed(wall=1_040, now=7)
    assert book.next_end() == 17
    assert book.expired(16) == book
    assert book.expired(17).pauses["ocr"].phase is Phase.ENDING
    assert EMPTY.next_end() is None


@pytest.mark.parametrize(
    ("wall", "left"),
    [
        pytest.param(130_000, 40_000, id="later, as it should be"),
        pytest.param(500_000, 0, id="long over"),
        # It may have been put right, or have lost its battery: nobody can tell.
        pytest.param(0, 70_000, id="put back: what was left when it was written"),
    ],
)
def test_what_is_left_after_a_restart(wall: int, left: int) -> None:
    """Written at 100 s, to end at 170 s."""
    book = _held(Lease(USER, 90_000, 170_000)).timed(wall, now=5, written=100_000)
    assert book.next_end() == 5 + left


def test_the_end_that_is_shown_follows_the_wall_clock() -> None:
    """The lease itself lasts as long as before; small drifts are not written."""
    book = _held(Lease(USER, 0, 60_000)).timed(wall=0, now=0)
    assert book.shown(wall=3_601_000, now=1_000) == _held(Lease(USER, 0, 3_660_000))
    assert book.shown(wall=1_500, now=0) == book


def test_a_resume_by_the_user_undoes_no_pause_by_hand() -> None:
    """Only Immich can be told to: what fails there must not happen later."""
    book = _held(Lease(GPU, 1), by_hand=True).resumed_by_user("ocr")
    assert book.pauses == {}
    assert book.blocked == {("ocr", GPU)}


def test_the_users_resume_ends_all_and_blocks_until_the_reason_is_gone() -> None:
    """Else the next poll would pause again what the user has just let go on."""
    book = _held(Lease(GPU, 1), Lease(USER, 1, 99)).resumed_by_user("ocr")
    assert book.pauses["ocr"] == Pause(Phase.ENDING, False, ())
    book = book.confirmed("ocr")
    assert book.taken("ocr", Lease(GPU, 2), is_paused=False) == book
    assert book.taken("ocr", Lease(OTHER_GPU, 2), is_paused=False) != book
    assert book.taken("ocr", Lease(USER, 2, 9), is_paused=False) != book
    assert book.taken("smartSearch", Lease(GPU, 2), is_paused=False) != book
    assert book.ended(GPU) == EMPTY


def test_a_block_goes_for_the_queues_whose_reason_is_gone() -> None:
    """The reason may end for one queue and stay for another."""
    blocked = frozenset({("ocr", GPU), ("smartSearch", GPU)})
    book = LeaseBook(blocked=blocked).ended(GPU, ["ocr"])
    assert book.blocked == {("smartSearch", GPU)}


def test_a_new_lease_stops_an_ending() -> None:
    """The resume has not happened yet: the pause there is ours, not the user's."""
    book = _held(Lease(GPU, 1)).ended(GPU)
    book = book.taken("ocr", Lease(RESTART, 2), is_paused=True)
    assert book.pauses["ocr"] == Pause(Phase.WANTED, False, (Lease(RESTART, 2),))


def test_the_users_pause_stops_an_ending() -> None:
    """What could not be resumed yet stays paused when the user says so."""
    assert _held(Lease(GPU, 1)).ended(GPU).paused_by_user("ocr") == EMPTY


def test_users_acts_on_queues_without_leases_are_not_ours() -> None:
    """The book is about leases only."""
    assert EMPTY.paused_by_user("ocr") == EMPTY
    assert EMPTY.resumed_by_user("ocr") == EMPTY
    assert EMPTY.confirmed("ocr") == EMPTY


def test_unsure_asks_for_the_pause_again() -> None:
    """For all queues or for some; what is ending keeps ending."""
    book = LeaseBook(
        {
            "ocr": Pause(Phase.HELD, False, (Lease(GPU, 1),)),
            "smartSearch": Pause(Phase.HELD, False, (Lease(GPU, 1),)),
            "library": Pause(Phase.ENDING, False, ()),
        }
    )
    phases = {queue: pause.phase for queue, pause in book.unsure().pauses.items()}
    assert phases == {
        "ocr": Phase.WANTED,
        "smartSearch": Phase.WANTED,
        "library": Phase.ENDING,
    }
    assert book.unsure(["ocr"]).pauses["smartSearch"].phase is Phase.HELD


def test_it_can_be_stored() -> None:
    """Every part of it comes back."""
    book = LeaseBook(
        {
            "ocr": Pause(Phase.HELD, True, (Lease(GPU, 1), Lease(USER, 2, 3))),
            "smartSearch": Pause(Phase.WANTED, False, (Lease(RESTART, 4),)),
            "library": Pause(Phase.ENDING, False, ()),
        },
        frozenset({("ocr", RESTART)}),
    )
    assert LeaseBook.from_dict(book.to_dict()) == book


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, EMPTY),
        ({"pauses": [], "blocked": {}}, EMPTY),
        ({"pauses": {"ocr": 1}, "blocked": [1, {"kind": "?"}]}, EMPTY),
        # Without a lease that is understood nobody would ever resume it.
        (
            {"pauses": {"ocr": {"phase": "held", "leases": [{"kind": "moon"}]}}},
            LeaseBook({"ocr": Pause(Phase.ENDING, False, ())}),
        ),
        ({"pauses": {"ocr": {"phase": "held", "by_hand": True}}}, EMPTY),
        (
            {"pauses": {"ocr": {"phase": 7, "leases": [{"kind": "restart"}]}}},
            LeaseBook({"ocr": Pause(Phase.WANTED, False, (Lease(RESTART, 0),))}),
        ),
    ],
)
def test_what_cannot_be_understood_pauses_nothing_for_ever(
    stored: dict[str, object], expected: LeaseBook
) -> None:
    """A hand or an older version may have written it."""
    assert LeaseBook.from_dict(stored) == expected  # type: ignore[arg-type]  # any JSON


def test_others_stand_behind_a_lease_without_a_time() -> None:
    """Nothing changes for the queue, but it goes on only when they say so."""
    book = _held(Lease(GPU, 1, until=9), Lease(RESTART, 2))
    passed = book.passed_on("ocr", GPU, [OTHER_GPU])
    assert passed == _held(Lease(OTHER_GPU, 1), Lease(RESTART, 2))
    assert passed.expired(10).pauses["ocr"].phase is Phase.HELD
    both = _held(Lease(OTHER_GPU, 5), Lease(GPU, 1, until=9), by_hand=True)
    assert both.passed_on("ocr", GPU, [OTHER_GPU]) == _held(
        Lease(OTHER_GPU, 5), by_hand=True
    )


def test_a_lease_without_heirs_stays() -> None:
    """There is none, they were overruled, or the queue has no lease at all."""
    book = _held(Lease(GPU, 1, until=9))
    assert book.passed_on("ocr", GPU, []) == book
    overruled = LeaseBook(book.pauses, frozenset({("ocr", OTHER_GPU)}))
    assert overruled.passed_on("ocr", GPU, [OTHER_GPU]) == overruled
    assert book.passed_on("smartSearch", GPU, [OTHER_GPU]) == book
