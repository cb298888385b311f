"""The keeper: what the book says is done, whatever happens in between."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
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
    LeaseReason,
    Phase,
)
from tests.support.fake_immich import CrashError, FakeImmich, FakeSection

GPU = LeaseReason(LeaseKind.GPU_OFFLINE, "attic")
RESTART = LeaseReason(LeaseKind.RESTART)
ML = ("smartSearch", "ocr")


@dataclass(slots=True)
class Instance:
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
    before_resume: Callable[[Collection[str]], Awaitable[None]] | None = None
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
            before_resume=self._get_ready,
        )

    async def _get_ready(self, queues: Collection[str]) -> None:
        if self.before_resume is not None:
            await self.before_resume(queues)

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
def instance() -> Instance:
    """Return an instance in order."""
    return Instance()


async def test_a_lease_pauses_until_it_ends(instance: Instance) -> None:
    """And says who did it."""
    taken = await instance.keeper.take(GPU, ML)
    assert taken.held == ML
    assert instance.paused == set(ML)
    assert instance.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    assert instance.keeper.owner("library") is None
    await instance.poll()
    assert instance.paused == set(ML)
    assert not await instance.keeper.end(GPU)
    assert instance.paused == set()
    assert instance.keeper.owner("ocr") is None
    assert [
        (it.queue, it.is_paused, it.reason, it.by_user) for it in instance.changes
    ] == [
        ("smartSearch", True, GPU, False),
        ("ocr", True, GPU, False),
        ("smartSearch", False, GPU, False),
        ("ocr", False, GPU, False),
    ]


async def test_taking_what_is_held_asks_and_writes_nothing(instance: Instance) -> None:
    """A controller may say so with every poll."""
    await instance.keeper.take(GPU, ML)
    instance.immich.calls.clear()
    instance.section.full = True
    assert (await instance.keeper.take(GPU, ML)).held == ML
    assert instance.immich.calls == []


async def test_it_is_written_down_before_it_is_done(instance: Instance) -> None:
    """Nothing is done when it can't be."""
    instance.section.full = True
    with pytest.raises(NotStoredError):
        await instance.keeper.take(GPU, ML)
    assert instance.immich.calls == []
    assert instance.keeper.book.pauses == {}
    with pytest.raises(NotStoredError):
        await instance.keeper.user_pauses("ocr", until=5_000)
    assert instance.paused == set()


async def test_a_full_disk_keeps_no_queue_paused(instance: Instance) -> None:
    """Letting go on needs no store: after a crash it would end as well."""
    await instance.keeper.take(GPU, ML)
    instance.section.full = True
    await instance.keeper.end(GPU)
    assert instance.paused == set()
    instance.section.full = False
    instance.restart()
    await instance.poll()
    assert instance.paused == set()
    assert instance.keeper.book.pauses == {}


async def test_a_full_disk_does_not_hinder_the_user(instance: Instance) -> None:
    """A pause without leases is not ours to store; a resume is done in any case."""
    instance.section.full = True
    await instance.keeper.user_pauses("ocr")
    assert instance.paused == {"ocr"}
    await instance.keeper.user_resumes("ocr")
    assert instance.paused == set()


async def test_a_timed_pause_ends_by_itself(instance: Instance) -> None:
    """The user's lease; also when Home Assistant was restarted meanwhile."""
    await instance.keeper.user_pauses("library", until=6_000)
    assert instance.keeper.owner("library") == PauseOwner(USER, 1_000, 6_000)
    instance.now = 5_999
    instance.restart()
    await instance.poll()
    assert instance.paused == {"library"}
    instance.now = 6_000
    await instance.poll()
    assert instance.paused == set()
    assert instance.changes[-1].reason == USER
    assert not instance.changes[-1].by_user


async def test_a_pause_without_a_time_is_never_undone(instance: Instance) -> None:
    """Not by time, not by a lease that ends."""
    await instance.keeper.user_pauses("ocr")
    await instance.keeper.take(GPU, ML)
    assert instance.keeper.owner("ocr") == PauseOwner(None)
    await instance.keeper.end(GPU)
    instance.now = 10**15
    await instance.poll()
    assert instance.paused == {"ocr"}


async def test_paused_by_hand_while_a_lease_holds(instance: Instance) -> None:
    """It stays paused when the lease ends."""
    await instance.keeper.take(GPU, ML)
    await instance.keeper.user_pauses("ocr")
    instance.restart()
    await instance.keeper.end(GPU)
    assert instance.paused == {"ocr"}


async def test_resumed_by_the_user_here(instance: Instance) -> None:
    """All leases of that queue end; the same reason does not come back at once."""
    await instance.keeper.take(GPU, ML)
    await instance.keeper.user_resumes("ocr")
    taken = await instance.keeper.take(GPU, ML)
    assert taken.held == ("smartSearch",)
    assert taken.blocked == ("ocr",)
    assert instance.paused == {"smartSearch"}
    await instance.keeper.end(GPU)
    assert (await instance.keeper.take(GPU, ML)).held == ML


async def test_resumed_by_the_user_in_immichs_own_pages(instance: Instance) -> None:
    """It counts the same, also while Home Assistant was away."""
    await instance.keeper.take(GPU, ML)
    await instance.poll()
    instance.immich.queues["ocr"] = False
    instance.restart()
    await instance.poll()
    assert instance.paused == {"smartSearch"}
    assert instance.changes[-1].by_user
    assert (await instance.keeper.take(GPU, ML)).blocked == ("ocr",)


async def test_an_old_look_is_not_the_users_act(instance: Instance) -> None:
    """A poll may have begun before the pause."""
    before = dict(instance.immich.queues)
    await instance.keeper.take(GPU, ML)
    await instance.keeper.update(before, "run-1")
    assert instance.keeper.book.pauses["ocr"].phase is Phase.HELD
    assert instance.paused == set(ML)


async def test_a_new_redis_has_forgotten_the_pause(instance: Instance) -> None:
    """A new run of Redis without its data: the lease is put in force again."""
    await instance.poll("run-1")
    await instance.keeper.take(GPU, ML)
    await instance.poll("run-1")
    instance.immich.queues.update(dict.fromkeys(ML, False))
    await instance.poll("run-2")
    assert instance.paused == set(ML)
    instance.restart()
    await instance.poll("run-2")
    instance.immich.queues["ocr"] = False
    await instance.poll("run-2")
    assert instance.paused == {"smartSearch"}


async def test_an_interruption_may_have_lost_the_pause(instance: Instance) -> None:
    """Without Redis a restart can't be told from a click: better pause again."""
    await instance.keeper.take(GPU, ML)
    await instance.poll(None)
    instance.immich.queues["ocr"] = False
    instance.keeper.note_interruption()
    await instance.poll(None)
    assert instance.paused == set(ML)


async def test_immich_away_while_a_lease_is_taken(instance: Instance) -> None:
    """Nothing is known of the queue, so nothing is noted."""
    instance.immich.down = True
    with pytest.raises(CannotConnectError):
        await instance.keeper.take(GPU, ML)
    assert instance.keeper.book.pauses == {}


async def test_immich_goes_away_between_look_and_act(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease stands, and is put in force as soon as Immich answers."""

    async def save(data: Mapping[str, object]) -> None:
        instance.immich.down = True

    monkeypatch.setattr(FakeSection, "save", lambda _, data: save(data))
    taken = await instance.keeper.take(GPU, ML)
    assert taken.held == ()
    assert set(taken.pending) == set(ML)
    await instance.poll()
    assert instance.paused == set()
    instance.immich.down = False
    monkeypatch.undo()
    await instance.poll()
    assert instance.paused == set(ML)


async def test_a_timed_pause_that_fails_leaves_nothing(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user was told that it failed: it must not happen later."""

    async def refuse(name: str) -> None:
        raise CannotConnectError(name)

    monkeypatch.setattr(FakeImmich, "pause", lambda _, name: refuse(name))
    with pytest.raises(CannotConnectError):
        await instance.keeper.user_pauses("ocr", until=5_000)
    monkeypatch.undo()
    await instance.poll()
    assert instance.paused == set()
    assert instance.keeper.book.pauses == {}


async def test_immich_away_when_a_lease_ends(instance: Instance) -> None:
    """It is let go on later; only one call waits for the time-out."""
    await instance.keeper.take(GPU, ML)
    instance.immich.down = True
    instance.immich.calls.clear()
    assert set(await instance.keeper.end(GPU)) == set(ML)
    instance.restart()
    await instance.poll()
    assert instance.paused == set(ML)
    instance.immich.down = False
    await instance.poll()
    assert instance.paused == set()


async def test_a_pause_that_the_user_could_not_make_changes_nothing(
    instance: Instance,
) -> None:
    """Neither in Immich nor in the book."""
    await instance.keeper.take(GPU, ML)
    before = instance.keeper.book
    instance.immich.down = True
    with pytest.raises(CannotConnectError):
        await instance.keeper.user_pauses("ocr")
    assert instance.keeper.book == before
    instance.restart()
    assert instance.keeper.book == before


async def test_the_users_resume_wins_although_immich_is_away(
    instance: Instance,
) -> None:
    """The user is told; our own pause ends all the same, and does not come back."""
    await instance.keeper.take(GPU, ML)
    instance.immich.down = True
    with pytest.raises(CannotConnectError):
        await instance.keeper.user_resumes("ocr")
    instance.restart()
    instance.immich.down = False
    await instance.poll()
    assert instance.paused == {"smartSearch"}
    assert (await instance.keeper.take(GPU, ML)).blocked == ("ocr",)


async def test_a_resume_that_failed_undoes_no_pause_by_hand(instance: Instance) -> None:
    """That one is the user's own: told that it failed, it must not happen later."""
    await instance.keeper.user_pauses("ocr")
    await instance.keeper.take(GPU, ML)
    instance.immich.down = True
    with pytest.raises(CannotConnectError):
        await instance.keeper.user_resumes("ocr")
    instance.immich.down = False
    await instance.poll()
    await instance.keeper.end(GPU)
    assert instance.paused == {"ocr"}


async def test_a_crash_before_the_pause_then_the_users_resume(
    instance: Instance,
) -> None:
    """Written down, not done; Immich away; the user resumes: it is not restored."""
    instance.section = FakeSection(immich=instance.immich)
    instance.restart()
    instance.immich.crash_in = 0
    with pytest.raises(CrashError):
        await instance.keeper.take(GPU, ["ocr"])
    instance.restart()
    instance.immich.down = True
    with pytest.raises(CannotConnectError):
        await instance.keeper.user_resumes("ocr")
    instance.immich.down = False
    await instance.poll()
    assert instance.paused == set()
    assert (await instance.keeper.take(GPU, ["ocr"])).blocked == ("ocr",)


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_changed_clock_neither_ends_nor_prolongs_a_pause(
    instance: Instance, hours: int
) -> None:
    """An hour is an hour, and the end that is shown follows the clock."""
    await instance.keeper.user_pauses("library", until=instance.now + 3_600_000)
    instance.jumped = hours * 3_600_000
    instance.now += 3_599_000
    await instance.poll()
    assert instance.paused == {"library"}
    owner = instance.keeper.owner("library")
    assert owner and owner.until == instance.now + instance.jumped + 1_000
    instance.now += 1_000
    await instance.poll()
    assert instance.paused == set()


async def test_a_clock_put_back_while_home_assistant_was_away(
    instance: Instance,
) -> None:
    """Then nobody knows how long that was: it lasts what it had left, not years."""
    await instance.keeper.user_pauses("library", until=instance.now + 60_000)
    instance.jumped = -(10**12)
    instance.restart()
    instance.now += 59_000
    await instance.poll()
    assert instance.paused == {"library"}
    instance.now += 1_000
    await instance.poll()
    assert instance.paused == set()


async def test_after_its_end_a_keeper_does_nothing(instance: Instance) -> None:
    """What a timer of before still calls must not meddle with the next one's queues."""
    await instance.keeper.user_pauses("library", until=instance.now + 1_000)
    old = instance.keeper
    old.close()
    instance.now += 2_000
    await old.update(dict(instance.immich.queues), "run-1")
    for step in (
        old.take(GPU, ML),
        old.end(GPU),
        old.user_resumes("library"),
        old.user_pauses("ocr"),
        old.reassert(["library"]),
    ):
        with pytest.raises(EndedError):
            await step
    assert instance.paused == {"library"}


async def test_what_could_not_be_stored_is_stored_later(instance: Instance) -> None:
    """Else a crash would bring back what had ended."""
    await instance.keeper.take(GPU, ML)
    instance.section.full = True
    await instance.keeper.end(GPU)
    instance.section.full = False
    await instance.poll()
    instance.restart()
    assert instance.keeper.book.pauses == {}


@pytest.mark.parametrize("told", [True, None])
async def test_immichs_start_does_not_end_a_pause_for_hours(
    instance: Instance, told: bool | None
) -> None:
    """Immich resumes the metadata whenever it starts: that is nobody's wish."""
    instance.just_started = told
    await instance.keeper.user_pauses(
        "metadataExtraction", until=instance.now + 28_800_000
    )
    instance.immich.queues["metadataExtraction"] = False
    await instance.poll()
    assert instance.paused == {"metadataExtraction"}
    assert instance.keeper.owner("metadataExtraction") == PauseOwner(
        USER, 1_000, 28_801_000
    )
    # Where nobody can tell, the second time soon afterwards is the user's.
    instance.immich.queues["metadataExtraction"] = False
    await instance.poll()
    assert instance.paused == ({"metadataExtraction"} if told else set())


async def test_the_users_resume_of_the_metadata(instance: Instance) -> None:
    """Known not to be Immich's start: the lease ends at once."""
    instance.just_started = False
    await instance.keeper.user_pauses(
        "metadataExtraction", until=instance.now + 28_800_000
    )
    instance.immich.queues["metadataExtraction"] = False
    await instance.poll()
    assert instance.paused == set()
    assert instance.changes[-1].by_user


async def test_leaving(instance: Instance) -> None:
    """Only the pauses of GPU hosts stay, where asked for, and nothing new begins."""
    await instance.keeper.take(GPU, ML)
    await instance.keeper.take(RESTART, ["ocr"])
    await instance.keeper.user_pauses("library", until=9_000)
    await instance.keeper.leave(["ocr", "library"])
    assert instance.paused == {"ocr"}
    with pytest.raises(EndedError):
        await instance.keeper.take(GPU, ["library"])
    instance.restart()
    assert instance.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    await instance.poll()
    await instance.keeper.end(GPU)
    assert instance.paused == set()


async def test_a_pause_that_was_found_becomes_ours_or_the_users(
    instance: Instance,
) -> None:
    """Adopted, it ends with its reason; handed over, it stays for ever."""
    instance.immich.queues.update(dict.fromkeys(ML, True))
    for queue in ML:
        await instance.keeper.adopt(GPU, queue)
    await instance.poll()
    assert instance.keeper.owner("ocr") == PauseOwner(GPU, 1_000)
    await instance.keeper.hand_over(["smartSearch"])
    await instance.keeper.end(GPU)
    assert instance.paused == {"smartSearch"}


async def test_a_queue_that_is_gone(instance: Instance) -> None:
    """An update of Immich may take a queue away; it goes on when it is there again.

    Until then Immich is not asked about it, poll after poll.
    """
    with pytest.raises(UnknownQueueError):
        await instance.keeper.take(GPU, ["moon"])
    await instance.keeper.take(GPU, ML)
    del instance.immich.queues["ocr"]
    await instance.keeper.end(GPU)
    assert instance.keeper.owner("ocr") is None
    calls = len(instance.immich.calls)
    await instance.poll()
    instance.restart()
    await instance.poll()
    await instance.poll()
    assert len(instance.immich.calls) == calls
    instance.immich.queues["ocr"] = True
    await instance.poll()
    assert instance.paused == set()
    assert instance.keeper.book.pauses == {}


async def test_leaving_alone(instance: Instance) -> None:
    """A restart resumes the metadata by itself: not the user's act; paused again."""
    await instance.keeper.user_pauses("library")
    await instance.keeper.take(RESTART, ["library"])
    with instance.keeper.leaving_alone(["library"]):
        instance.immich.queues["library"] = False
        await instance.poll()
        await instance.keeper.reassert(["library"])
    assert instance.paused == {"library"}
    await instance.keeper.end(RESTART)
    assert instance.paused == {"library"}


async def test_leaving_nothing_paused(instance: Instance) -> None:
    """For when the entry goes: what the user paused stays."""
    await instance.keeper.user_pauses("library")
    await instance.keeper.take(GPU, [*ML, "library"])
    await instance.keeper.user_pauses("ocr", until=9_000)
    await instance.keeper.leave(())
    assert instance.paused == {"library"}
    assert instance.keeper.book.pauses == {}


@pytest.mark.parametrize("steps", range(9))
async def test_killed_at_any_step_of_a_lease(instance: Instance, steps: int) -> None:
    """After the crash the lease can be taken again or ended, as if nothing was."""
    for finish in (True, False):
        instance.immich.queues.update(dict.fromkeys(ML, False))
        instance.section = FakeSection(immich=instance.immich)
        instance.restart()
        instance.immich.crash_in = steps
        try:
            await instance.keeper.take(GPU, ML)
            await instance.keeper.end(GPU)
        except CrashError:
            instance.restart()
        instance.immich.crash_in = None
        if finish:
            await instance.keeper.take(GPU, ML)
            assert instance.paused == set(ML)
        await instance.keeper.end(GPU)
        await instance.poll()
        assert instance.paused == set()
        assert instance.keeper.book.pauses == {}


async def test_killed_in_the_users_resume(instance: Instance) -> None:
    """Written down and not yet done: it is done after the restart."""
    instance.section = FakeSection(immich=instance.immich)
    instance.restart()
    await instance.keeper.take(GPU, ML)
    instance.immich.crash_in = 0
    with pytest.raises(CrashError):
        await instance.keeper.user_resumes("ocr")
    assert instance.paused == set(ML)
    instance.restart()
    await instance.poll()
    assert instance.paused == {"smartSearch"}


async def test_a_queue_that_goes_while_it_is_looked_at(instance: Instance) -> None:
    """Seen as going on, but gone: nothing of it is kept."""
    await instance.keeper.take(GPU, ML)
    seen = {"ocr": False, "smartSearch": True}
    del instance.immich.queues["ocr"]
    await instance.keeper.update(seen, "run-1")
    assert set(instance.keeper.book.pauses) == {"smartSearch"}
    assert instance.keeper.book.blocked == frozenset()


async def test_what_can_not_be_asked_is_not_judged(instance: Instance) -> None:
    """Whether the user let a queue go on is found out when Immich answers."""
    await instance.keeper.take(GPU, ML)
    instance.immich.queues["ocr"] = False
    instance.immich.down = True
    await instance.poll()
    assert instance.keeper.owner("ocr") is not None
    instance.immich.down = False
    await instance.poll()
    assert instance.keeper.owner("ocr") is None
    assert instance.paused == {"smartSearch"}


async def test_queues_are_asked_and_paused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One after the other, photos of the last one are skipped meanwhile."""
    instance = Instance()
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
    taken = await instance.keeper.take(GPU, ML)
    assert set(taken.held) == instance.paused == set(ML)
    await instance.keeper.end(GPU)
    assert instance.paused == set()


async def test_a_queue_that_is_known_to_run_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That would cost a request while photos are skipped."""
    instance = Instance()
    asked: list[str] = []
    real = FakeImmich.queue

    async def queue(immich: FakeImmich, name: str) -> QueueCounts:
        asked.append(name)
        return await real(immich, name)

    monkeypatch.setattr(FakeImmich, "queue", queue)
    await instance.keeper.take(GPU, ML, running=["ocr"])
    assert asked == ["smartSearch"]
    assert instance.paused == set(ML)
    await instance.keeper.end(GPU)
    assert instance.paused == set()


async def test_a_pause_is_not_held_up_by_what_is_to_go_on(instance: Instance) -> None:
    """Each millisecond may skip a photo; who wants to see the first jobs can wait."""
    await instance.keeper.take(GPU, ["ocr"])
    asked = asyncio.Event()
    may_go_on = asyncio.Event()

    async def ready(queues: Collection[str]) -> None:
        assert list(queues) == ["ocr"]
        asked.set()
        await may_go_on.wait()

    instance.before_resume = ready
    end = asyncio.create_task(instance.keeper.end(GPU))
    async with asyncio.timeout(1):
        await asked.wait()
        await instance.keeper.take(RESTART, ["smartSearch"])
    assert instance.paused == {"ocr", "smartSearch"}
    may_go_on.set()
    await end
    assert instance.paused == {"smartSearch"}


async def test_what_could_not_go_on_is_tried_with_the_next_poll(
    instance: Instance,
) -> None:
    """Not within the next pause, which it would hold up."""
    await instance.keeper.take(GPU, ["ocr"])
    instance.immich.down = True
    assert await instance.keeper.end(GPU)
    instance.immich.down = False
    await instance.keeper.take(RESTART, ["smartSearch"])
    assert instance.paused == {"ocr", "smartSearch"}
    await instance.poll()
    assert instance.paused == {"smartSearch"}


async def test_a_pause_that_was_never_made_is_not_the_users(instance: Instance) -> None:
    """Home Assistant ends in the middle of it, while a pause of ours waits for its end."""
    await instance.keeper.take(GPU, ["ocr"])
    instance.immich.down = True
    assert await instance.keeper.end(GPU)

    def killed(_: str) -> None:
        raise CrashError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instance.keeper, "_api", SimpleNamespace(pause=killed))
        with pytest.raises(CrashError):
            await instance.keeper.user_pauses("ocr")
    instance.restart()
    instance.immich.down = False
    await instance.poll()
    assert instance.paused == set()


async def test_a_pause_while_a_poll_lets_another_queue_go_on(
    instance: Instance,
) -> None:
    """The poll is of before the user's pause, and takes nothing back of it."""
    await instance.keeper.user_pauses("library", until=2_000)
    instance.now = 3_000
    asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def ready(_: Collection[str]) -> None:
        asked.set()
        await may_go_on.wait()

    instance.before_resume = ready
    poll = asyncio.create_task(instance.poll())
    async with asyncio.timeout(1):
        await asked.wait()
        await instance.keeper.user_pauses("ocr")
        may_go_on.set()
        await poll
    assert instance.paused == {"ocr"}
    assert instance.keeper.paused_by_user("ocr")
