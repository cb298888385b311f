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
class FakeInstallation:
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
def installation() -> FakeInstallation:
    """Return an installation in order."""
    return FakeInstallation()


async def test_pauses_restarts_waits_and_goes_on(
    installation: FakeInstallation,
) -> None:
    """While the workers are away, the queues of machine learning stand still."""
    installation.back_after["ocr"] = 9_000
    report = await installation.restarter.restart(installation.plan())
    assert installation.paused_at_restart == ML
    assert installation.paused == set()
    assert report.method is MethodKind.ACTIONS
    assert report.back_after["library"] < report.back_after["ocr"]
    assert report.back_after.keys() == set(QUEUES)
    assert report.missing == report.still_paused == ()
    assert report.failures == ()
    assert installation.leases.book.pauses == {}
    assert (
        installation.noted == [installation.restarted_at + 10_000]
        if installation.restarted_at
        else False
    )


async def test_goes_on_only_when_the_last_worker_is_back(
    installation: FakeInstallation,
) -> None:
    """Not when the first ones are."""
    installation.back_after["library"] = 60_000
    seen: list[set[str]] = []
    installation.on_sleep = lambda: (
        seen.append(installation.paused) if installation.restarted_at else None
    )
    report = await installation.restarter.restart(installation.plan())
    assert report.back_after["library"] >= 60
    assert all(paused == ML for paused in seen)


async def test_what_the_user_paused_stays_paused(
    installation: FakeInstallation,
) -> None:
    """Also the metadata, which Immich itself resumes at its start."""
    await installation.leases.user_pauses("ocr")
    await installation.leases.user_pauses("metadataExtraction")
    await installation.leases.take(GPU, ["smartSearch"])
    await installation.restarter.restart(installation.plan())
    assert installation.paused == {"ocr", "metadataExtraction", "smartSearch"}
    assert set(installation.leases.book.pauses) == {"smartSearch"}
    await installation.leases.end(GPU)
    assert installation.paused == {"ocr", "metadataExtraction"}


async def test_immichs_own_pause_at_its_start_is_not_the_users(
    installation: FakeInstallation,
) -> None:
    """Two restarts soon after each other: the metadata must not stay paused."""
    installation.immich.queues["metadataExtraction"] = True
    await installation.restarter.restart(installation.plan())
    assert installation.paused == set()


async def test_what_the_user_pauses_meanwhile_stays_paused(
    installation: FakeInstallation,
) -> None:
    """And what the user lets go on meanwhile goes on."""
    done: list[str] = []

    async def restart() -> None:
        await installation.leases.user_pauses("ocr")
        await installation.leases.user_resumes("smartSearch")
        done.append("both")
        await installation.restart()

    await installation.restarter.restart(
        installation.plan(ActionsMethod(restart, lambda: installation.now))
    )
    assert done == ["both"]
    assert installation.paused_at_restart == {"ocr", "faceDetection"}
    assert installation.paused == {"ocr"}
    assert installation.leases.book.blocked == frozenset()


async def test_ways_are_tried_in_order(installation: FakeInstallation) -> None:
    """The next one only when the one before did not work."""
    missing = MissingRightsError(("+publish",))
    works = ActionsMethod(installation.restart, lambda: installation.now)
    report = await installation.restarter.restart(
        installation.plan(BadWay(missing), works, BadWay(AssertionError()))
    )
    assert report.method is MethodKind.ACTIONS
    assert report.failures == (("redis", missing),)


async def test_a_way_after_which_no_worker_comes_has_failed(
    installation: FakeInstallation,
) -> None:
    """Two minutes, then the next one."""

    async def nothing() -> None:
        """Say that all is well."""

    begun = installation.now
    with pytest.raises(RestartFailedError) as failed:
        await installation.restarter.restart(
            installation.plan(ActionsMethod(nothing, lambda: installation.now))
        )
    assert installation.now - begun >= FIRST_WITHIN * 1000
    assert isinstance(failed.value.failures[0][1], OldWorkersError)
    assert installation.paused == set()


async def test_workers_that_stay_away_are_told_from_old_ones(
    installation: FakeInstallation,
) -> None:
    """New ones began to start, and none is back."""
    installation.back_after = {}
    with pytest.raises(RestartFailedError) as failed:
        await installation.restarter.restart(installation.plan())
    assert type(failed.value.failures[0][1]) is NoWorkerBackError


@pytest.mark.parametrize("nobody_sees", [False, True])
async def test_only_what_was_seen_is_confirmed(
    installation: FakeInstallation, nobody_sees: bool
) -> None:
    """Unknown is no success."""
    installation.nobody_sees = nobody_sees
    report = await installation.restarter.restart(installation.plan())
    assert report.missing == ()
    assert report.confirmed is not nobody_sees


async def test_a_worker_that_stays_away_is_named(
    installation: FakeInstallation,
) -> None:
    """The others go on, after some patience."""
    del installation.back_after["library"]
    report = await installation.restarter.restart(installation.plan())
    assert report.missing == ("library",)
    assert report.seconds >= ALL_WITHIN
    assert installation.paused == set()


async def test_when_no_way_works_all_goes_on_as_before(
    installation: FakeInstallation,
) -> None:
    """And each way says why."""
    errors = (NobodyListensError("Nobody"), OwnActionsError("No such button"))
    with pytest.raises(RestartFailedError, match="Nobody.*No such button") as failed:
        await installation.restarter.restart(
            installation.plan(*(BadWay(error) for error in errors))
        )
    assert [error for _, error in failed.value.failures] == list(errors)
    assert installation.paused == set()
    assert not installation.restarter.running
    assert installation.noted == []


async def test_without_a_way_nothing_is_done(installation: FakeInstallation) -> None:
    """Nor is a try counted."""
    with pytest.raises(NoRestartMethodError):
        await installation.restarter.restart(RestartPlan((), QUEUES))
    assert installation.immich.calls == []
    assert installation.restarter.tries == []


async def test_immich_that_does_not_answer_is_restarted(
    installation: FakeInstallation,
) -> None:
    """That may be why; its queues are paused as soon as it answers again."""
    installation.immich.down = True
    paused: list[set[str]] = []
    installation.on_sleep = lambda: paused.append(installation.paused)
    report = await installation.restarter.restart(installation.plan())
    assert report.method is MethodKind.ACTIONS
    assert installation.paused_at_restart == set()
    assert ML in paused
    assert installation.paused == set()


async def test_a_way_that_needs_immichs_answer_is_not_tried_without(
    installation: FakeInstallation,
) -> None:
    """Nothing is done, and it costs no try."""
    installation.immich.down = True
    method = BadWay(CannotConnectError("Nobody answers"), MethodKind.MAINTENANCE)
    with pytest.raises(CannotConnectError):
        await installation.restarter.restart(installation.plan(method))
    assert installation.restarter.tries == []
    assert "begun" not in installation.section.data
    installation.immich.down = False
    await installation.leases.update(dict(installation.immich.queues), "run")
    assert installation.paused == set()


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
    installation: FakeInstallation, error: Exception, tries: int
) -> None:
    """What was refused does not make the user wait for the cool-down."""
    with pytest.raises(RestartFailedError):
        await installation.restarter.restart(installation.plan(BadWay(error)))
    assert len(installation.restarter.tries) == tries


async def test_a_restart_that_was_broken_off_costs_one_try(
    installation: FakeInstallation,
) -> None:
    """Nobody knows how far it came: then it did; and it is counted once."""

    async def killed() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await installation.restarter.restart(
            installation.plan(ActionsMethod(killed, lambda: installation.now))
        )
    for _ in range(2):
        installation.start_home_assistant()
        installation.restarted_at = installation.now
        await installation.restarter.recover(QUEUES)
        assert len(installation.restarter.tries) == 1


async def test_immich_that_stays_away_is_resumed_later(
    installation: FakeInstallation,
) -> None:
    """The report says so, and the keeper tries again with every poll."""

    async def restart() -> None:
        await installation.restart()
        installation.restarted_at = installation.now
        installation.on_sleep = lambda: setattr(installation.immich, "down", True)

    async def sleep(seconds: float) -> None:
        installation.now += int(seconds * 1000)

    installation.restarter._sleep = sleep
    report = await installation.restarter.restart(
        installation.plan(ActionsMethod(restart, lambda: installation.now))
    )
    assert set(report.still_paused) == ML
    assert installation.paused == ML
    installation.immich.down = False
    await installation.leases.update(dict(installation.immich.queues), "run")
    assert installation.paused == set()


async def test_nothing_is_done_that_cannot_be_stored(
    installation: FakeInstallation,
) -> None:
    """A crash would leave the queues paused."""
    installation.section.full = True
    with pytest.raises(NotStoredError):
        await installation.restarter.restart(installation.plan())
    assert installation.immich.calls == []


async def test_one_at_a_time(installation: FakeInstallation) -> None:
    """The second one is told."""
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def restart() -> None:
        begun.set()
        await go_on.wait()
        await installation.restart()

    first = asyncio.create_task(
        installation.restarter.restart(
            installation.plan(ActionsMethod(restart, lambda: installation.now))
        )
    )
    await begun.wait()
    assert installation.restarter.running
    with pytest.raises(RestartingError):
        await installation.restarter.restart(installation.plan(), force=True)
    go_on.set()
    assert (await first).method is MethodKind.ACTIONS


async def test_limits_survive_a_restart_of_home_assistant(
    installation: FakeInstallation,
) -> None:
    """Cool-down, then the daily cap; a failed try counts as well."""
    limits = {"cool_down": 600, "per_day": 2}
    await installation.restarter.restart(installation.plan(**limits))
    first = installation.restarter.tries[0]
    installation.start_home_assistant()
    with pytest.raises(RestartLimitError) as refused:
        await installation.restarter.restart(installation.plan(**limits))
    assert refused.value.next_at == first + 600_000
    installation.now = first - WALL + 600_000
    with pytest.raises(RestartFailedError):
        await installation.restarter.restart(
            installation.plan(BadWay(OwnActionsError()), **limits)
        )
    installation.now += 3_600_000
    with pytest.raises(RestartLimitError) as refused:
        await installation.restarter.restart(installation.plan(**limits))
    assert refused.value.next_at == first + DAY
    await installation.restarter.restart(installation.plan(**limits), force=True)
    assert len(installation.restarter.tries) == 3
    installation.now += DAY
    await installation.restarter.restart(installation.plan(**limits))


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
async def test_killed_at_any_step(installation: FakeInstallation, steps: int) -> None:
    """After the next start all goes on, and what the user paused stays paused."""
    await installation.leases.user_pauses("metadataExtraction")
    await installation.leases.user_pauses("ocr")
    installation.section.immich = installation.lease_section.immich = (
        installation.immich
    )
    installation.immich.crash_in = steps
    try:
        await installation.restarter.restart(installation.plan())
    except CrashError:
        installation.start_home_assistant()
    installation.immich.crash_in = None
    installation.now += 30_000
    installation.immich.down = False
    recovering = asyncio.create_task(installation.restarter.recover(QUEUES))
    await asyncio.sleep(0)
    await installation.leases.update(dict(installation.immich.queues), "run")
    await recovering
    assert installation.paused == {"metadataExtraction", "ocr"}
    assert installation.leases.book.pauses == {}
    assert "begun" not in installation.section.data


async def test_recovering_waits_for_the_workers(installation: FakeInstallation) -> None:
    """To go on before they are set up would skip photos."""

    async def killed() -> None:
        await installation.restart()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await installation.restarter.restart(
            installation.plan(ActionsMethod(killed, lambda: installation.now))
        )
    assert installation.leases.owner("ocr") is not None
    installation.start_home_assistant()
    installation.back_after = dict.fromkeys(QUEUES, 40_000)
    seen: list[set[str]] = []
    installation.on_sleep = lambda: seen.append(installation.paused)
    begun = installation.restarted_at
    await installation.restarter.recover(QUEUES)
    assert begun and installation.now >= begun + 40_000
    assert all(paused == ML for paused in seen)
    assert installation.paused == set()


async def test_recovering_from_nothing(installation: FakeInstallation) -> None:
    """A lease of a restart that is not known any more ends all the same."""
    await installation.restarter.recover(QUEUES)
    assert installation.immich.calls == []
    await installation.leases.take(RESTART, ["ocr"])
    await installation.restarter.recover(QUEUES)
    assert installation.paused == set()


async def test_no_other_way_is_begun_for_an_entry_that_has_ended(
    installation: FakeInstallation,
) -> None:
    """Whoever sets it up again takes the restart up; a second one costs more photos."""
    installation.immich.down = True
    begun: list[str] = []

    async def restart() -> None:
        begun.append("first")
        await installation.restart()
        installation.leases.close()

    async def other() -> None:
        begun.append("second")

    methods = (ActionsMethod(run, lambda: installation.now) for run in (restart, other))
    with pytest.raises(EndedError):
        await installation.restarter.restart(installation.plan(*methods))
    assert begun == ["first"]
    installation.start_home_assistant()
    await installation.restarter.recover(QUEUES)
    assert begun == ["first"]
    assert installation.paused == set()


async def test_what_cannot_be_stored_meanwhile_is_no_reason_to_restart_again(
    installation: FakeInstallation,
) -> None:
    """The workers come back all the same, and the disk may have room again."""
    installation.immich.down = True
    begun: list[str] = []
    fulls: list[set[str]] = []
    paused: list[set[str]] = []

    async def restart() -> None:
        begun.append("first")
        await installation.restart()
        installation.lease_section.full = True

    async def other() -> None:
        begun.append("second")

    def polled() -> None:
        (fulls if installation.lease_section.full else paused).append(
            installation.paused
        )
        if len(fulls) == 4:
            installation.lease_section.full = False

    installation.back_after = dict.fromkeys(QUEUES, 30_000)
    installation.on_sleep = polled
    methods = (ActionsMethod(run, lambda: installation.now) for run in (restart, other))
    report = await installation.restarter.restart(installation.plan(*methods))
    assert begun == ["first"]
    assert report.failures == ()
    assert report.missing == ()
    assert all(not it for it in fulls), "paused without a record"
    assert ML in paused
    assert installation.paused == set()


async def test_recovering_for_an_entry_that_ends_is_no_error(
    installation: FakeInstallation,
) -> None:
    """Home Assistant would log it with its traceback; the next set-up goes on."""

    async def killed() -> None:
        await installation.restart()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await installation.restarter.restart(
            installation.plan(ActionsMethod(killed, lambda: installation.now))
        )
    installation.start_home_assistant()
    installation.on_sleep = installation.leases.close
    await installation.restarter.recover(QUEUES)
    assert installation.section.data.get("begun") is not None
    installation.on_sleep = lambda: None
    installation.start_home_assistant()
    await installation.restarter.recover(QUEUES)
    assert installation.paused == set()
    assert "begun" not in installation.section.data
