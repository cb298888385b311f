"""A queue written to Redis the way BullMQ writes it, without a worker.

The keys and fields are those of the recordings of a real server.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.typing import EncodableT, FieldT

from custom_components.immich_admin_tools.bullmq.keys import QueueKeys
from custom_components.immich_admin_tools.bullmq.pipeline import as_text
from custom_components.immich_admin_tools.bullmq.recovery import ActiveFence

PREFIX = "immich_bull"
QUEUE = "faceDetection"
ADDED_AT = 1_790_000_000_000
PROCESSED_ON = ADDED_AT + 1_000
TOKEN = "b1946ac9-2c5a-4f6a-9d5c-0b8f1e3a7c11:7"

type Dump = dict[str, bytes | None]


@dataclass(frozen=True, slots=True)
class MadeQueue:
    """One queue, for a test to fill and to look at."""

    client: Redis
    version: str
    name: str = QUEUE

    @property
    def keys(self) -> QueueKeys:
        """Names of the queue's keys."""
        return QueueKeys(PREFIX, self.name)

    @property
    def is_version_5(self) -> bool:
        """Whether a pause renames the list of the waiting."""
        return self.version.startswith("bullmq:5")

    async def create(self) -> None:
        """Leave what a Queue object leaves."""
        await self.client.hset(
            self.keys.meta,
            mapping={"opts.maxLenEvents": 10000, "version": self.version},
        )

    async def pause(self) -> None:
        """Pause as BullMQ does."""
        await self.client.hset(self.keys.meta, "paused", 1)
        await self.client.delete(self.keys.marker)
        if self.is_version_5 and await self.client.exists(self.keys.wait):
            await self.client.rename(self.keys.wait, self.keys.paused)

    async def waiting_key(self) -> str:
        """Return the list in which jobs wait now."""
        paused = await self.client.hexists(self.keys.meta, "paused")
        return self.keys.paused if paused and self.is_version_5 else self.keys.wait

    async def waiting(self) -> list[str]:
        """Return all that wait without a priority, the next to run first."""
        ids = [
            *await self.client.lrange(self.keys.paused, 0, -1),
            *await self.client.lrange(self.keys.wait, 0, -1),
        ]
        return [as_text(job_id) or "" for job_id in reversed(ids)]

    async def make_hash(
        self, job_id: str, *, dedup_id: str | None = None, **fields: str | int
    ) -> None:
        """Store the data of a job."""
        mapping: dict[FieldT, EncodableT] = {
            "name": "AssetDetectFaces",
            "data": '{"id":"0192c1c4-7d6a-7f3e-8a5b-3c2d1e0f9a8b"}',
            "opts": '{"attempts":0}',
            "timestamp": ADDED_AT,
            "delay": 0,
            "priority": 0,
        }
        if dedup_id is not None:
            mapping["deid"] = dedup_id
            await self.client.set(self.keys.key(f"de:{dedup_id}"), job_id)
        mapping.update(fields)
        await self.client.hset(self.keys.job(job_id), mapping=mapping)

    async def add(
        self,
        job_id: str,
        *,
        priority: int = 0,
        dedup_id: str | None = None,
        **fields: str | int,
    ) -> None:
        """Add a waiting job."""
        await self.make_hash(job_id, dedup_id=dedup_id, priority=priority, **fields)
        if priority:
            turn = await self.client.incr(self.keys.priority_counter)
            score = priority * 2**32 + turn
            await self.client.zadd(self.keys.prioritized, {job_id: score})
        else:
            await self.client.lpush(await self.waiting_key(), job_id)

    async def start(
        self,
        job_id: str,
        *,
        dedup_id: str | None = None,
        token: str | None = TOKEN,
        **fields: str | int,
    ) -> ActiveFence:
        """Make a job that a worker runs, and return its fence."""
        run: dict[str, str | int] = {
            "processedOn": PROCESSED_ON,
            "ats": 1,
            "pb": "microservices",
        }
        await self.make_hash(job_id, dedup_id=dedup_id, **(run | fields))
        await self.client.lpush(self.keys.active, job_id)
        if token is not None:
            await self.client.set(self.keys.lock(job_id), token, px=30_000)
        return ActiveFence(job_id, PROCESSED_ON, token)

    async def fail(
        self, job_id: str, *, dedup_id: str | None = None, **fields: str | int
    ) -> None:
        """Make a failed job."""
        run: dict[str, str | int] = {
            "processedOn": PROCESSED_ON,
            "finishedOn": PROCESSED_ON + 1,
            "failedReason": "job stalled more than allowable limit",
            "atm": 1,
            "ats": 2,
            "stc": 2,
            "stacktrace": "[]",
        }
        await self.make_hash(job_id, dedup_id=dedup_id, **(run | fields))
        await self.client.zadd(self.keys.failed, {job_id: PROCESSED_ON + 1})

    async def job(self, job_id: str) -> dict[str, str]:
        """Return all fields of a job; empty when it is gone."""
        fields = await self.client.hgetall(self.keys.job(job_id))
        return _texts(fields)

    async def events(self) -> list[dict[str, str]]:
        """Return all events, the oldest first."""
        entries = await self.client.xrange(self.keys.events)
        return [_texts(fields) for _, fields in entries or []]

    async def is_awake(self) -> bool:
        """Return whether the workers have been told of a job."""
        return bool(await self.client.exists(self.keys.marker))

    async def dump(self) -> Dump:
        """Return everything in Redis, to see whether something changed."""
        return {key: await self.client.dump(key) for key in await self.all_keys()}

    async def all_keys(self) -> set[str]:
        """Return the names of all keys in Redis."""
        return {as_text(key) or "" for key in await self.client.keys("*")}


def _texts(fields: Mapping[bytes | str, bytes | str] | None) -> dict[str, str]:
    return {
        as_text(name) or "": as_text(value) or ""
        for name, value in (fields or {}).items()
    }
