"""Change single jobs of a queue, each in one atomic script that checks first.

Nothing here knows whether a change is wise: removing or requeueing a job that
hangs does not free its slot, and a requeued job with a live lock runs twice
unless the workers restart before the queue goes on.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import batched
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .errors import (
    BullMQError,
    MissingRightsError,
    UnknownLayoutError,
    VersionMissingError,
)
from .keys import QueueKeys
from .lua import script_source
from .models import ActiveJob
from .pipeline import as_text
from .translation import denied_rule, translate_errors


@dataclass(frozen=True, slots=True)
class ActiveFence:
    """One run of one job as it was when the decision was made.

    The same id can be another job: ids restart at 1 after a flush, and a job can
    run again. `processed_on` (ms, clock of the worker) and the token of the lock
    tell the runs apart; None stands for "has none".
    """

    job_id: str
    processed_on: int | None
    lock_token: str | None

    @classmethod
    def from_job(cls, job: ActiveJob) -> Self:
        """Return the fence of a job that was read."""
        return cls(job.job_id, job.processed_on, job.lock_token)


@dataclass(frozen=True, slots=True)
class WaitingFence:
    """One waiting job. `added_at` (ms) is None when any job of this id may go."""

    job_id: str
    added_at: int | None = None


async def run_script(
    client: Redis, keys: QueueKeys, source: str, *arguments: str | int
) -> list[object]:
    """Return the reply of a script that stands on the library.

    Raises UnknownLayoutError or MissingRightsError when the script refuses, in
    which case it has written nothing.
    """
    with translate_errors():
        try:
            reply = await client.register_script(source)(
                keys=[keys.base], args=arguments
            )
        except ResponseError as error:
            # A command that is denied inside a script is no NOPERM error.
            if (rule := denied_rule(error)) is None:
                raise
            raise MissingRightsError((rule,)) from None
    match reply:
        case [b"unknown_layout", b""]:
            raise VersionMissingError(keys.queue)
        case [b"unknown_layout", version]:
            raise UnknownLayoutError(keys.queue, as_text(version))
        case [b"wrong_type", part]:
            problem = f"{as_text(part)} has an unexpected type"
            raise UnknownLayoutError(keys.queue, problem)
        case [b"missing_rights", *rules]:
            raise MissingRightsError(tuple(f"+{as_text(rule)}" for rule in rules))
        case [*values]:
            return values
    raise BullMQError("Redis answers something else than it was asked")


BULK_SIZE = 20
"""Failed jobs that one script call changes at most: below 1 ms."""

SEARCH_SIZE = 10
"""Waiting ids that one script call looks for at most."""

COMPARED_ENTRIES = 20_000
"""List entries that Redis compares at most to take one id out: LREM needs 10 to 30 µs
for a thousand."""

SEARCHED_ENTRIES = 40_000
"""List entries that one script call may compare, when it takes out more than one id."""

WINDOW_SIZE = 2_000
"""List entries that one script call hands to Lua, for an id that is not where its
number should stand: below 1 ms."""

WINDOW_OVERLAP = 100
"""Entries that are looked at twice, as others may take away some meanwhile."""

_SEARCH = "search"
"""Answer of a script that would have to compare too many entries."""


class Result(StrEnum):
    """Outcome of a change for one job. All but DONE changed nothing."""

    DONE = "done"
    NOT_ACTIVE = "not_active"
    """The job finished, or somebody else took it away."""
    NOT_WAITING = "not_waiting"
    NOT_FAILED = "not_failed"
    LOCK_CHANGED = "lock_changed"
    """Another worker, or another run, holds it; or its lock ran out."""
    RUN_CHANGED = "run_changed"
    """The id is the same, the run or the job is another."""
    HASH_MISSING = "hash_missing"
    """The job has no data any more: it can only be removed."""
    LOCKED = "locked"
    """A worker still holds the failed job: it would run twice."""
    UNSUPPORTED = "unsupported"
    """A parent, a child, a repeated job, or damaged."""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """Outcome for many jobs, in the order that was asked for."""

    outcomes: Mapping[str, Result]

    @property
    def done(self) -> int:
        """Return how many jobs were changed."""
        return sum(outcome is Result.DONE for outcome in self.outcomes.values())

    @property
    def skipped(self) -> Mapping[str, Result]:
        """Return the jobs that were left alone, with the reason."""
        return {
            job_id: outcome
            for job_id, outcome in self.outcomes.items()
            if outcome is not Result.DONE
        }


_REMOVE = script_source("active_job", "remove")
_REQUEUE = script_source("active_job", "requeue")
_FAIL = script_source("active_job", "fail")
_REMOVE_WAITING = script_source("remove_waiting")
_RETRY_FAILED = script_source("retry_failed")
_CLEAR_FAILED = script_source("clear_failed")

type _Argument = str | int


class QueueRecovery:
    """Changes jobs of the queues under one prefix.

    Every change raises, before anything was written, UnknownLayoutError when the
    queue is not one of BullMQ 5 or 6 and MissingRightsError when the ACL user may
    not run a command; other errors are those of the connection. A change is never
    sent twice: after a lost reply only a look tells whether it was made.
    """

    def __init__(self, client: Redis, prefix: str) -> None:
        """Keep the client (made with `decode_responses=False`) and the prefix."""
        self._client = client
        self._prefix = prefix

    async def remove(self, queue: str, fence: ActiveFence) -> Result:
        """Take an active job away for good, without freeing its slot."""
        return await self._change_active(_REMOVE, queue, fence)

    async def requeue(self, queue: str, fence: ActiveFence) -> Result:
        """Put an active job in front of all that wait.

        With a live lock the job runs twice, unless the queue is paused until the
        workers have restarted.
        """
        return await self._change_active(_REQUEUE, queue, fence)

    async def fail(self, queue: str, fence: ActiveFence, reason: str) -> Result:
        """Move an active job to the failed ones, with a reason to show."""
        return await self._change_active(_FAIL, queue, fence, reason)

    async def remove_waiting(
        self, queue: str, job_id: str, added_at: int | None = None
    ) -> Result:
        """Take one waiting, prioritized or delayed job away for good."""
        fence = WaitingFence(job_id, added_at)
        return (await self.remove_waiting_jobs(queue, (fence,))).outcomes[job_id]

    async def remove_waiting_jobs(
        self, queue: str, fences: Iterable[WaitingFence]
    ) -> BulkResult:
        """Take waiting, prioritized or delayed jobs away for good."""
        outcomes: dict[str, Result] = {}
        size = await self._search_size(queue)
        for batch in batched(dict.fromkeys(fences), size, strict=False):
            replies = await self._remove_waiting(queue, batch)
            for fence, reply in zip(batch, replies, strict=True):
                outcomes[fence.job_id] = (
                    await self._remove_by_windows(queue, fence)
                    if reply == _SEARCH
                    else Result(reply)
                )
        return BulkResult(outcomes)

    async def _remove_by_windows(self, queue: str, fence: WaitingFence) -> Result:
        """Look for one id through the whole line, some of it at a time."""
        offset = 0
        while True:
            [reply] = await self._remove_waiting(queue, (fence,), offset)
            if reply != _SEARCH:
                return Result(reply)
            offset += WINDOW_SIZE - WINDOW_OVERLAP

    async def _remove_waiting(
        self, queue: str, fences: Iterable[WaitingFence], offset: int | None = None
    ) -> list[str]:
        """Run the script: it seeks, or with an offset looks through one window."""
        window = (_or_empty(offset), "" if offset is None else WINDOW_SIZE)
        arguments = [
            argument
            for fence in fences
            for argument in (fence.job_id, _or_empty(fence.added_at))
        ]
        return await self._run(
            _REMOVE_WAITING, queue, COMPARED_ENTRIES, *window, *arguments
        )

    async def retry_failed(self, queue: str, job_ids: Collection[str]) -> BulkResult:
        """Put failed jobs behind all that wait, as if they had never run."""
        return await self._change_many(_RETRY_FAILED, queue, job_ids)

    async def clear_failed(self, queue: str, job_ids: Collection[str]) -> BulkResult:
        """Delete failed jobs."""
        return await self._change_many(_CLEAR_FAILED, queue, job_ids)

    async def failed_ids(
        self, queue: str, offset: int = 0, count: int = 1000
    ) -> tuple[str, ...]:
        """Return ids of failed jobs, the newest first."""
        with translate_errors():
            ids = await self._client.zrevrange(
                self._keys(queue).failed, offset, offset + count - 1
            )
        return tuple(as_text(job_id) or "" for job_id in ids)

    def _keys(self, queue: str) -> QueueKeys:
        return QueueKeys(self._prefix, queue)

    async def _change_active(
        self, script: str, queue: str, fence: ActiveFence, *more: str
    ) -> Result:
        replies = await self._run(
            script,
            queue,
            fence.job_id,
            _or_empty(fence.processed_on),
            fence.lock_token or "",
            *more,
        )
        return Result(replies[0])

    async def _change_many(
        self, script: str, queue: str, job_ids: Collection[str]
    ) -> BulkResult:
        outcomes: dict[str, Result] = {}
        for batch in batched(dict.fromkeys(job_ids), BULK_SIZE, strict=False):
            outcomes |= _outcomes(batch, await self._run(script, queue, *batch))
        return BulkResult(outcomes)

    async def _search_size(self, queue: str) -> int:
        """Return how many ids one call may search without holding Redis up."""
        keys = self._keys(queue)
        with translate_errors():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.llen(keys.wait)
            pipeline.llen(keys.paused)
            lengths = await pipeline.execute(raise_on_error=False)
        # The script itself refuses a key of an unexpected type.
        entries = sum(length for length in lengths if isinstance(length, int))
        return max(1, min(SEARCH_SIZE, SEARCHED_ENTRIES // max(1, entries)))

    async def _run(self, script: str, queue: str, *arguments: _Argument) -> list[str]:
        reply = await run_script(self._client, self._keys(queue), script, *arguments)
        return [as_text(outcome) or "" for outcome in reply]


def _or_empty(number: int | None) -> _Argument:
    return "" if number is None else number


def _outcomes(job_ids: Iterable[str], replies: Iterable[str]) -> dict[str, Result]:
    return dict(zip(job_ids, map(Result, replies), strict=True))
