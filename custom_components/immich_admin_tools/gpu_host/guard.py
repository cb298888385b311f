"""Sees within milliseconds that jobs are skipped instead of done.

A poll is too slow: with the machine learning gone, Immich skips hundreds of photos a
second. So one connection waits for the events of all queues that a GPU host works for,
whether or not they ran when somebody last looked: a queue that goes on is watched from
its first job on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
import logging
from typing import Protocol

from ..analysis.skipped import Answer
from ..analysis.throughput import entry_id
from ..bullmq.errors import BullMQError
from ..bullmq.event_listener import StreamEnds
from ..bullmq.models import JobEvent

TRUSTED_FOR = 30_000
"""ms from an answer, within which a host is given time for the next one."""
LEAST = 50
MOST = 1_000
"""ms of that time; in between it is what the last answer took, several times."""
TIMES = 3
HEAD_START = 250
"""ms that a pause has for itself before the host is asked, which would only slow it."""


class Patience:
    """Asks whether jobs of one queue were skipped, and has it paused meanwhile."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` returns ms on a monotonic clock."""
        self._now = now
        self._trusted_until: int | None = None
        self._time = 0

    async def ask(
        self,
        question: Callable[[], Awaitable[Answer]],
        pause: Callable[[], Awaitable[None]],
    ) -> Answer:
        """Ask, and pause, unless the answer comes in time; return the answer.

        A pause that takes long does not hold up the question, but both are awaited.
        """
        pausing: asyncio.Future[None] | None = None
        asking: asyncio.Future[Answer] | None = None
        try:
            if self._trusts():
                began, asking = self._now(), asyncio.ensure_future(question())
                await asyncio.wait([asking], timeout=self._time / 1000)
            if asking is None or not asking.done():
                pausing = asyncio.ensure_future(pause())
                await asyncio.wait([pausing], timeout=HEAD_START / 1000)
            if asking is None:
                began, asking = self._now(), asyncio.ensure_future(question())
            answer = await asking
            took = self._now() - began
            if pausing is not None:
                await pausing
        finally:
            for task in (pausing, asking):
                if task is not None:
                    task.cancel()
        self._learn(answer, took)
        return answer

    def _trusts(self) -> bool:
        """Return whether the host is given time to answer."""
        return self._trusted_until is not None and self._now() < self._trusted_until

    def _learn(self, answer: Answer, took: int) -> None:
        """Trust a host that answers, for a while."""
        if answer is Answer.YES:
            self._trusted_until = self._now() + TRUSTED_FOR
            self._time = max(LEAST, min(took * TIMES, MOST))
        else:
            self._trusted_until = None


_LOGGER = logging.getLogger(__name__)

PAUSE = 0.01
"""Seconds between two reads, so that a busy queue does not keep Home Assistant busy."""
RETRIES = (0.1, 0.5, 1.0, 2.0)
"""Seconds until a lost connection is tried again; the last one from then on."""
SILENT = 1_500
"""ms without a reply, of which one comes every second, after which one is overdue."""
READY_WITHIN = 2.0
"""Seconds that a queue waits for the guard before it goes on without."""
SEEN_WITHIN = 1.0
"""Seconds for what has happened until now to be taken in."""


class EventSource(Protocol):
    """What reads the events."""

    async def ends(self, queues: Collection[str]) -> Mapping[str, StreamEnds]:
        """Return where the streams begin and end. Raises BullMQError."""

    async def next(self, positions: Mapping[str, str]) -> Mapping[str, list[JobEvent]]:
        """Return the next events after these entries. Raises BullMQError."""


class EventConsumer(Protocol):
    """What takes the events in."""

    def position(self, queue: str) -> str | None:
        """Return the last entry that was taken in; None when nothing is known."""

    def observe(self, queue: str, events: Collection[JobEvent]) -> None:
        """Take in all events after those before."""

    def lost(self, queue: str, *, anew: bool) -> None:
        """Note that events were lost; `anew`: the whole stream, with its ids."""


class DrainGuard:
    """Watches queues for jobs that end too fast, and goes on where it stopped."""

    def __init__(
        self,
        events: EventSource,
        queues: Collection[str],
        now: Callable[[], int],
    ) -> None:
        """`now` returns ms on a monotonic clock."""
        self._events = events
        self._queues = frozenset(queues)
        self._consumer: EventConsumer | None = None
        """Who watches; None while nobody does."""
        self._now = now
        self._positions: dict[str, str] = {}
        self._replied: int | None = None
        """When the last reply came; None while there is no connection."""
        self._reading: asyncio.Task[Mapping[str, list[JobEvent]]] | None = None
        self._ready = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def watching(self) -> bool:
        """Return whether events are seen as they happen."""
        return self._replied is not None and self._now() - self._replied <= SILENT

    async def ready(self, queues: Collection[str]) -> None:
        """Return when these queues are watched, or after a short time in any case."""
        if self._consumer is None or self._queues.isdisjoint(queues) or self.watching:
            return
        self._ready.clear()
        self._hurry.set()
        if self._reading is not None:
            # Its connection is silent: a new one is made.
            self._reading.cancel()
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._ready.wait()
        except TimeoutError:
            _LOGGER.debug("%s go on unwatched", ", ".join(sorted(queues)))

    async def seen_all(self, queues: Collection[str]) -> bool:
        """Return whether all that has happened in these queues until now was taken in."""
        consumer = self._consumer
        if consumer is None or not self.watching:
            return False
        try:
            async with asyncio.timeout(SEEN_WITHIN):
                ends = await self._events.ends(queues)
                while any(
                    entry_id(consumer.position(queue) or "0-0") < entry_id(it.last)
                    for queue, it in ends.items()
                ):
                    await asyncio.sleep(PAUSE)
        except BullMQError, TimeoutError:
            return False
        return True

    async def run(self, consumer: EventConsumer) -> None:
        """Watch until cancelled. A Redis that is lost is tried again."""
        self._consumer = consumer
        failures = 0
        while True:
            try:
                await self._begin(consumer)
                failures = 0
                while True:
                    await self._read(consumer)
                    await asyncio.sleep(PAUSE)
            except BullMQError as error:
                _LOGGER.debug("Jobs can't be watched now: %s", error)
            self._replied = None
            delay = RETRIES[min(failures, len(RETRIES) - 1)]
            failures += 1
            try:
                async with asyncio.timeout(delay):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            self._hurry.clear()

    async def _begin(self, consumer: EventConsumer) -> None:
        """Find out from where to read: where it stopped, if that is still there."""
        for queue, ends in (await self._events.ends(self._queues)).items():
            known = self._positions.get(queue) or consumer.position(queue)
            if known is None:
                known = ends.last
            elif entry_id(known) > entry_id(ends.last):
                # Redis was emptied, and began with a clock that is behind.
                consumer.lost(queue, anew=True)
                known = "0-0"
            elif entry_id(known) < entry_id(ends.first):
                consumer.lost(queue, anew=False)
            self._positions[queue] = known
        self._replied = self._now()
        self._ready.set()

    async def _read(self, consumer: EventConsumer) -> None:
        """Wait once for events, and hand them on."""
        self._reading = asyncio.ensure_future(self._events.next(self._positions))
        try:
            found = await self._reading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                self._reading.cancel()
                raise
            # Only the read was given up: see `ready`.
            raise BullMQError("The connection is silent") from None
        finally:
            self._reading = None
        self._replied = self._now()
        for queue, events in found.items():
            self._positions[queue] = events[-1].entry_id
            consumer.observe(queue, events)
