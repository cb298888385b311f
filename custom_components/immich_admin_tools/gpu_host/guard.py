"""Sees within milliseconds that jobs are skipped instead of done.

A poll is too slow: with the machine learning gone, Immich skips hundreds of photos a
second. So one connection waits for the events of the queues that run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
import logging

from ..bullmq.errors import BullMQError
from ..bullmq.event_watch import EventWatch
from .fast_jobs import FastJobs, fast_limit

_LOGGER = logging.getLogger(__name__)

PAUSE = 0.01
"""Seconds between two reads, so that a busy queue does not keep Home Assistant busy."""
ASK_AGAIN = 2.0
"""Seconds until the host is asked again, after it turned out to be well."""
RETRY = 5.0
"""Seconds until a lost connection is tried again."""

type Suspect = Callable[[str], Awaitable[bool]]
"""Called with a queue; returns whether the host was found well after all."""


class DrainGuard:
    """Watches the queues of one host for jobs that end too fast."""

    def __init__(
        self,
        events: EventWatch,
        usual: Callable[[str], float | None],
        suspect: Suspect,
    ) -> None:
        """`usual` returns the median seconds of a queue's jobs."""
        self._events = events
        self._usual = usual
        self._suspect = suspect
        self._queues: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._jobs: dict[str, FastJobs] = {}
        self._asking: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def watch(self, queues: Collection[str]) -> None:
        """Watch these queues from now on; none: rest."""
        wanted = frozenset(queues)
        if wanted != self._queues:
            self._queues = wanted
            self._changed.set()

    def take_burnt(self, queue: str) -> int:
        """Return how many jobs of a queue in a row ended too fast, and begin anew."""
        jobs = self._jobs.get(queue)
        if jobs is None or not jobs.suspicious:
            return 0
        burnt = jobs.in_a_row
        jobs.forget()
        return burnt

    async def run(self) -> None:
        """Watch until cancelled. A Redis that is lost is tried again."""
        try:
            while True:
                self._changed.clear()
                if not self._queues:
                    self._events.start_anew()
                    await self._changed.wait()
                    continue
                try:
                    await self._read()
                    await asyncio.sleep(PAUSE)
                except BullMQError as error:
                    _LOGGER.debug("Jobs can't be watched now: %s", error)
                    self._events.start_anew()
                    await asyncio.sleep(RETRY)
        finally:
            if self._asking is not None:
                self._asking.cancel()

    async def _read(self) -> None:
        """Wait once for events, and look at them."""
        for queue, events in (await self._events.next(self._queues)).items():
            jobs = self._jobs.setdefault(queue, FastJobs())
            jobs.limit = fast_limit(self._usual(queue))
            jobs.observe(events)
            now = asyncio.get_running_loop().time()
            if jobs.suspicious and self._asking is None and now >= self._not_before:
                # Without waiting for it: what is skipped meanwhile is to be counted.
                self._asking = asyncio.create_task(self._ask(queue))

    async def _ask(self, queue: str) -> None:
        """Have the host asked; begin a new row when it is well."""
        try:
            if await self._suspect(queue):
                self._jobs[queue].forget()
                self._not_before = asyncio.get_running_loop().time() + ASK_AGAIN
        finally:
            self._asking = None
