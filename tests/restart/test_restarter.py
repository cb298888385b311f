"""Restarts: pause, restart, wait, go on; and each thing that can go wrong."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from custom_components.immich_admin_tools.bullmq.errors import MissingRightsError
from custom_components.immich_admin_tools.healing.errors import (
    ActionsInvalidError,
    EndedError,
    LockedOutError,
    MaintenanceTimeoutError,
    NobodyListensError,
    NoRestartMethodError,
    NotStoredError,
    NoWorkerBackError,
    OldWorkersError,
    OwnActionsError,
    RestartFailedError,
    RestartingError,
    RestartLimitError,
)
from custom_components.immich_admin_tools.immich.errors import CannotConnectError
from custom_components.immich_admin_tools.pauses.keeper import LeaseKeeper
from custom_components.immich_admin_tools.pauses.leases import LeaseKind, LeaseReason
from custom_components.immich_admin_tools.restart.methods import (
    ActionsMethod,
    MethodKind,
)
from custom_components.immich_admin_tools.restart.restarter import (
    ALL_WITHIN,
    DAY,
    FIRST_WITHIN,
    RESTART,
    Restarter,
    RestartLimits,
    RestartPlan,
)
from custom_components.immich_admin_tools.restart.worker_watch import WorkersSeen
from tests.support.fake_immich import CrashError, FakeImmich, FakeSection

QUEUES = ("smartSearch", "faceDetection", "ocr", "library", "metadataExtraction")
ML = {"smartSearch", "faceDetection", "ocr"}
WALL = 10**12
"""ms that the wall clock is ahead of the one that never jumps."""
GPU = LeaseReason(LeaseKind.GPU_OFFLINE)


@dataclass(slots=True)
class House:
    """An Immich whose workers come back some time after a restart."""

    immich: FakeImmich = field(
        default_factory=lambda: FakeImmich(dict.fromkeys(QUEUES, False))
    )
    now: int = 1_000_000_000
    leases: LeaseKeeper = field(init=False)
    restarter: Restarter = field(init=False)
    lease_section: FakeSection = field(default_factory=FakeSection)
    section: FakeSection = field(default_factory=FakeSection)
    back_after: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(QUEUES, 5_000)
    )
    """ms until each worker is seen again."""
    restarted_at: int | None = None
    paused_at_restart: set[str] = field(default_factory=set)
    noted: list[int] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None
    nobody_sees: bool = False
    """Whether it can't be told if workers are new."""

    def __post_init__(self) -> None:
        """Start."""
        self.start_home_assistant()

    def start_home_assistant(self) -> None:
        """Drop everything that was not stored."""
        self.leases = LeaseKeeper(
            self.immich,
            self.lease_section,
            lambda: self.now + WALL,
            now=lambda: self.now,
        )
        self.restarter = Restarter(
            self.section,
            self.leases,
            self,
            lambda: self.now + WALL,
            lambda: self.now,
            self.noted.append,
            self.leases.paused_by_user,
            self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        """Let time pass; a poll happens meanwhile."""
        self.now += int(seconds * 1000)
        self.on_sleep()
        if self.restarted_at and self.now > self.restarted_at + 3_000:
            self.immich.down = False
        if not self.immich.down:
            await self.leases.update(dict(self.immich.queues), "run")

    async def mark(self) -> None:
        """Watch workers: begin."""
        self.restarted_at = None

    async def look(self, since: int) -> WorkersSeen:
        """Watch workers: look."""
        if self.restarted_at is None:
            return WorkersSeen(restarted=None if self.nobody_sees else False)
        passed = self.now - self.restarted_at
        back = {name for name, after in self.back_after.items() if passed >= after}
        return WorkersSeen(frozenset(back), None if self.nobody_sees else True)

    async def restart(self) -> None:
        """Restart Immich: it is gone for a while, and resumes the metadata."""
        self.paused_at_restart = self.paused
        self.restarted_at = self.now
        self.immich.down = True
        self.immich.queues["metadataExtraction"] = False

    @property
    def paused(self) -> set[str]:
        """Return the queues that are paused."""
        return {name for name, paused in self.immich.queues.items() if paused}

    def plan(self, *methods: ActionsMethod | BadWay, **limits: int) -> RestartPlan:
        """Return a plan; without a way, with the one that works."""
        chosen = methods or (ActionsMethod(self.restart, lambda: self.now),)
        return RestartPlan(chosen, QUEUES, RestartLimits(**limits))


@dataclass(slots=True)
class BadWay:
    """A way that fails."""

    error: Exception
    kind: MethodKind = MethodKind.REDIS

    async def run(self) -> int:
        """Fail."""
        raise self.error


@pytest.fixture
def house() -> House:
    """Return a house in order."""
    return House()


async def test_pauses_restarts_waits_and_goes_on(house: House) -> None:
    """While the workers are away, the queues of machine learning stand still."""
    house.back_after["ocr"] = 9_000
    report = await house.restarter.restart(house.plan())
    assert house.paused_at_restart == ML
    assert house.paused == set()
    assert report.method is MethodKind.ACTIONS
    assert report.back_after["library"] < report.back_after["ocr"]
    assert report.back_after.keys() == set(QUEUES)
    assert report.missing == report.still_paused == ()
    assert report.failures == ()
    assert house.leases.book.pauses == {}
    assert house.noted == [house.restarted_at + 10_000] if house.restarted_at else False


async def test_goes_on_only_when_the_last_worker_is_back(house: House) -> None:
    """Not when the first ones are."""
    house.back_after["library"] = 60_000
    seen: list[set[str]] = []
    house.on_sleep = lambda: seen.append(house.paused) if house.restarted_at else None
    report = await house.restarter.restart(house.plan())
    assert report.back_after["library"] >= 60
    assert all(paused == ML for paused in seen)


async def test_what_the_user_paused_stays_paused(house: House) -> None:
    """Also the metadata, which Immich itself resumes at its start."""
    await house.leases.user_pauses("ocr")
    await house.leases.user_pauses("metadataExtraction")
    await house.leases.take(GPU, ["smartSearch"])
    await house.restarter.restart(house.plan())
    assert house.paused == {"ocr", "metadataExtraction", "smartSearch"}
    assert set(house.leases.book.pauses) == {"smartSearch"}
    await house.leases.end(GPU)
    assert house.paused == {"ocr", "metadataExtraction"}


async def test_immichs_own_pause_at_its_start_is_not_the_users(house: House) -> None:
    """Two restarts soon after each other: the metadata must not stay paused."""
    house.immich.queues["metadataExtraction"] = True
    await house.restarter.restart(house.plan())
    assert house.paused == set()


async def test_what_the_user_pauses_meanwhile_stays_paused(house: House) -> None:
    """And what the user lets go on meanwhile goes on."""
    done: list[str] = []

    async def restart() -> None:
        await house.leases.user_pauses("ocr")
        await house.leases.user_resumes("smartSearch")
        done.append("both")
        await house.restart()

    await house.restarter.restart(house.plan(ActionsMethod(restart, lambda: house.now)))
    assert done == ["both"]
    assert house.paused_at_restart == {"ocr", "faceDetection"}
    assert house.paused == {"ocr"}
    assert house.leases.book.blocked == frozenset()


async def test_ways_are_tried_in_order(house: House) -> None:
    """The next one only when the one before did not work."""
    missing = MissingRightsError(("+publish",))
    works = ActionsMethod(house.restart, lambda: house.now)
    report = await house.restarter.restart(
        house.plan(BadWay(missing), works, BadWay(AssertionError()))
    )
    assert report.method is MethodKind.ACTIONS
    assert report.failures == (("redis", missing),)


async def test_a_way_after_which_no_worker_comes_has_failed(house: House) -> None:
    """Two minutes, then the next one."""

    async def nothing() -> None:
        """Say that all is well."""

    begun = house.now
    with pytest.raises(RestartFailedError) as failed:
        await house.restarter.restart(
            house.plan(ActionsMethod(nothing, lambda: house.now))
        )
    assert house.now - begun >= FIRST_WITHIN * 1000
    assert isinstance(failed.value.failures[0][1], OldWorkersError)
    assert house.paused == set()


async def test_workers_that_stay_away_are_told_from_old_ones(house: House) -> None:
    """New ones began to start, and none is back."""
    house.back_after = {}
    with pytest.raises(RestartFailedError) as failed:
        await house.restarter.restart(house.plan())
    assert type(failed.value.failures[0][1]) is NoWorkerBackError


@pytest.mark.parametrize("nobody_sees", [False, True])
async def test_only_what_was_seen_is_confirmed(house: House, nobody_sees: bool) -> None:
    """Unknown is no success."""
    house.nobody_sees = nobody_sees
    report = await house.restarter.restart(house.plan())
    assert report.missing == ()
    assert report.confirmed is not nobody_sees


async def test_a_worker_that_stays_away_is_named(house: House) -> None:
    """The others go on, after some patience."""
    del house.back_after["library"]
    report = await house.restarter.restart(house.plan())
    assert report.missing == ("library",)
    assert report.seconds >= ALL_WITHIN
    assert house.paused == set()


async def test_when_no_way_works_all_goes_on_as_before(house: House) -> None:
    """And each way says why."""
    errors = (NobodyListensError("Nobody"), OwnActionsError("No such button"))
    with pytest.raises(RestartFailedError, match="Nobody.*No such button") as failed:
        await house.restarter.restart(house.plan(*(BadWay(error) for error in errors)))
    assert [error for _, error in failed.value.failures] == list(errors)
    assert house.paused == set()
    assert not house.restarter.running
    assert house.noted == []


async def test_without_a_way_nothing_is_done(house: House) -> None:
    """Nor is a try counted."""
    with pytest.raises(NoRestartMethodError):
        await house.restarter.restart(RestartPlan((), QUEUES))
    assert house.immich.calls == []
    assert house.restarter.tries == []


async def test_immich_that_does_not_answer_is_restarted(house: House) -> None:
    """That may be why; its queues are paused as soon as it answers again."""
    house.immich.down = True
    paused: list[set[str]] = []
    house.on_sleep = lambda: paused.append(house.paused)
    report = await house.restarter.restart(house.plan())
    assert report.method is MethodKind.ACTIONS
    assert house.paused_at_restart == set()
    assert ML in paused
    assert house.paused == set()


async def test_a_way_that_needs_immichs_answer_is_not_tried_without(
    house: House,
) -> None:
    """Nothing is done, and it costs no try."""
    house.immich.down = True
    method = BadWay(CannotConnectError("Nobody answers"), MethodKind.MAINTENANCE)
    with pytest.raises(CannotConnectError):
        await house.restarter.restart(house.plan(method))
    assert house.restarter.tries == []
    assert "begun" not in house.section.data
    house.immich.down = False
    await house.leases.update(dict(house.immich.queues), "run")
    assert house.paused == set()


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (NobodyListensError("Nobody"), 0),
        (CannotConnectError("Nobody answers"), 0),
        (MissingRightsError(("+publish",)), 0),
        (ActionsInvalidError("No such action"), 0),
        # These may have restarted it all the same.
        (OwnActionsError("Not done after 300 s"), 1),
        (MaintenanceTimeoutError("Immich did not leave it"), 1),
        (LockedOutError("The way out was lost"), 1),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, Exception) else "",
)
async def test_only_a_way_that_ran_costs_a_try(
    house: House, error: Exception, tries: int
) -> None:
    """What was refused does not make the user wait for the cool-down."""
    with pytest.raises(RestartFailedError):
        await house.restarter.restart(house.plan(BadWay(error)))
    assert len(house.restarter.tries) == tries


async def test_a_restart_that_was_broken_off_costs_one_try(house: House) -> None:
    """Nobody knows how far it came: then it did; and it is counted once."""

    async def killed() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await house.restarter.restart(
            house.plan(ActionsMethod(killed, lambda: house.now))
        )
    for _ in range(2):
        house.start_home_assistant()
        house.restarted_at = house.now
        await house.restarter.recover(QUEUES)
        assert len(house.restarter.tries) == 1


async def test_immich_that_stays_away_is_resumed_later(house: House) -> None:
    """The report says so, and the keeper tries again with every poll."""

    async def restart() -> None:
        await house.restart()
        house.restarted_at = house.now
        house.on_sleep = lambda: setattr(house.immich, "down", True)

    async def sleep(seconds: float) -> None:
        house.now += int(seconds * 1000)

    house.restarter._sleep = sleep
    report = await house.restarter.restart(
        house.plan(ActionsMethod(restart, lambda: house.now))
    )
    assert set(report.still_paused) == ML
    assert house.paused == ML
    house.immich.down = False
    await house.leases.update(dict(house.immich.queues), "run")
    assert house.paused == set()


async def test_nothing_is_done_that_cannot_be_stored(house: House) -> None:
    """A crash would leave the queues paused."""
    house.section.full = True
    with pytest.raises(NotStoredError):
        await house.restarter.restart(house.plan())
    assert house.immich.calls == []


async def test_one_at_a_time(house: House) -> None:
    """The second one is told."""
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def restart() -> None:
        begun.set()
        await go_on.wait()
        await house.restart()

    first = asyncio.create_task(
        house.restarter.restart(house.plan(ActionsMethod(restart, lambda: house.now)))
    )
    await begun.wait()
    assert house.restarter.running
    with pytest.raises(RestartingError):
        await house.restarter.restart(house.plan(), force=True)
    go_on.set()
    assert (await first).method is MethodKind.ACTIONS


async def test_limits_survive_a_restart_of_home_assistant(house: House) -> None:
    """Cool-down, then the daily cap; a failed try counts as well."""
    limits = {"cool_down": 600, "per_day": 2}
    await house.restarter.restart(house.plan(**limits))
    first = house.restarter.tries[0]
    house.start_home_assistant()
    with pytest.raises(RestartLimitError) as refused:
        await house.restarter.restart(house.plan(**limits))
    assert refused.value.next_at == first + 600_000
    house.now = first - WALL + 600_000
    with pytest.raises(RestartFailedError):
        await house.restarter.restart(house.plan(BadWay(OwnActionsError()), **limits))
    house.now += 3_600_000
    with pytest.raises(RestartLimitError) as refused:
        await house.restarter.restart(house.plan(**limits))
    assert refused.value.next_at == first + DAY
    await house.restarter.restart(house.plan(**limits), force=True)
    assert len(house.restarter.tries) == 3
    house.now += DAY
    await house.restarter.restart(house.plan(**limits))


@pytest.mark.parametrize(
    ("tries", "limits", "expected"),
    [
        ([], RestartLimits(), 0),
        ([-1], RestartLimits(60, 3), 60_000 - 1),
        ([-60_000], RestartLimits(60, 3), 0),
        ([-3, -2, -1], RestartLimits(0, 3), DAY - 3),
        ([-4, -3, -2, -1], RestartLimits(0, 3), DAY - 3),
        ([-DAY, -2, -1], RestartLimits(0, 3), 0),
        # A clock that was ahead when it was noted blocks nothing for ever.
        ([10**12], RestartLimits(60, 3), 0),
        ([], RestartLimits(60, 0), DAY),
        ([-1], RestartLimits(0, 0), DAY),
    ],
)
def test_limits(tries: list[int], limits: RestartLimits, expected: int) -> None:
    """Relative to now, in ms."""
    now = 10**12
    assert limits.next_allowed([now + at for at in tries], now) == now + expected


@pytest.mark.parametrize("steps", range(14))
async def test_killed_at_any_step(house: House, steps: int) -> None:
    """After the next start all goes on, and what the user paused stays paused."""
    await house.leases.user_pauses("metadataExtraction")
    await house.leases.user_pauses("ocr")
    house.section.immich = house.lease_section.immich = house.immich
    house.immich.crash_in = steps
    try:
        await house.restarter.restart(house.plan())
    except CrashError:
        house.start_home_assistant()
    house.immich.crash_in = None
    house.now += 30_000
    house.immich.down = False
    recovering = asyncio.create_task(house.restarter.recover(QUEUES))
    await asyncio.sleep(0)
    await house.leases.update(dict(house.immich.queues), "run")
    await recovering
    assert house.paused == {"metadataExtraction", "ocr"}
    assert house.leases.book.pauses == {}
    assert "begun" not in house.section.data


async def test_recovering_waits_for_the_workers(house: House) -> None:
    """To go on before they are set up would skip photos."""

    async def killed() -> None:
        await house.restart()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await house.restarter.restart(
            house.plan(ActionsMethod(killed, lambda: house.now))
        )
    assert house.leases.owner("ocr") is not None
    house.start_home_assistant()
    house.back_after = dict.fromkeys(QUEUES, 40_000)
    seen: list[set[str]] = []
    house.on_sleep = lambda: seen.append(house.paused)
    begun = house.restarted_at
    await house.restarter.recover(QUEUES)
    assert begun and house.now >= begun + 40_000
    assert all(paused == ML for paused in seen)
    assert house.paused == set()


async def test_recovering_from_nothing(house: House) -> None:
    """A lease of a restart that is not known any more ends all the same."""
    await house.restarter.recover(QUEUES)
    assert house.immich.calls == []
    await house.leases.take(RESTART, ["ocr"])
    await house.restarter.recover(QUEUES)
    assert house.paused == set()


async def test_no_other_way_is_begun_for_an_entry_that_has_ended(house: House) -> None:
    """Whoever sets it up again takes the restart up; a second one costs more photos."""
    house.immich.down = True
    begun: list[str] = []

    async def restart() -> None:
        begun.append("first")
        await house.restart()
        house.leases.close()

    async def other() -> None:
        begun.append("second")

    methods = (ActionsMethod(run, lambda: house.now) for run in (restart, other))
    with pytest.raises(EndedError):
        await house.restarter.restart(house.plan(*methods))
    assert begun == ["first"]
    house.start_home_assistant()
    await house.restarter.recover(QUEUES)
    assert begun == ["first"]
    assert house.paused == set()


async def test_what_cannot_be_stored_meanwhile_is_no_reason_to_restart_again(
    house: House,
) -> None:
    """The workers come back all the same, and the disk may have room again."""
    house.immich.down = True
    begun: list[str] = []
    fulls: list[set[str]] = []
    paused: list[set[str]] = []

    async def restart() -> None:
        begun.append("first")
        await house.restart()
        house.lease_section.full = True

    async def other() -> None:
        begun.append("second")

    def polled() -> None:
        (fulls if house.lease_section.full else paused).append(house.paused)
        if len(fulls) == 4:
            house.lease_section.full = False

    house.back_after = dict.fromkeys(QUEUES, 30_000)
    house.on_sleep = polled
    methods = (ActionsMethod(run, lambda: house.now) for run in (restart, other))
    report = await house.restarter.restart(house.plan(*methods))
    assert begun == ["first"]
    assert report.failures == ()
    assert report.missing == ()
    assert all(not it for it in fulls), "paused without a record"
    assert ML in paused
    assert house.paused == set()


async def test_recovering_for_an_entry_that_ends_is_no_error(house: House) -> None:
    """Home Assistant would log it with its traceback; the next set-up goes on."""

    async def killed() -> None:
        await house.restart()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await house.restarter.restart(
            house.plan(ActionsMethod(killed, lambda: house.now))
        )
    house.start_home_assistant()
    house.on_sleep = house.leases.close
    await house.restarter.recover(QUEUES)
    assert house.section.data.get("begun") is not None
    house.on_sleep = lambda: None
    house.start_home_assistant()
    await house.restarter.recover(QUEUES)
    assert house.paused == set()
    assert "begun" not in house.section.data
