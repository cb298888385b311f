"""Operations in any order, against a plain model of what should come out."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)

from .made_queue import PREFIX, PROCESSED_ON, QUEUE, TOKEN, MadeQueue

STEPS = (
    "add",
    "add_prioritized",
    "start",
    "start",
    "start",
    "pause_or_resume",
    "lose_lock",
    "remove",
    "requeue",
    "fail",
    "remove_waiting",
    "retry",
    "clear",
)


def number_of(member: object) -> int:
    """Return the job of a member of a list or set, with or without its score."""
    return int(as_text(member[0] if isinstance(member, tuple) else member) or -1)


@dataclass(slots=True)
class Model:
    """Where each job should be. Ids count up, so the newest is the largest."""

    line: list[int] = field(default_factory=list)
    """Waiting without a priority, the next to run first."""
    prioritized: list[int] = field(default_factory=list)
    active: list[int] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    with_priority: set[int] = field(default_factory=set)
    locked: set[int] = field(default_factory=set)
    runs: dict[int, int] = field(default_factory=dict)
    paused: bool = False
    added: int = 0
    gone: int = 0

    @property
    def everywhere(self) -> list[int]:
        """Return all jobs."""
        return [*self.line, *self.prioritized, *self.active, *self.failed]


class ModelledQueue:
    """A queue, its model, and one way to change both."""

    def __init__(self, queue: MadeQueue) -> None:
        """Start empty."""
        self.queue = queue
        self.recovery = QueueRecovery(queue.client, PREFIX)
        self.model = Model()

    def fence(self, job: int) -> ActiveFence:
        """Return the fence that is right now."""
        run = PROCESSED_ON + self.model.runs.get(job, 0)
        token = f"{TOKEN}{run}" if job in self.model.locked else None
        return ActiveFence(str(job), run, token)

    def pick(self, candidates: Iterable[int], choice: int) -> int:
        """Return mostly a job for which there is something to do, else any."""
        likely = sorted(candidates)
        if likely and choice % 5:
            return likely[choice % len(likely)]
        return choice % (self.model.added + 1)

    async def step(self, name: str, choice: int, stale: bool) -> None:
        """Do one step to one of the jobs."""
        if name in ("remove", "requeue", "fail"):
            await self.change_active(name, choice, stale)
        else:
            await getattr(self, name)(choice)

    async def add(self, _: int, priority: int = 0) -> None:
        """Add a job with a deduplication key of its own."""
        model = self.model
        model.added += 1
        job = model.added
        await self.queue.add(str(job), dedup_id=f"d{job}", priority=priority)
        if priority:
            model.with_priority.add(job)
            model.prioritized.append(job)
        else:
            model.line.append(job)

    async def add_prioritized(self, choice: int) -> None:
        """Add a job that is not in the line."""
        await self.add(choice, priority=1)

    async def start(self, _: int) -> None:
        """Start what a worker would start."""
        model, queue = self.model, self.queue
        if model.paused or not (model.line or model.prioritized):
            return
        if model.line:
            job = model.line.pop(0)
            popped = await queue.client.rpoplpush(queue.keys.wait, queue.keys.active)
            assert as_text(popped) == str(job)
        else:
            [first] = await queue.client.zpopmin(queue.keys.prioritized)
            job = number_of(first)
            model.prioritized.remove(job)
            await queue.client.lpush(queue.keys.active, str(job))
        model.active.append(job)
        model.runs[job] = model.runs.get(job, 0) + 1
        model.locked.add(job)
        fence = self.fence(job)
        await queue.client.hset(
            queue.keys.job(str(job)), "processedOn", str(fence.processed_on)
        )
        await queue.client.set(queue.keys.lock(str(job)), fence.lock_token or "")

    async def pause_or_resume(self, _: int) -> None:
        """Do as the server does."""
        self.model.paused = not self.model.paused
        if self.model.paused:
            await self.queue.pause()
            return
        keys = self.queue.keys
        await self.queue.client.hdel(keys.meta, "paused")
        if await self.queue.client.exists(keys.paused):
            await self.queue.client.rename(keys.paused, keys.wait)

    async def lose_lock(self, choice: int) -> None:
        """Let the lock of a job run out."""
        if self.model.locked:
            job = sorted(self.model.locked)[choice % len(self.model.locked)]
            self.model.locked.discard(job)
            await self.queue.client.delete(self.queue.keys.lock(str(job)))

    async def change_active(self, name: str, choice: int, stale: bool) -> None:
        """Remove, requeue or fail an active job, or any with a stale fence."""
        model = self.model
        job = self.pick(model.active, choice)
        fence = self.fence(job)
        if stale:
            fence = replace(fence, processed_on=(fence.processed_on or 0) - 1)
        if name == "fail":
            result = await self.recovery.fail(QUEUE, fence, "stuck")
        elif name == "remove":
            result = await self.recovery.remove(QUEUE, fence)
        else:
            result = await self.recovery.requeue(QUEUE, fence)
        if job not in model.active:
            assert result is Result.NOT_ACTIVE
        elif stale:
            assert result is Result.RUN_CHANGED
        else:
            assert result is Result.DONE
            self.moved(name, job)

    def moved(self, name: str, job: int) -> None:
        """Do in the model what happened to an active job."""
        model = self.model
        model.active.remove(job)
        if name == "fail":
            model.failed.add(job)
        elif name == "remove":
            model.gone += 1
        elif job in model.with_priority:
            model.prioritized.insert(0, job)
        else:
            model.line.insert(0, job)

    async def remove_waiting(self, choice: int) -> None:
        """Remove any job that waits."""
        model = self.model
        job = self.pick([*model.line, *model.prioritized], choice)
        result = await self.recovery.remove_waiting(QUEUE, str(job))
        waits = job in model.line or job in model.prioritized
        assert result is (Result.DONE if waits else Result.NOT_WAITING)
        if waits:
            (model.line if job in model.line else model.prioritized).remove(job)
            model.gone += 1

    async def retry(self, choice: int) -> None:
        """Retry all failed jobs from one on."""
        model = self.model
        chosen = sorted(job for job in model.failed if job >= choice % 3)
        result = await self.recovery.retry_failed(QUEUE, list(map(str, chosen)))
        free = [job for job in chosen if job not in model.locked]
        assert result.done == len(free)
        assert set(result.skipped.values()) <= {Result.LOCKED}
        for job in free:
            model.failed.discard(job)
            (model.prioritized if job in model.with_priority else model.line).append(
                job
            )

    async def clear(self, choice: int) -> None:
        """Clear failed jobs, and some that are not."""
        model = self.model
        chosen = [job for job in range(1, model.added + 1) if job % 3 == choice % 3]
        result = await self.recovery.clear_failed(QUEUE, list(map(str, chosen)))
        cleared = model.failed & set(chosen)
        assert result.done == len(cleared)
        model.failed -= cleared
        model.gone += len(cleared)

    async def check(self) -> None:
        """Compare all of Redis with the model."""
        model, queue = self.model, self.queue
        assert await queue.waiting() == list(map(str, model.line))
        ordered = await queue.client.zrange(queue.keys.prioritized, 0, -1)
        assert set(map(number_of, ordered)) == set(model.prioritized)
        active = await queue.client.lrange(queue.keys.active, 0, -1)
        assert sorted(map(number_of, active)) == sorted(model.active)
        failed = await queue.client.zrange(queue.keys.failed, 0, -1)
        assert set(map(number_of, failed)) == model.failed

        assert len(model.everywhere) + model.gone == model.added
        jobs = {queue.keys.job(str(job)) for job in model.everywhere}
        locks = {queue.keys.lock(str(job)) for job in model.locked}
        keys = await queue.all_keys()
        shared = {queue.keys.key(part) for part in ("meta", "events", "pc", "marker")}
        places = {
            queue.keys.key(part)
            for part in ("wait", "paused", "active", "prioritized", "failed")
        }
        dedup = {name for name in keys if ":de:" in name}
        assert keys - shared - places - dedup == jobs | locks
        # A failed job has given its deduplication key back; all others hold theirs,
        # unless they were failed once.
        owners = {int(name.rpartition(":d")[2]) for name in dedup}
        assert owners <= set(model.everywhere) - model.failed
        assert not (await queue.is_awake() and model.paused)


@pytest.mark.parametrize("version", ["bullmq:5.80.5", "bullmq:6.7.0"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.integers(0, 60),
            st.sampled_from([False, False, False, True]),
        ),
        min_size=20,
        max_size=60,
    )
)
async def test_any_order(
    client: Redis, version: str, steps: list[tuple[str, int, bool]]
) -> None:
    """No job is lost, doubled or half gone, whatever is done in whatever order."""
    await client.flushall()
    queue = MadeQueue(client, version)
    await queue.create()
    modelled = ModelledQueue(queue)
    for _ in range(4):
        await modelled.add(0)
    for name, choice, stale in steps:
        await modelled.step(name, choice, stale)
    await modelled.check()
