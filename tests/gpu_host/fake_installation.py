"""An Immich with GPU boxes in memory, where a second lasts no time.

It burns jobs as Immich does: a queue that runs while no box that serves it answers skips
its photos.
"""

from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace

from custom_components.immich_admin_tools.analysis.models import ServerView
from custom_components.immich_admin_tools.gpu_host.clocks import Clocks
from custom_components.immich_admin_tools.gpu_host.concurrency import ConcurrencyKeeper
from custom_components.immich_admin_tools.gpu_host.controller import HostController
from custom_components.immich_admin_tools.gpu_host.errors import NotSentError
from custom_components.immich_admin_tools.gpu_host.machine import LoadedHost, OtherHost
from custom_components.immich_admin_tools.gpu_host.models import (
    Notification,
    PowerSettings,
    Trouble,
)
from custom_components.immich_admin_tools.gpu_host.pauses import HostStatus
from custom_components.immich_admin_tools.gpu_host.probe import Probe
from custom_components.immich_admin_tools.gpu_host.settings import HostSettings
from custom_components.immich_admin_tools.gpu_host.wake import MagicPacket
from custom_components.immich_admin_tools.healing.errors import OwnActionsError
from custom_components.immich_admin_tools.pauses.keeper import LeaseKeeper
from tests.support.fake_immich import FakeImmich, FakeSection
from tests.support.views import job_view, queue_view, server_view

START = 1_795_163_400_000
QUEUES = ("smartSearch", "ocr")
POLL = 5
PROBE = 2
"""Seconds."""

POWER = PowerSettings(
    can_wake=True,
    can_switch_off=True,
    wake_backlog=10,
    wake_age=0,
    boot_timeout=60_000,
    wake_retries=1,
    retry_delay=10_000,
    idle_time=30_000,
    minimum_on=0,
    cool_down=20_000,
)


@dataclass
class FakeBox:
    """A box that boots, works and goes off."""

    on: bool = False
    boots_in: int | None = 20
    """Seconds from the signal; None: it never does."""
    goes_off_in: int | None = 5
    """Seconds from the off action; None: it never does."""
    hangs: bool = False
    """Its jobs never end."""
    packets: int = 0
    on_actions: int = 0
    off_actions: int = 0
    off_at_work: int = 0
    """How often it was switched off while a job was active."""
    _boots_at: int | None = None
    _off_at: int | None = None

    def second(self, now: int) -> None:
        """Let a second pass."""
        if self._boots_at is not None and now >= self._boots_at:
            self.on, self._boots_at = True, None
        if self._off_at is not None and now >= self._off_at:
            self.on, self._off_at = False, None

    def signal(self, now: int) -> None:
        """Be told to wake up."""
        if not self.on and self._boots_at is None and self.boots_in is not None:
            self._boots_at = now + self.boots_in * 1000

    def shut_down(self, now: int) -> None:
        """Be told to go off."""
        self.off_actions += 1
        if self.goes_off_in is not None:
            self._off_at = now + self.goes_off_in * 1000

    def die(self) -> None:
        """Lose power."""
        self.on, self._off_at, self._boots_at = False, None, None


@dataclass
class FakeInstallation:
    """Immich, its boxes, and the controllers; `restart` is one of Home Assistant."""

    boxes: dict[str, FakeBox] = field(default_factory=lambda: {"box": FakeBox()})
    settings: dict[str, HostSettings] = field(default_factory=dict)
    now: int = START
    """Monotonic ms: it only runs on."""
    wall_ahead: int = 0
    """ms that the wall clock differs; a test puts it right, or wrong."""
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUEUES, 0))
    active: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUEUES, 0))
    done: int = 0
    burnt: int = 0
    users: set[str] = field(default_factory=set)
    """Queues that the user paused."""
    api_answers: bool = True
    may_wake: bool | None = True
    keep_on: bool | None = False
    off_action_runs: bool = False
    polled: tuple[str, ...] = QUEUES
    """Queues that Immich has."""
    other_hosts: Collection[OtherHost] = ()
    """The same machine in other entries."""
    trouble: Trouble | None = None
    packets_fail: bool = False
    locks: int = 0
    """Workers that hang on to a job that is gone."""
    concurrency: dict[str, int] = field(default_factory=lambda: {"smartSearch": 2})
    notifications: list[Notification] = field(default_factory=list)
    hosts: dict[str, HostController] = field(default_factory=dict)
    immich: FakeImmich = field(
        default_factory=lambda: FakeImmich(dict.fromkeys(QUEUES, False))
    )
    sections: dict[str, FakeSection] = field(default_factory=dict)
    leases: LeaseKeeper = field(init=False)
    keeper: ConcurrencyKeeper = field(init=False)
    _view: ServerView | None = None
    _jobs: list[Coroutine[None, None, None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set up one host for each box."""
        for name in self.boxes:
            self.settings.setdefault(
                name,
                HostSettings(
                    name,
                    name,
                    "http://box:3003",
                    QUEUES,
                    POWER,
                    MagicPacket("3c:52:82:1a:2b:3c"),
                ),
            )
        self.restart()

    def change(self, host: str = "box", **values: object) -> None:
        """Change settings; with the next restart."""
        self.settings[host] = replace(self.settings[host], **values)  # type: ignore[arg-type]  # a test's own

    def restart(self) -> None:
        """Kill Home Assistant and start it again."""
        for job in self._jobs:
            job.close()
        self._jobs.clear()
        for host in self.hosts.values():
            # A process that was killed does nothing more.
            host._closed = True
        self.leases = LeaseKeeper(
            self.immich, self._section("leases"), lambda: self.now
        )
        self.keeper = ConcurrencyKeeper(
            FakeConcurrency(self),
            self._section("concurrency"),
            lambda: self.now,
            {name: self.settings[name].concurrency for name in self.boxes},
        )
        self._view = None
        self.hosts = {
            name: HostController(
                self.settings[name],
                FakeHostServices(self, name),
                ProbeOf(self, name),
                self._section(name),
                self.leases,
                self.keeper,
                Clocks(lambda: self.now, lambda: self.now + self.wall_ahead),
                lambda job, _: self._jobs.append(job),
            )
            for name in self.boxes
        }

    def _section(self, name: str) -> FakeSection:
        """Return what is on the disk."""
        return self.sections.setdefault(name, FakeSection())

    @property
    def host(self) -> HostController:
        """Return the first host."""
        return next(iter(self.hosts.values()))

    @property
    def box(self) -> FakeBox:
        """Return the first box."""
        return next(iter(self.boxes.values()))

    @property
    def state(self) -> str:
        """Return the state of the first host."""
        return self.host.power.state.value

    def paused(self) -> set[str]:
        """Return the queues that Immich says are paused."""
        return {queue for queue, is_paused in self.immich.queues.items() if is_paused}

    def view(self) -> ServerView | None:
        """Return the last poll."""
        return self._view

    def poll(self) -> None:
        """Look at the queues."""
        self._view = (
            server_view(
                *(
                    queue_view(
                        queue,
                        waiting=self.waiting[queue],
                        jobs=[
                            job_view(str(number), queue=queue, kind=None, due=False)
                            for number in range(self.active[queue])
                        ],
                        is_paused=self.immich.queues[queue],
                    )
                    for queue in self.polled
                ),
                time=self.now,
            )
            if self.api_answers
            else None
        )

    async def settle(self) -> None:
        """Carry out what the controllers began."""
        while self._jobs:
            await self._jobs.pop(0)

    async def run(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.now += 1000
            for box in self.boxes.values():
                box.second(self.now)
            self._work()
            at = (self.now - START) // 1000
            if at % POLL == 0:
                self.poll()
                if (view := self._view) is not None:
                    seen = {name: it.is_paused for name, it in view.queues.items()}
                    await self.leases.update(seen, None)
                for host in self.hosts.values():
                    await host.step()
            if at % PROBE == 0:
                for host in self.hosts.values():
                    await host.probe()
            await self.settle()

    async def until(self, state: str, within: int = 600) -> None:
        """Let time pass until the first host is in a state."""
        for _ in range(within):
            if self.state == state:
                return
            await self.run(1)
        raise AssertionError(f"{self.state} instead of {state} after {within} s")

    def _work(self) -> None:
        """Let Immich work for a second: one job at a time in each queue."""
        answers = any(box.on for box in self.boxes.values())
        hangs = any(box.on and box.hangs for box in self.boxes.values())
        for queue in QUEUES:
            if self.active[queue] and not hangs:
                self.active[queue] = 0
                if answers:
                    self.done += 1
                else:
                    self.burnt += 1
            if self.waiting[queue] and not self.immich.queues[queue]:
                if answers and not self.active[queue]:
                    self.active[queue] = 1
                    self.waiting[queue] -= 1
                elif not answers:
                    skipped = min(self.waiting[queue], 600)
                    self.burnt += skipped
                    self.waiting[queue] -= skipped


@dataclass
class ProbeOf:
    """Asks a box."""

    installation: FakeInstallation
    name: str

    async def __call__(self) -> Probe:
        """Ask it once."""
        return Probe.ANSWERS if self.installation.boxes[self.name].on else Probe.GONE

    async def thoroughly(self) -> Probe:
        """Ask it once."""
        return await self()


@dataclass
class FakeConcurrency:
    """The numbers of workers in Immich's settings."""

    installation: FakeInstallation

    async def concurrency(self) -> Mapping[str, int]:
        """Return them."""
        return dict(self.installation.concurrency)

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Change one."""
        self.installation.concurrency[name] = jobs


@dataclass
class FakeHostServices:
    """What one host needs."""

    installation: FakeInstallation
    name: str

    def view(self) -> ServerView | None:
        """Return the last poll."""
        return self.installation.view()

    async def look(self) -> ServerView | None:
        """Look once more."""
        self.installation.poll()
        return self.installation.view()

    def lost_slots(self, queue: str) -> int:
        """Return the locks of jobs that are gone."""
        return self.installation.locks if queue == QUEUES[0] else 0

    def may_wake(self) -> bool | None:
        """Return what the installation says."""
        return self.installation.may_wake

    def keep_on(self) -> bool | None:
        """Return what the installation says."""
        return self.installation.keep_on

    def other_hosts(self) -> Collection[OtherHost]:
        """Return what the installation says."""
        return self.installation.other_hosts

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Note it."""
        self.installation.trouble = trouble

    def statuses(self) -> Mapping[str, HostStatus]:
        """Return how all hosts stand."""
        return {name: host.status for name, host in self.installation.hosts.items()}

    async def send_packet(self) -> None:
        """Signal the box."""
        if self.installation.packets_fail:
            raise NotSentError("no route")
        box = self.installation.boxes[self.name]
        box.packets += 1
        box.signal(self.installation.now)

    async def run_on_action(self) -> None:
        """Signal the box."""
        box = self.installation.boxes[self.name]
        box.on_actions += 1
        box.signal(self.installation.now)

    async def run_off_action(self) -> None:
        """Switch the box off."""
        box = self.installation.boxes[self.name]
        elsewhere = any(
            not isinstance(it, LoadedHost) or it.busy
            for it in self.installation.other_hosts
        )
        if (
            any(self.installation.active.values())
            or self.installation.locks
            or elsewhere
        ):
            box.off_at_work += 1
        if self.installation.settings[self.name].ml_url == "refused":
            raise OwnActionsError("no such action")
        box.shut_down(self.installation.now)

    def off_action_runs(self) -> bool:
        """Return what the installation says."""
        return self.installation.off_action_runs

    def restart_action_runs(self) -> bool:
        """Return that it does not: it lasts no time here."""
        return False

    async def run_restart_action(self) -> None:
        """Take the service away for a while."""
        box = self.installation.box
        box.on_actions += 1
        if self.installation.settings[self.name].ml_url == "refused":
            raise OwnActionsError("no such action")
        box.hangs = False
        box.on = False
        box.signal(self.installation.now)

    async def notify(
        self, notification: Notification, reason: str | None = None
    ) -> None:
        """Note it."""
        self.installation.notifications.append(notification)

    def changed(self) -> None:
        """Nobody looks."""
