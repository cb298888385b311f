"""Whatever happens in whatever order: each act is done once and recorded, nothing loops."""

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings, strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from custom_components.immich_admin_tools.analysis.models import (
    QueueState,
    ServerView,
    StuckKind,
)
from custom_components.immich_admin_tools.bullmq.errors import BullMQError
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.healing.errors import NotStoredError
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealAction,
    HealedJob,
    HealMode,
    Initiator,
    Reason,
)
from tests.bullmq.recovery.made_queue import QUEUE, MadeQueue
from tests.support.valkey import Valkey
from tests.support.views import job_view, queue_view, server_view

from .fake_healing import FakeHealing

HOUR = 3_600.0
JOBS = [str(number) for number in range(1, 7)]
ORPHANS = {"4", "5", "6"}

VIEWS: dict[str, ServerView] = {
    "works": server_view(queue_view()),
    "stalled": server_view(queue_view(waiting=1, state=QueueState.STALLED)),
    "without": server_view(queue_view(waiting=1, worker=False)),
    "paused": server_view(queue_view(is_paused=True)),
}

steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["heal", "retry_when_free"]),
            st.sampled_from(JOBS),
            st.sampled_from(HealMode),
        ),
        st.tuples(st.just("poll"), st.sampled_from(list(VIEWS))),
        st.tuples(st.sampled_from(["age", "renew", "let_go"]), st.sampled_from(JOBS)),
        st.tuples(st.just("clock"), st.integers(-9, 9)),
        st.tuples(
            st.sampled_from(
                [
                    "poll_twice",
                    "poll_failed",
                    "look_fails",
                    "redis_back",
                    "disk_full",
                    "disk_free",
                    "stop",
                    "kill",
                    "workers_restarted",
                    "bound",
                ]
            )
        ),
    ),
    min_size=1,
    max_size=25,
)


class LostRedis:
    """A client of a Redis that does not answer."""

    def __getattr__(self, name: str) -> object:
        """Fail at whatever is asked."""
        raise RedisConnectionError("gone")


@dataclass(slots=True)
class Life(FakeHealing):
    """A healing whose callers wait for steps of the test."""

    turns: list[asyncio.Future[None]] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    acts: dict[str, HealAction] = field(default_factory=dict)
    """All that were ever written down."""
    records: int = 0
    told_in_life: Counter[tuple[object, ...]] = field(default_factory=Counter)

    async def wait(
        self, answers: Collection[asyncio.Future[HealedJob]], seconds: float
    ) -> None:
        """Wait for an answer or for the next step."""
        turn = asyncio.get_running_loop().create_future()
        self.turns.append(turn)
        await asyncio.wait([*answers, turn], return_when=asyncio.FIRST_COMPLETED)

    async def settle_down(self) -> None:
        """Let all that runs come to where it waits."""
        async with asyncio.timeout(5):
            while True:
                await asyncio.sleep(0.0005)
                waiting = sum(not turn.done() for turn in self.turns)
                if waiting >= sum(not task.done() for task in self.tasks):
                    return

    def wake(self) -> None:
        """Let those who wait look at the clock."""
        turns, self.turns = self.turns, []
        for turn in turns:
            if not turn.done():
                turn.set_result(None)

    def heal(self, job_id: str, mode: HealMode, *, retry: bool) -> None:
        """Order it; a caller that is refused is as good as one that is answered."""
        kind = StuckKind.ORPHANED if job_id in ORPHANS else StuckKind.HUNG
        if kind is StuckKind.HUNG and mode is HealMode.REQUEUE:
            mode = HealMode.REMOVE
        retry = retry and kind is StuckKind.HUNG
        decision = Decision(
            job_view(job_id, kind=kind),
            HealMode.FAIL if retry else mode,
            Reason.ASKED,
            retry_when_free=retry,
        )

        async def order() -> None:
            with suppress(BullMQError, NotStoredError):
                await self.healer.heal([decision], Initiator.AUTO)

        self.tasks.add(asyncio.create_task(order()))

    async def end(self, *, killed: bool) -> None:
        """End as with the entry, or with the process; then start anew."""
        self.verification.end()
        if killed:
            for task in self.tasks:
                task.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        before = len(self.services.told)
        await self.verification.follow(VIEWS["works"])
        assert len(self.services.told) == before
        self.note()
        self.told_in_life.clear()
        self.restart()

    def note(self) -> None:
        """Take in what is written down and what was told."""
        self.acts.update(self.log.book.pending)

    def use(self, client: Redis | LostRedis) -> None:
        """Let all reach Redis, or nobody."""
        for part in (self.verification, self.healer):
            part._client = part._recovery._client = client  # type: ignore[assignment]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(what=steps)
def test_each_act_is_done_once_and_recorded(
    valkey: Valkey, socket_enabled: None, what: list[tuple[object, ...]]
) -> None:
    """Polls, failures, full disks, stops, reloads, restarts and clocks in any order."""
    asyncio.run(_live(valkey, what))


async def _live(valkey: Valkey, what: list[tuple[object, ...]]) -> None:
    """Do the steps, then let all be well, and compare with the truth."""
    async with valkey.client() as client:
        await client.flushall()
        queue = MadeQueue(client, "bullmq:5.80.5")
        await queue.create()
        for job_id in JOBS:
            if job_id in ORPHANS:
                await queue.start(job_id, token=None)
            else:
                await queue.start(job_id)
        life = Life(queue)

        def told() -> None:
            life.records += 1

        life.services.on_record = told
        lost = False
        for step in what:
            before = len(life.services.told)
            records = life.records
            match step:
                case (
                    "heal" | "retry_when_free" as kind,
                    str(job_id),
                    HealMode() as mode,
                ):
                    life.heal(job_id, mode, retry=kind == "retry_when_free")
                case ("poll", str(name)):
                    with suppress(BullMQError):
                        await life.verification.follow(life.alive(VIEWS[name]))
                case ("poll_twice",):
                    # A poll that comes while the last one is still looked at.
                    await asyncio.gather(
                        life.verification.follow(life.alive(VIEWS["works"])),
                        life.verification.follow(life.alive(VIEWS["works"])),
                        return_exceptions=True,
                    )
                case ("age", str(job_id)):
                    await life.age_lock(job_id, 5)
                case ("renew", str(job_id)):
                    await life.renew_lock(job_id)
                case ("let_go", str(job_id)):
                    await client.delete(queue.keys.lock(job_id))
                case ("clock", int(hours)):
                    life.wall_offset = hours * 3_600_000
                case ("look_fails",):
                    lost = True
                case ("redis_back",):
                    lost = False
                case ("disk_full",):
                    life.section.full = True
                case ("disk_free",):
                    life.section.full = False
                case ("stop" | "kill" as how,):
                    await life.end(killed=how == "kill")
                case ("workers_restarted",):
                    await life.verification.workers_restarted()
                case ("bound",):
                    life.slept += 41
            life.use(LostRedis() if lost else client)
            life.slept += 5
            await life.settle_down()
            life.note()
            life.wake()
            await life.settle_down()
            life.note()
            for job in life.services.told[before:]:
                life.told_in_life[job.act.act_id, job.outcome, job.doubt] += 1
            # One step tells of each act at most three times, and records as often.
            assert life.records - records <= 3 * len(JOBS)
        assert max(life.told_in_life.values(), default=1) == 1
        await _all_is_well(life)


async def _all_is_well(life: Life) -> None:
    """In the end nothing is open, every act is told, and the queue's events agree."""
    client, keys = life.queue.client, life.queue.keys
    life.section.full = False
    life.use(client)
    for job_id in JOBS:
        await client.delete(keys.lock(job_id))
    for number in range(4):
        life.slept += 41
        life.wake()
        await life.settle_down()
        # A worker that was never seen before: where the lock ran out while nobody
        # looked, nothing else tells that the old one is gone.
        fresh = job_view("9", token=f"fresh-{number}:1", kind=None, due=False)
        await life.verification.follow(
            life.alive(server_view(queue_view(jobs=[fresh])))
        )
        life.slept += HOUR
    async with asyncio.timeout(5):
        await asyncio.gather(*life.tasks)
    life.note()
    assert life.verification.idle
    assert not life.section.data.get("pending")
    assert life.verification.lost_slots() == 0
    by_us: Counter[str] = Counter()
    for _, event in await client.xrange(keys.events) or ():
        fields = event or {}
        if fields.get(b"prev") == b"active":
            by_us[as_text(fields[b"jobId"]) or ""] += 1
    # No job was acted on twice: each was started once.
    assert max(by_us.values(), default=1) == 1
    told = {job.act.act_id for job in life.services.told}
    done = {
        job.act.job_id for job in life.services.told if job.outcome.value != "failed"
    }
    assert by_us.keys() <= done
    # What was written down is told, or it was raced or refused: then nothing happened.
    for act_id, act in life.acts.items():
        assert act_id in told or by_us[act.job_id] == 0 or act.job_id in done
    assert {job.act.queue for job in life.services.told} <= {QUEUE}
