"""How long a host has to answer before what it works on is paused in doubt.

No time at all at first: a pause that was not needed is soon undone, a photo that was
skipped is not. A host that answered the last doubt has some time at the next one, so that
a row of fast jobs, such as of photos that are gone, does not pause its queue over and over.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ..analysis.skipped import Answer

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
