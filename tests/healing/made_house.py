"""A healer and what it stands on: a real Redis, a store and a world in memory."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from custom_components.immich_admin_tools.analysis.models import JobView, ServerView
from custom_components.immich_admin_tools.healing.act_log import ActLog
from custom_components.immich_admin_tools.healing.follow_up import FollowUp
from custom_components.immich_admin_tools.healing.healer import Healer
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    Doubt,
    HealedJob,
    HealMode,
    Outcome,
    Reason,
)
from tests.bullmq.recovery.made_queue import PREFIX, MadeQueue

from .made_immich import MadeSection
from .views import NOW, queue_view, server_view


@dataclass(slots=True)
class MadeWorld:
    """What is seen, and what was told."""

    view: ServerView | None = field(default_factory=lambda: server_view(queue_view()))
    told: list[HealedJob] = field(default_factory=list)
    on_record: Callable[[], None] = lambda: None
    looks: int = 0

    async def look(self) -> ServerView | None:
        """Return the view."""
        self.looks += 1
        return self.view

    async def record(self, healed: Sequence[HealedJob]) -> None:
        """Remember."""
        self.on_record()
        self.told += healed


@dataclass(slots=True)
class MadeHouse:
    """All that heals one queue. Sleeping takes no time: a test says what happens meanwhile."""

    queue: MadeQueue
    world: MadeWorld = field(default_factory=MadeWorld)
    section: MadeSection = field(default_factory=MadeSection)
    meanwhile: Callable[[float], Awaitable[None]] | None = None
    slept: float = 0.0
    log: ActLog = field(init=False)
    healer: Healer = field(init=False)
    follow_up: FollowUp = field(init=False)

    def __post_init__(self) -> None:
        """Start."""
        self.restart()

    def restart(self) -> None:
        """Start as Home Assistant does: only what was stored is known."""
        self.log = ActLog(self.section)
        client = self.queue.client
        self.healer = Healer(
            client, PREFIX, self.log, self.world, lambda: NOW, self.sleep
        )
        self.follow_up = FollowUp(
            client,
            PREFIX,
            self.log,
            self.world,
            lambda: NOW,
            lambda: self.healer.under_way,
        )

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
    def outcomes(self) -> list[tuple[str, Outcome, Doubt | None]]:
        """Return what was told."""
        return [(it.act.job_id, it.outcome, it.doubt) for it in self.world.told]


def order(
    job: JobView, mode: HealMode = HealMode.REMOVE, *, retry_when_free: bool = False
) -> Decision:
    """Return a decision about a job."""
    return Decision(job, mode, Reason.ASKED, retry_when_free=retry_when_free)
