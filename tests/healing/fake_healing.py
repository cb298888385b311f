"""A healer and what it stands on: a real Redis, a store and what is around them in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from custom_components.immich_admin_tools.analysis.models import JobView, ServerView
from custom_components.immich_admin_tools.bullmq.errors import BullMQError
from custom_components.immich_admin_tools.healing.healer import Healer
from custom_components.immich_admin_tools.healing.journal import Journal
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealedJob,
    HealMode,
    Outcome,
    Reason,
    UnconfirmedReason,
)
from custom_components.immich_admin_tools.healing.verification import Verification
from tests.bullmq.recovery.made_queue import PREFIX, MadeQueue
from tests.support.fake_immich import FakeSection
from tests.support.views import NOW, queue_view, server_view


@dataclass(slots=True)
class FakeServices:
    """What is seen, and what was told."""

    view: ServerView = field(default_factory=lambda: server_view(queue_view()))
    told: list[HealedJob] = field(default_factory=list)
    on_record: Callable[[], None] = lambda: None
    concurrency: int | None = 3
    asked: int = 0
    """Polls that were asked for."""

    def look_soon(self) -> None:
        """Count."""
        self.asked += 1

    def slots(self, queue: str) -> int | None:
        """Return what was made."""
        return self.concurrency

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Remember."""
        self.on_record()
        self.told += healed


BOOTED = 5_000_000
"""The monotonic clock when a test begins."""


@dataclass(slots=True)
class FakeHealing:
    """All that heals one queue. Waiting takes no time: a test says what happens meanwhile.

    While somebody waits, there is a poll every 2 seconds, if nothing else is said.
    """

    queue: MadeQueue
    services: FakeServices = field(default_factory=FakeServices)
    section: FakeSection = field(default_factory=FakeSection)
    meanwhile: Callable[[float], Awaitable[None]] | None = None
    poll_every: float | None = 2.0
    """None: no poll comes."""
    slept: float = 0.0
    wall_offset: int = 0
    """ms by which the wall clock is wrong."""
    log: Journal = field(init=False)
    healer: Healer = field(init=False)
    verification: Verification = field(init=False)

    def __post_init__(self) -> None:
        """Start."""
        self.restart()

    @property
    def now(self) -> int:
        """Return the monotonic clock."""
        return BOOTED + round(self.slept * 1000)

    def restart(self) -> None:
        """Start as Home Assistant does: only what was stored is known."""
        self.log = Journal(self.section, lambda: self.now, lambda at: at - NOW + BOOTED)
        client = self.queue.client
        self.verification = Verification(
            client,
            PREFIX,
            self.log,
            self.services,
            lambda: self.now,
            lambda: NOW + self.wall_offset,
            wait=self.wait,
            sleep=self.sleep,
        )
        self.healer = Healer(
            client,
            PREFIX,
            self.log,
            self.services,
            self.verification,
            lambda: self.now,
            lambda: NOW + self.wall_offset,
        )

    async def poll(self) -> None:
        """Let the verification see a poll, in which living workers give a sign."""
        await self.verification.follow(self.alive(self.services.view))

    def alive(self, view: ServerView) -> ServerView:
        """Return a view in which workers that live have just given a sign of it."""
        queues = {
            name: replace(queue, worker_alive_at=self.now if queue.worker else None)
            for name, queue in view.queues.items()
        }
        return replace(view, queues=queues)

    async def wait(
        self, answers: Collection[asyncio.Future[HealedJob]], seconds: float
    ) -> None:
        """Let time pass until the next poll, and let it be seen."""
        await self.sleep(min(seconds, self.poll_every or seconds))
        if self.poll_every is not None:
            with suppress(BullMQError):
                await self.poll()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept += seconds
        if self.meanwhile:
            await self.meanwhile(seconds)

    async def age_lock(self, job_id: str, seconds: float) -> None:
        """Let a lock come nearer to its end, as it does while nobody renews it."""
        lock = self.queue.keys.lock(job_id)
        left = await self.queue.client.pttl(lock) - round(seconds * 1000)
        if left > 0:
            await self.queue.client.pexpire(lock, left)
        else:
            await self.queue.client.delete(lock)

    async def renew_lock(self, job_id: str) -> None:
        """Renew a lock, as a worker does that still holds the job."""
        await self.queue.client.pexpire(self.queue.keys.lock(job_id), 30_000)

    @property
    def outcomes(self) -> list[tuple[str, Outcome, UnconfirmedReason | None]]:
        """Return what was told."""
        return [(it.act.job_id, it.outcome, it.doubt) for it in self.services.told]


def order(
    job: JobView, mode: HealMode = HealMode.REMOVE, *, retry_when_free: bool = False
) -> Decision:
    """Return a decision about a job."""
    return Decision(job, mode, Reason.ASKED, retry_when_free=retry_when_free)
