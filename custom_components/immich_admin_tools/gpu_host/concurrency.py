"""More workers while a host is on, and as it was before when none is.

What was there before belongs to the queue: two hosts may work for one.
"""

import asyncio
from collections.abc import Callable, Mapping
import logging
from typing import Protocol

from ..healing.errors import NotStoredError
from ..healing.safety import Section
from ..immich.errors import ImmichError
from ..serialization import to_json
from .record import ConcurrencyOverride, overrides_of

_LOGGER = logging.getLogger(__name__)

AGAIN = 60_000
"""ms until it is tried again."""


class ConcurrencyApi(Protocol):
    """What of Immich's API is needed."""

    async def concurrency(self) -> Mapping[str, int]:
        """Return how many jobs each queue runs at once."""

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Let a queue run so many jobs at once."""


def planned(
    wanted: Mapping[str, int],
    known: Mapping[str, ConcurrencyOverride],
    current: Mapping[str, int],
) -> tuple[Mapping[str, ConcurrencyOverride], Mapping[str, int]]:
    """Return what is to be remembered, and what is to be set, by queue. Pure.

    `wanted`: the numbers while hosts are on; without those of hosts that are off. A
    number that somebody else has changed meanwhile is left as it is.
    """
    overrides: dict[str, ConcurrencyOverride] = {}
    changes: dict[str, int] = {}
    for queue, jobs in wanted.items():
        if queue not in current:
            continue
        before = known.get(queue)
        if before is None:
            overrides[queue] = ConcurrencyOverride(current[queue], jobs)
            changes[queue] = jobs
        elif before.during != jobs and current[queue] == before.during:
            overrides[queue] = ConcurrencyOverride(before.before, jobs)
            changes[queue] = jobs
        else:
            overrides[queue] = before
    for queue, override in known.items():
        if queue not in wanted and current.get(queue) == override.during:
            changes[queue] = override.before
    return overrides, {
        queue: jobs for queue, jobs in changes.items() if current[queue] != jobs
    }


def adopted(
    known: Mapping[str, ConcurrencyOverride],
    of_hosts: Mapping[str, Mapping[str, ConcurrencyOverride]],
) -> Mapping[str, ConcurrencyOverride]:
    """Return what 0.1.0 had stored with each host, as one record per queue. Pure.

    Of two hosts on one queue the second took the number of the first for that of
    before: the one that is nobody's own number is the user's.
    """
    by_queue: dict[str, list[ConcurrencyOverride]] = {}
    for overrides in of_hosts.values():
        for queue, override in overrides.items():
            by_queue.setdefault(queue, []).append(override)
    found = dict(known)
    for queue, overrides_ in by_queue.items():
        ours = {override.during for override in overrides_}
        users = [
            override for override in overrides_ if override.before not in ours
        ] or overrides_
        if queue not in found:
            before = users[0].before
            # The last one that was set is the one whose `before` is another's number.
            last = [
                override
                for override in overrides_
                if override.before in ours - {override.during}
            ]
            found[queue] = ConcurrencyOverride(before, (last or overrides_)[-1].during)
    return found


class ConcurrencyKeeper:
    """Keeps the numbers of workers of one Immich for all its hosts."""

    def __init__(
        self,
        api: ConcurrencyApi,
        section: Section,
        now: Callable[[], int],
        wanted: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Go on from what is stored; `wanted` by host while it is on."""
        self._api = api
        self._section = section
        self._now = now
        self._wanted = wanted
        self._on: dict[str, bool | None] = dict.fromkeys(wanted)
        self._overrides: Mapping[str, ConcurrencyOverride] = overrides_of(section.data)
        self._not_before: int | None = None
        self._failing = False
        self._lock = asyncio.Lock()

    @property
    def overrides(self) -> Mapping[str, ConcurrencyOverride]:
        """Return which queues have another number than before."""
        return self._overrides

    def adopt(self, of_hosts: Mapping[str, Mapping[str, ConcurrencyOverride]]) -> None:
        """Take over what 0.1.0 has stored with each host; `save` writes it down."""
        self._overrides = adopted(self._overrides, of_hosts)

    async def save(self) -> bool:
        """Write down what was taken over; return whether it could be."""
        async with self._lock:
            return await self._store(self._overrides)

    async def keep(self, host_id: str, is_on: bool | None) -> None:
        """Note whether a host is on, and set the numbers; what fails is tried again."""
        self._on[host_id] = is_on
        await self.apply()

    async def apply(self) -> None:
        """Set what follows from all hosts; what is not known stays as it is."""
        async with self._lock:
            wanted = self._now_wanted()
            during = {queue: it.during for queue, it in self._overrides.items()}
            now = self._now()
            early = self._not_before is not None and now < self._not_before
            if during == wanted or early:
                return
            self._not_before = now + AGAIN
            await self._set(wanted)

    async def undo(self) -> None:
        """Set all numbers as they were, as nobody will be there to do it later."""
        async with self._lock:
            if self._overrides:
                await self._set({})

    def _now_wanted(self) -> Mapping[str, int]:
        """Return the number that each queue is to have; of two hosts, the higher one."""
        wanted: dict[str, int] = {}
        for host_id, is_on in self._on.items():
            for queue, jobs in self._wanted.get(host_id, {}).items():
                if is_on:
                    wanted[queue] = max(jobs, wanted.get(queue, 0))
        for host_id, is_on in self._on.items():
            for queue in self._wanted.get(host_id, {}):
                if is_on is None and queue in self._overrides:
                    wanted.setdefault(queue, self._overrides[queue].during)
        return wanted

    async def _set(self, wanted: Mapping[str, int]) -> None:
        """Write down what is to be changed, change it, write down what is left.

        Logs the first failure of a row, and its end.
        """
        known = self._overrides
        try:
            overrides, changes = planned(wanted, known, await self._api.concurrency())
            if not await self._store({**known, **overrides}):
                return
            for queue, jobs in changes.items():
                await self._api.set_concurrency(queue, jobs)
        except ImmichError as error:
            if not self._failing:
                _LOGGER.warning("Concurrency cannot be set in Immich: %s", error)
            self._failing = True
            return
        if self._failing:
            _LOGGER.info("Concurrency can be set in Immich again")
        self._failing = False
        await self._store(overrides)

    async def _store(self, overrides: Mapping[str, ConcurrencyOverride]) -> bool:
        """Write it down and take it over; return whether it could be."""
        try:
            await self._section.save(
                {"overrides": {queue: to_json(it) for queue, it in overrides.items()}}
            )
        except NotStoredError as error:
            _LOGGER.warning("Concurrency settings cannot be stored: %s", error)
            return False
        self._overrides = overrides
        return True
