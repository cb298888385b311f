"""The keeper: what the book says is done, whatever happens in between."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from custom_components.immich_admin_tools.healing.errors import (
    EndedError,
    NotStoredError,
)
from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    UnknownQueueError,
)
from custom_components.immich_admin_tools.immich.models import QueueCounts
from custom_components.immich_admin_tools.pauses.keeper import (
    LeaseKeeper,
    PauseChange,
    PauseOwner,
)
from custom_components.immich_admin_tools.pauses.leases import (
    USER,
    LeaseKind,
    Phase,
    Reason,
)
from tests.support.fake_immich import CrashError, FakeImmich, FakeSection

GPU = Reason(LeaseKind.GPU_OFFLINE, "attic")
RESTART = Reason(LeaseKind.RESTART)
ML = ("smartSearch", "ocr")


@dataclass(slots=True)
class House:
    """A keeper with what it stands on."""

    immich: FakeImmich = field(
        default_factory=lambda: FakeImmich(
            dict.fromkeys(
                ("smartSearch", "ocr", "library", "metadataExtraction"), False
            )
        )
    )
    section: FakeSection = field(default_factory=FakeSection)
    now: int = 1_000
    jumped: int = 0
    """ms that the wall clock was changed by."""
    just_started: bool | None = None
    """Whether Immich has, if anybody can tell."""
    changes: list[PauseChange] = field(default_factory=list)
    keeper: LeaseKeeper = field(init=False)

    def __post_init__(self) -> None:
        """Start."""
        self.restart()

    def restart(self) -> None:
        """Drop everything that was not stored."""
        self.keeper = LeaseKeeper(
            self.immich,
            self.section,
            lambda: self.now + self.jumped,
            self.changes.append,
            now=lambda: self.now,
            started=self._started,
        )

    async def _started(self) -> bool | None:
        return self.just_started

    async def poll(self, run: str | None = "run-1") -> None:
        """Look, as the coordinator does."""
        await self.keeper.update(dict(self.immich.queues), run)

    @property
    def paused(self) -> set[str]:
        """Return the queues that are paused."""
        return {name for name, paused in self.immich.queues.items() if paused}


@pytest.fixture
def house() -> House:
    """Return a house in order."""
    return House()


async def test_a_lease_pauses_until_it_ends(house: House) -> None:
    """And says who did it."""
    taken = await house.keeper.take(GPU, ML)
    assert taken.held == ML
    assert house.paused == set(ML)
    assert house.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    assert house.keeper.owner("library") is None
    await house.poll()
    assert house.paused == set(ML)
    assert not await house.keeper.end(GPU)
    assert house.paused == set()
    assert house.keeper.owner("ocr") is None
    assert [
        (it.queue, it.is_paused, it.reason, it.by_user) for it in house.changes
    ] == [
        ("smartSearch", True, GPU, False),
        ("ocr", True, GPU, False),
        ("smartSearch", False, GPU, False),
        ("ocr", False, GPU, False),
    ]


async def test_taking_what_is_held_asks_and_writes_nothing(house: House) -> None:
    """A controller may say so with every poll."""
    await house.keeper.take(GPU, ML)
    house.immich.calls.clear()
    house.section.full = True
    assert (await house.keeper.take(GPU, ML)).held == ML
    assert house.immich.calls == []


async def test_it_is_written_down_before_it_is_done(house: House) -> None:
    """Nothing is done when it can't be."""
    house.section.full = True
    with pytest.raises(NotStoredError):
        await house.keeper.take(GPU, ML)
    assert house.immich.calls == []
    assert house.keeper.book.pauses == {}
    with pytest.raises(NotStoredError):
        await house.keeper.user_pauses("ocr", until=5_000)
    assert house.paused == set()


async def test_a_full_disk_keeps_no_queue_paused(house: House) -> None:
    """Letting go on needs no store: after a crash it would end as well."""
    await house.keeper.take(GPU, ML)
    house.section.full = True
    await house.keeper.end(GPU)
    assert house.paused == set()
    house.section.full = False
    house.restart()
    await house.poll()
    assert house.paused == set()
    assert house.keeper.book.pauses == {}


async def test_a_full_disk_does_not_hinder_the_user(house: House) -> None:
    """A pause without leases is not ours to store; a resume is done in any case."""
    house.section.full = True
    await house.keeper.user_pauses("ocr")
    assert house.paused == {"ocr"}
    await house.keeper.user_resumes("ocr")
    assert house.paused == set()


async def test_a_timed_pause_ends_by_itself(house: House) -> None:
    """The user's lease; also when Home Assistant was restarted meanwhile."""
    await house.keeper.user_pauses("library", until=6_000)
    assert house.keeper.owner("library") == PauseOwner(USER, 1_000, 6_000)
    house.now = 5_999
    house.restart()
    await house.poll()
    assert house.paused == {"library"}
    house.now = 6_000
    await house.poll()
    assert house.paused == set()
    assert house.changes[-1].reason == USER
    assert not house.changes[-1].by_user


async def test_a_pause_without_a_time_is_never_undone(house: House) -> None:
    """Not by time, not by a lease that ends."""
    await house.keeper.user_pauses("ocr")
    await house.keeper.take(GPU, ML)
    assert house.keeper.owner("ocr") == PauseOwner(None)
    await house.keeper.end(GPU)
    house.now = 10**15
    await house.poll()
    assert house.paused == {"ocr"}


async def test_paused_by_hand_while_a_lease_holds(house: House) -> None:
    """It stays paused when the lease ends."""
    await house.keeper.take(GPU, ML)
    await house.keeper.user_pauses("ocr")
    house.restart()
    await house.keeper.end(GPU)
    assert house.paused == {"ocr"}


async def test_resumed_by_the_user_here(house: House) -> None:
    """All leases of that queue end; the same reason does not come back at once."""
    await house.keeper.take(GPU, ML)
    await house.keeper.user_resumes("ocr")
    taken = await house.keeper.take(GPU, ML)
    assert taken.held == ("smartSearch",)
    assert taken.blocked == ("ocr",)
    assert house.paused == {"smartSearch"}
    await house.keeper.end(GPU)
    assert (await house.keeper.take(GPU, ML)).held == ML


async def test_resumed_by_the_user_in_immichs_own_pages(house: House) -> None:
    """It counts the same, also while Home Assistant was away."""
    await house.keeper.take(GPU, ML)
    await house.poll()
    house.immich.queues["ocr"] = False
    house.restart()
    await house.poll()
    assert house.paused == {"smartSearch"}
    assert house.changes[-1].by_user
    assert (await house.keeper.take(GPU, ML)).blocked == ("ocr",)


async def test_an_old_look_is_not_the_users_act(house: House) -> None:
    """A poll may have begun before the pause."""
    before = dict(house.immich.queues)
    await house.keeper.take(GPU, ML)
    await house.keeper.update(before, "run-1")
    assert house.keeper.book.pauses["ocr"].phase is Phase.HELD
    assert house.paused == set(ML)


async def test_a_new_redis_has_forgotten_the_pause(house: House) -> None:
    """A new run of Redis without its data: the lease is put in force again."""
    await house.poll("run-1")
    await house.keeper.take(GPU, ML)
    await house.poll("run-1")
    house.immich.queues.update(dict.fromkeys(ML, False))
    await house.poll("run-2")
    assert house.paused == set(ML)
    house.restart()
    await house.poll("run-2")
    house.immich.queues["ocr"] = False
    await house.poll("run-2")
    assert house.paused == {"smartSearch"}


async def test_an_interruption_may_have_lost_the_pause(house: House) -> None:
    """Without Redis a restart can't be told from a click: better pause again."""
    await house.keeper.take(GPU, ML)
    await house.poll(None)
    house.immich.queues["ocr"] = False
    house.keeper.note_interruption()
    await house.poll(None)
    assert house.paused == set(ML)


async def test_immich_away_while_a_lease_is_taken(house: House) -> None:
    """Nothing is known of the queue, so nothing is noted."""
    house.immich.down = True
    with pytest.raises(CannotConnectError):
        await house.keeper.take(GPU, ML)
    assert house.keeper.book.pauses == {}


async def test_immich_goes_away_between_look_and_act(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease stands, and is put in force as soon as Immich answers."""

    async def save(data: Mapping[str, object]) -> None:
        house.immich.down = True

    monkeypatch.setattr(FakeSection, "save", lambda _, data: save(data))
    taken = await house.keeper.take(GPU, ML)
    assert taken.held == ()
    assert set(taken.pending) == set(ML)
    await house.poll()
    assert house.paused == set()
    house.immich.down = False
    monkeypatch.undo()
    await house.poll()
    assert house.paused == set(ML)


async def test_a_timed_pause_that_fails_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user was told that it failed: it must not happen later."""

    async def refuse(name: str) -> None:
        raise CannotConnectError(name)

    monkeypatch.setattr(FakeImmich, "pause", lambda _, name: refuse(name))
    with pytest.raises(CannotConnectError):
        await house.keeper.user_pauses("ocr", until=5_000)
    monkeypatch.undo()
    await house.poll()
    assert house.paused == set()
    assert house.keeper.book.pauses == {}


async def test_immich_away_when_a_lease_ends(house: House) -> None:
    """It is let go on later; only one call waits for the time-out."""
    await house.keeper.take(GPU, ML)
    house.immich.down = True
    house.immich.calls.clear()
    assert set(await house.keeper.end(GPU)) == set(ML)
    house.restart()
    await house.poll()
    assert house.paused == set(ML)
    house.immich.down = False
    await house.poll()
    assert house.paused == set()


async def test_a_pause_that_the_user_could_not_make_changes_nothing(
    house: House,
) -> None:
    """Neither in Immich nor in the book."""
    await house.keeper.take(GPU, ML)
    before = house.keeper.book
    house.immich.down = True
    with pytest.raises(CannotConnectError):
        await house.keeper.user_pauses("ocr")
    assert house.keeper.book == before
    house.restart()
    assert house.keeper.book == before


async def test_the_users_resume_wins_although_immich_is_away(house: House) -> None:
    """The user is told; our own pause ends all the same, and does not come back."""
    await house.keeper.take(GPU, ML)
    house.immich.down = True
    with pytest.raises(CannotConnectError):
        await house.keeper.user_resumes("ocr")
    house.restart()
    house.immich.down = False
    await house.poll()
    assert house.paused == {"smartSearch"}
    assert (await house.keeper.take(GPU, ML)).blocked == ("ocr",)


async def test_a_resume_that_failed_undoes_no_pause_by_hand(house: House) -> None:
    """That one is the user's own: told that it failed, it must not happen later."""
    await house.keeper.user_pauses("ocr")
    await house.keeper.take(GPU, ML)
    house.immich.down = True
    with pytest.raises(CannotConnectError):
        await house.keeper.user_resumes("ocr")
    house.immich.down = False
    await house.poll()
    await house.keeper.end(GPU)
    assert house.paused == {"ocr"}


async def test_a_crash_before_the_pause_then_the_users_resume(house: House) -> None:
    """Written down, not done; Immich away; the user resumes: it is not restored."""
    house.section = FakeSection(immich=house.immich)
    house.restart()
    house.immich.crash_in = 0
    with pytest.raises(CrashError):
        await house.keeper.take(GPU, ["ocr"])
    house.restart()
    house.immich.down = True
    with pytest.raises(CannotConnectError):
        await house.keeper.user_resumes("ocr")
    house.immich.down = False
    await house.poll()
    assert house.paused == set()
    assert (await house.keeper.take(GPU, ["ocr"])).blocked == ("ocr",)


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_changed_clock_neither_ends_nor_prolongs_a_pause(
    house: House, hours: int
) -> None:
    """An hour is an hour, and the end that is shown follows the clock."""
    await house.keeper.user_pauses("library", until=house.now + 3_600_000)
    house.jumped = hours * 3_600_000
    house.now += 3_599_000
    await house.poll()
    assert house.paused == {"library"}
    owner = house.keeper.owner("library")
    assert owner and owner.until == house.now + house.jumped + 1_000
    house.now += 1_000
    await house.poll()
    assert house.paused == set()


async def test_a_clock_put_back_while_home_assistant_was_away(house: House) -> None:
    """Then nobody knows how long that was: it lasts what it had left, not years."""
    await house.keeper.user_pauses("library", until=house.now + 60_000)
    house.jumped = -(10**12)
    house.restart()
    house.now += 59_000
    await house.poll()
    assert house.paused == {"library"}
    house.now += 1_000
    await house.poll()
    assert house.paused == set()


async def test_after_its_end_a_keeper_does_nothing(house: House) -> None:
    """What a timer of before still calls must not meddle with the next one's queues."""
    await house.keeper.user_pauses("library", until=house.now + 1_000)
    old = house.keeper
    old.close()
    house.now += 2_000
    await old.update(dict(house.immich.queues), "run-1")
    for step in (
        old.take(GPU, ML),
        old.end(GPU),
        old.user_resumes("library"),
        old.user_pauses("ocr"),
        old.reassert(["library"]),
    ):
        with pytest.raises(EndedError):
            await step
    assert house.paused == {"library"}


async def test_what_could_not_be_stored_is_stored_later(house: House) -> None:
    """Else a crash would bring back what had ended."""
    await house.keeper.take(GPU, ML)
    house.section.full = True
    await house.keeper.end(GPU)
    house.section.full = False
    await house.poll()
    house.restart()
    assert house.keeper.book.pauses == {}


@pytest.mark.parametrize("told", [True, None])
async def test_immichs_start_does_not_end_a_pause_for_hours(
    house: House, told: bool | None
) -> None:
    """Immich resumes the metadata whenever it starts: that is nobody's wish."""
    house.just_started = told
    await house.keeper.user_pauses("metadataExtraction", until=house.now + 28_800_000)
    house.immich.queues["metadataExtraction"] = False
    await house.poll()
    assert house.paused == {"metadataExtraction"}
    assert house.keeper.owner("metadataExtraction") == PauseOwner(
        USER, 1_000, 28_801_000
    )
    # Where nobody can tell, the second time soon afterwards is the user's.
    house.immich.queues["metadataExtraction"] = False
    await house.poll()
    assert house.paused == ({"metadataExtraction"} if told else set())


async def test_the_users_resume_of_the_metadata(house: House) -> None:
    """Known not to be Immich's start: the lease ends at once."""
    house.just_started = False
    await house.keeper.user_pauses("metadataExtraction", until=house.now + 28_800_000)
    house.immich.queues["metadataExtraction"] = False
    await house.poll()
    assert house.paused == set()
    assert house.changes[-1].by_user


async def test_leaving(house: House) -> None:
    """Only the pauses of GPU hosts stay, where asked for, and nothing new begins."""
    await house.keeper.take(GPU, ML)
    await house.keeper.take(RESTART, ["ocr"])
    await house.keeper.user_pauses("library", until=9_000)
    await house.keeper.leave(["ocr", "library"])
    assert house.paused == {"ocr"}
    with pytest.raises(EndedError):
        await house.keeper.take(GPU, ["library"])
    house.restart()
    assert house.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    await house.poll()
    await house.keeper.end(GPU)
    assert house.paused == set()


async def test_a_pause_that_was_found_becomes_ours_or_the_users(house: House) -> None:
    """Adopted, it ends with its reason; handed over, it stays for ever."""
    house.immich.queues.update(dict.fromkeys(ML, True))
    for queue in ML:
        await house.keeper.adopt(GPU, queue)
    await house.poll()
    assert house.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    await house.keeper.hand_over(["smartSearch"])
    await house.keeper.end(GPU)
    assert house.paused == {"smartSearch"}


async def test_a_queue_that_is_gone(house: House) -> None:
    """An update of Immich may take a queue away; it goes on when it is there again.

    Until then Immich is not asked about it, poll after poll.
    """
    with pytest.raises(UnknownQueueError):
        await house.keeper.take(GPU, ["moon"])
    await house.keeper.take(GPU, ML)
    del house.immich.queues["ocr"]
    await house.keeper.end(GPU)
    assert house.keeper.owner("ocr") is None
    calls = len(house.immich.calls)
    await house.poll()
    house.restart()
    await house.poll()
    await house.poll()
    assert len(house.immich.calls) == calls
    house.immich.queues["ocr"] = True
    await house.poll()
    assert house.paused == set()
    assert house.keeper.book.pauses == {}


async def test_leaving_alone(house: House) -> None:
    """A restart resumes the metadata by itself: not the user's act; paused again."""
    await house.keeper.user_pauses("library")
    await house.keeper.take(RESTART, ["library"])
    with house.keeper.leaving_alone(["library"]):
        house.immich.queues["library"] = False
        await house.poll()
        await house.keeper.reassert(["library"])
    assert house.paused == {"library"}
    await house.keeper.end(RESTART)
    assert house.paused == {"library"}


async def test_end_all(house: House) -> None:
    """For when the entry goes: what the user paused stays."""
    await house.keeper.user_pauses("library")
    await house.keeper.take(GPU, [*ML, "library"])
    await house.keeper.user_pauses("ocr", until=9_000)
    await house.keeper.end_all()
    assert house.paused == {"library"}
    assert house.keeper.book.pauses == {}


@pytest.mark.parametrize("steps", range(9))
async def test_killed_at_any_step_of_a_lease(house: House, steps: int) -> None:
    """After the crash the lease can be taken again or ended, as if nothing was."""
    for finish in (True, False):
        house.immich.queues.update(dict.fromkeys(ML, False))
        house.section = FakeSection(immich=house.immich)
        house.restart()
        house.immich.crash_in = steps
        try:
            await house.keeper.take(GPU, ML)
            await house.keeper.end(GPU)
        except CrashError:
            house.restart()
        house.immich.crash_in = None
        if finish:
            await house.keeper.take(GPU, ML)
            assert house.paused == set(ML)
        await house.keeper.end(GPU)
        await house.poll()
        assert house.paused == set()
        assert house.keeper.book.pauses == {}


async def test_killed_in_the_users_resume(house: House) -> None:
    """Written down and not yet done: it is done after the restart."""
    house.section = FakeSection(immich=house.immich)
    house.restart()
    await house.keeper.take(GPU, ML)
    house.immich.crash_in = 0
    with pytest.raises(CrashError):
        await house.keeper.user_resumes("ocr")
    assert house.paused == set(ML)
    house.restart()
    await house.poll()
    assert house.paused == {"smartSearch"}


async def test_a_queue_that_goes_while_it_is_looked_at(house: House) -> None:
    """Seen as going on, but gone: nothing of it is kept."""
    await house.keeper.take(GPU, ML)
    seen = {"ocr": False, "smartSearch": True}
    del house.immich.queues["ocr"]
    await house.keeper.update(seen, "run-1")
    assert set(house.keeper.book.pauses) == {"smartSearch"}
    assert house.keeper.book.blocked == frozenset()


async def test_what_can_not_be_asked_is_not_judged(house: House) -> None:
    """Whether the user let a queue go on is found out when Immich answers."""
    await house.keeper.take(GPU, ML)
    house.immich.queues["ocr"] = False
    house.immich.down = True
    await house.poll()
    assert house.keeper.owner("ocr") is not None
    house.immich.down = False
    await house.poll()
    assert house.keeper.owner("ocr") is None
    assert house.paused == {"smartSearch"}


async def test_queues_are_asked_and_paused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One after the other, photos of the last one are skipped meanwhile."""
    house = House()
    begun: dict[str, list[str]] = {"queue": [], "pause": [], "resume": []}

    def together(name: str) -> None:
        real = getattr(FakeImmich, name)

        async def call(immich: FakeImmich, queue: str) -> QueueCounts:
            begun[name].append(queue)
            async with asyncio.timeout(5):
                while len(begun[name]) < len(ML):
                    await asyncio.sleep(0)
            counts: QueueCounts = await real(immich, queue)
            return counts

        monkeypatch.setattr(FakeImmich, name, call)

    for name in begun:
        together(name)
    taken = await house.keeper.take(GPU, ML)
    assert set(taken.held) == house.paused == set(ML)
    await house.keeper.end(GPU)
    assert house.paused == set()


async def test_a_queue_that_is_known_to_run_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That would cost a request while photos are skipped."""
    house = House()
    asked: list[str] = []
    real = FakeImmich.queue

    async def queue(immich: FakeImmich, name: str) -> QueueCounts:
        asked.append(name)
        return await real(immich, name)

    monkeypatch.setattr(FakeImmich, "queue", queue)
    await house.keeper.take(GPU, ML, running=["ocr"])
    assert asked == ["smartSearch"]
    assert house.paused == set(ML)
    await house.keeper.end(GPU)
    assert house.paused == set()


async def test_a_pause_is_not_held_up_by_what_is_to_go_on(house: House) -> None:
    """Each millisecond may skip a photo; who wants to see the first jobs can wait."""
    await house.keeper.take(GPU, ["ocr"])
    asked = asyncio.Event()
    may_go_on = asyncio.Event()

    async def ready(queues: Collection[str]) -> None:
        assert list(queues) == ["ocr"]
        asked.set()
        await may_go_on.wait()

    house.keeper.before_resume = ready
    end = asyncio.create_task(house.keeper.end(GPU))
    async with asyncio.timeout(1):
        await asked.wait()
        await house.keeper.take(RESTART, ["smartSearch"])
    assert house.paused == {"ocr", "smartSearch"}
    may_go_on.set()
    await end
    assert house.paused == {"smartSearch"}


async def test_what_could_not_go_on_is_tried_with_the_next_poll(house: House) -> None:
    """Not within the next pause, which it would hold up."""
    await house.keeper.take(GPU, ["ocr"])
    house.immich.down = True
    assert await house.keeper.end(GPU)
    house.immich.down = False
    await house.keeper.take(RESTART, ["smartSearch"])
    assert house.paused == {"ocr", "smartSearch"}
    await house.poll()
    assert house.paused == {"smartSearch"}


async def test_a_pause_that_was_never_made_is_not_the_users(house: House) -> None:
    """Home Assistant ends in the middle of it, while a pause of ours waits for its end."""
    await house.keeper.take(GPU, ["ocr"])
    house.immich.down = True
    assert await house.keeper.end(GPU)

    def killed(_: str) -> None:
        raise CrashError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.keeper, "_api", SimpleNamespace(pause=killed))
        with pytest.raises(CrashError):
            await house.keeper.user_pauses("ocr")
    house.restart()
    house.immich.down = False
    await house.poll()
    assert house.paused == set()


async def test_a_pause_while_a_poll_lets_another_queue_go_on(house: House) -> None:
    """The poll is of before the user's pause, and takes nothing back of it."""
    await house.keeper.user_pauses("library", until=2_000)
    house.now = 3_000
    asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def ready(_: Collection[str]) -> None:
        asked.set()
        await may_go_on.wait()

    house.keeper.before_resume = ready
    poll = asyncio.create_task(house.poll())
    async with asyncio.timeout(1):
        await asked.wait()
        await house.keeper.user_pauses("ocr")
        may_go_on.set()
        await poll
    assert house.paused == {"ocr"}
    assert house.keeper.paused_by_user("ocr")
