"""Everything from the reader to the healer, on a real queue with a real worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Literal

from redis.asyncio import Redis

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    QueueView,
    ServerView,
)
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX, QueueKeys
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import QueueRecovery
from custom_components.immich_admin_tools.clock import (
    monotonic_ms,
    monotonic_of,
    now_ms,
)
from custom_components.immich_admin_tools.healing.healer import Healer
from custom_components.immich_admin_tools.healing.journal import Journal
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealedJob,
    HealMode,
    HealReport,
    Initiator,
)
from custom_components.immich_admin_tools.healing.policy import (
    AutoHealMode,
    HealLimits,
    Order,
    decide,
    plan_heal,
)
from custom_components.immich_admin_tools.healing.verification import Verification
from custom_components.immich_admin_tools.history.detector import EventDetector, run_of
from custom_components.immich_admin_tools.history.events import Event
from tests.support.fake_immich import FakeSection
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

type Version = Literal["5.51", "5.80", "6"]

POLL = 1.0
"""Seconds between two looks; Home Assistant looks every five."""

FOR_EVER = 600_000
"""ms that a job takes which is to outlast a scenario."""


@dataclass(slots=True)
class Installation:
    """One Immich, looked at and healed as the integration does it."""

    immich: Simulator
    client: Redis
    reader: QueueReader
    queues: Sequence[str]
    thresholds: Mapping[str, int]
    view: ServerView | None = None
    events: list[Event] = field(default_factory=list)
    told: list[HealedJob] = field(default_factory=list)
    wishes: list[Decision] = field(default_factory=list)
    """All that auto-heal would have done at any look."""
    analyst: Analyst = field(default_factory=Analyst)
    watch: EventDetector = field(default_factory=EventDetector)
    log: Journal = field(
        default_factory=lambda: Journal(FakeSection(), monotonic_ms, monotonic_of)
    )
    healer: Healer = field(init=False)
    verification: Verification = field(init=False)

    def __post_init__(self) -> None:
        """Put the healing together."""
        self.verification = Verification(
            self.client,
            DEFAULT_PREFIX,
            self.log,
            self,
            monotonic_ms,
            now_ms,
            wait=self.poll_meanwhile,
        )
        self.healer = Healer(
            self.client,
            DEFAULT_PREFIX,
            self.log,
            self,
            self.verification,
            monotonic_ms,
            now_ms,
        )

    def look_soon(self) -> None:
        """Do nothing: it is looked every second anyway."""

    def slots(self, queue: str) -> int | None:
        """Return nothing: a moving queue is no proof."""

    async def poll_meanwhile(
        self, answers: Collection[asyncio.Future[HealedJob]], seconds: float
    ) -> None:
        """Look every second until there are answers."""
        until = time() + seconds
        while time() < until and not all(answer.done() for answer in answers):
            await self.poll()
            await asyncio.sleep(POLL)

    async def poll(self) -> None:
        """Look once, and let the verification see it."""
        await self.verification.follow(await self.look())

    @property
    def recovery(self) -> QueueRecovery:
        """Return what changes jobs."""
        return QueueRecovery(self.client, DEFAULT_PREFIX)

    def keys(self, queue: str) -> QueueKeys:
        """Return the names of a queue's keys."""
        return QueueKeys(DEFAULT_PREFIX, queue)

    def queue(self, name: str) -> QueueView:
        """Return a queue as it was seen last."""
        assert self.view is not None
        return self.view.queues[name]

    def job(self, queue: str) -> JobView:
        """Return the only active job of a queue."""
        (job,) = self.queue(queue).jobs
        return job

    async def look(self) -> ServerView:
        """Look once, and note what happened and what auto-heal would do."""
        reading = await self.reader.read(self.queues)
        view = self.analyst.update_from_redis(
            reading, Thresholds(self.thresholds), monotonic_ms(), now_ms()
        )
        under_way = {act.run for act in self.log.book.pending.values()}
        handled = {job.act.run for job in self.told}
        self.events += self.watch.update(view, under_way, handled)
        plan = plan_heal(
            view,
            AutoHealMode.CLEAR_AND_RESTART,
            HealLimits(),
            self.log.book.recent,
            lambda _: 1,
            monotonic_ms(),
        )
        known = {run_of(wish.job) for wish in self.wishes}
        self.wishes += [it for it in plan.decisions if run_of(it.job) not in known]
        self.view = view
        return view

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Remember what was told."""
        self.told += healed

    async def look_until(
        self, condition: Callable[[], bool], within: float, what: str
    ) -> float:
        """Look every second until a condition holds; return after how many seconds."""
        begun = time()
        while True:
            await self.poll()
            if condition():
                return time() - begun
            assert time() - begun < within, f"not within {within} s: {what}"
            await asyncio.sleep(POLL)

    async def keep_looking(self, seconds: float) -> None:
        """Look every second for some time."""
        until = time() + seconds
        await self.look_until(lambda: time() >= until, seconds + 5, "time passes")

    async def order(
        self, queue: str, mode: HealMode | None, job_id: str | None = None
    ) -> HealReport:
        """Heal the stuck jobs of a queue, or one of them, as a user orders it."""
        order = Order(mode, job_id=job_id)
        decisions, skipped = decide([self.queue(queue)], order)
        report = await self.healer.heal(decisions, Initiator.USER)
        return HealReport(report.healed, (*skipped, *report.skipped))

    def told_types(self, queue: str) -> list[str]:
        """Return what happened in a queue, in order."""
        return [event.type.value for event in self.events if event.queue == queue]


@asynccontextmanager
async def installation(
    version: Version, queues: Sequence[str], thresholds: Mapping[str, int]
) -> AsyncIterator[Installation]:
    """Start servers with Immich's own timings."""
    async with start_valkey() as valkey:
        settings = RedisSettings(valkey.url)
        async with (
            Simulator(valkey.url, bullmq=version, assets=50) as immich,
            create_client(settings, None) as client,
        ):
            await immich.speed(FOR_EVER)
            reader = QueueReader(client)
            yield Installation(immich, client, reader, queues, thresholds)
