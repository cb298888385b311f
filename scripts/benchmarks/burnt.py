"""A GPU box dies at work: how many photos Immich skips before their queue is paused.

Real queues and workers of the simulator, 3 jobs at once, and the box goes just after it was
asked: the worst moment for pings. "Guard" is what runs with Redis; the pings alone are what
is left without it, at their own pace and slower.
"""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import httpx
from redis.asyncio import Redis

from custom_components.immich_admin_tools.analysis.models import ServerView
from custom_components.immich_admin_tools.analysis.skipped import (
    Answer,
    SkippedJobDetector,
)
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.event_listener import EventListener
from custom_components.immich_admin_tools.bullmq.models import JobEvent
from custom_components.immich_admin_tools.clock import monotonic_ms, now_ms
from custom_components.immich_admin_tools.gpu_host.clocks import Clocks
from custom_components.immich_admin_tools.gpu_host.concurrency import ConcurrencyKeeper
from custom_components.immich_admin_tools.gpu_host.controller import (
    HostController,
    Spawn,
)
from custom_components.immich_admin_tools.gpu_host.guard import DrainGuard, Patience
from custom_components.immich_admin_tools.gpu_host.machine import OtherHost
from custom_components.immich_admin_tools.gpu_host.models import (
    Notification,
    PowerSettings,
    Trouble,
)
from custom_components.immich_admin_tools.gpu_host.pauses import HostStatus
from custom_components.immich_admin_tools.gpu_host.probe import PingProbe
from custom_components.immich_admin_tools.gpu_host.settings import HostSettings
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.pauses.keeper import LeaseKeeper
from custom_components.immich_admin_tools.pauses.leases import LeaseKind, LeaseReason
from tests.support.fake_immich import FakeSection
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

from .table import Table

QUEUE = "smartSearch"
JOBS = 10_000
QUICK_JOBS = 3_000
CONCURRENCY = 3
JOB_MS = 150
PAUSED_WITHIN = 40.0
RESUMED_JOBS = 450
RESUMED_FOR = (0.0, 0.3, 1.0, 5.0)
"""Seconds that a queue had gone on when the box died."""
DOUBT = LeaseReason(LeaseKind.GPU_OFFLINE, "doubt")
SETTINGS = HostSettings(
    "box",
    "Box",
    "",
    (QUEUE,),
    PowerSettings(False, False, 0, 0, 60_000, 0, 0, 0, 0, 0),
)


@dataclass
class _Services:
    """Nothing but the box itself."""

    hosts: dict[str, HostController] = field(default_factory=dict)

    def view(self) -> ServerView | None:
        return None

    async def look(self) -> ServerView | None:
        return None

    def lost_slots(self, queue: str) -> int:
        return 0

    def may_wake(self) -> bool:
        return False

    def keep_on(self) -> bool:
        return False

    def other_hosts(self) -> Collection[OtherHost]:
        return ()

    def statuses(self) -> Mapping[str, HostStatus]:
        return {name: host.status for name, host in self.hosts.items()}

    async def send_packet(self) -> None:
        """Never."""

    async def run_on_action(self) -> None:
        """Never."""

    async def run_off_action(self) -> None:
        """Never."""

    def off_action_runs(self) -> bool:
        """Return that none does."""
        return False

    def restart_action_runs(self) -> bool:
        """Return that none does."""
        return False

    async def run_restart_action(self) -> None:
        """Never."""

    async def notify(
        self, notification: Notification, reason: str | None = None
    ) -> None:
        """Nobody listens."""

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Nobody looks."""

    def changed(self) -> None:
        """Nobody looks."""


@dataclass
class _Judge:
    """Has the host asked as jobs end too fast, as the entry does."""

    host: HostController
    leases: LeaseKeeper
    spawn: Spawn
    detector: SkippedJobDetector = field(default_factory=SkippedJobDetector)
    patience: Patience = field(default_factory=lambda: Patience(monotonic_ms))
    asking: bool = False

    def position(self, queue: str) -> str | None:
        return self.detector.position

    def observe(self, queue: str, events: Collection[JobEvent]) -> None:
        self.detector.observe(events, JOB_MS / 1000)
        if self.detector.suspected and not self.asking:
            self.asking = True
            self.spawn(self._ask(queue), "")

    def lost(self, queue: str, *, anew: bool) -> None:
        """Nothing is counted here."""

    async def _ask(self, queue: str) -> None:
        async def pause() -> None:
            await self.leases.take(DOUBT, [queue], now_ms() + 60_000, running=[queue])

        while self.detector.suspected:
            match await self.patience.ask(partial(self.host.suspect, queue), pause):
                case Answer.YES:
                    self.detector.answered()
                case Answer.NO:
                    self.detector.take()
            await asyncio.sleep(0.05)
        await self.leases.end(DOUBT, [queue])
        self.asking = False


def run(quick: bool) -> Table:
    """Let the box die once for each way to notice it."""
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> Table:
    jobs = QUICK_JOBS if quick else JOBS
    ways: list[tuple[str, float, bool]] = [
        ("guard on the events, ping every 2 s", 2, True),
        ("ping every 1 s", 1, False),
        ("ping every 5 s", 5, False),
    ]
    rows = [["noticed by", f"skipped of {jobs:,}", "seconds to the pause"]]
    async with start_valkey() as valkey, Simulator(valkey.url, assets=100) as immich:
        client = create_client(RedisSettings(valkey.url), None)
        for name, pause, guarded in ways[: 2 if quick else None]:
            skipped, seconds = await _die(immich, client, jobs, pause, guarded)
            rows.append([name, f"{skipped:,}", f"{seconds:.2f}"])
        for after in RESUMED_FOR:
            name = f"guard, {after:g} s after the queue went on, of {RESUMED_JOBS}"
            skipped, seconds = await _die(
                immich, client, RESUMED_JOBS, 2, guarded=True, after=after
            )
            rows.append([name, f"{skipped:,}", f"{seconds:.2f}"])
        await client.aclose()
    return rows


async def _die(
    immich: Simulator,
    redis: Redis,
    jobs: int,
    pause: float,
    guarded: bool,
    after: float | None = None,
) -> tuple[int, float]:
    """Return how many were skipped, and after how many seconds the queue rested.

    `after`: seconds from the moment that the queue goes on to the death of the box.
    """
    await immich.machine_learning("on")
    await immich.control("reset")
    await immich.speed(JOB_MS, QUEUE)
    async with httpx.AsyncClient() as http:
        api = ImmichClient(http, immich.url, immich.api_key)
        await api.set_concurrency(QUEUE, CONCURRENCY)
        if (await api.queue(QUEUE)).is_paused:
            await api.resume(QUEUE)
        services, tasks = _Services(), set[asyncio.Task[None]]()

        def spawn(job: Coroutine[None, None, None], _: str) -> None:
            tasks.add(asyncio.create_task(job))

        leases = LeaseKeeper(api, FakeSection(), now_ms)
        host = services.hosts["box"] = HostController(
            SETTINGS,
            services,
            PingProbe(http, immich.ml_url, api.probe_machine_learning),
            FakeSection(),
            leases,
            ConcurrencyKeeper(api, FakeSection(), monotonic_ms, {}),
            Clocks(monotonic_ms, now_ms),
            spawn,
        )
        await host.probe()
        if guarded:
            watch = EventListener(redis, immich.prefix)
            guard = DrainGuard(watch, [QUEUE], monotonic_ms)
            spawn(guard.run(_Judge(host, leases, spawn)), "")
            await asyncio.sleep(0)
            await guard.ready([QUEUE])
        if after is not None:
            await api.pause(QUEUE)
        for first in range(0, jobs, 1000):
            await immich.add_jobs(QUEUE, min(1000, jobs - first))
        if after is None:
            await immich.until_truth(QUEUE, finished=1)
            await asyncio.sleep(2)
        before = (await immich.truth()).queues[QUEUE].handler_failed
        probed = asyncio.Event()

        async def ask() -> None:
            await host.probe()
            probed.set()
            while True:
                await asyncio.sleep(pause)
                await host.probe()

        spawn(ask(), "")
        await probed.wait()
        if after is not None:
            await api.resume(QUEUE)
            await asyncio.sleep(after)
        start = perf_counter()
        await immich.machine_learning("off")
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSED_WITHIN):
                while not (await api.queue(QUEUE)).is_paused:
                    await asyncio.sleep(0.02)
        seconds = perf_counter() - start
        await asyncio.sleep(1)
        skipped = (await immich.truth()).queues[QUEUE].handler_failed - before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await api.resume(QUEUE)
    return skipped, seconds
