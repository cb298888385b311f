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


class Patience:
    """Asks whether jobs of one queue were skipped, and has it paused meanwhile."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` returns ms on a monotonic clock."""
        self._now = now
        self._trusted_until: int | None = None
        self._time = 0

    async def ask(
        self,
        question: Awaitable[Answer],
        pause: Callable[[], Awaitable[None]],
    ) -> Answer:
        """Return the answer; `pause` is done beside the question if that takes long."""
        began = self._now()
        asking = asyncio.ensure_future(question)
        try:
            if self._trusted_until is not None and began < self._trusted_until:
                await asyncio.wait([asking], timeout=self._time / 1000)
            if not asking.done():
                await pause()
            answer = await asking
        finally:
            asking.cancel()
        if answer is Answer.YES:
            now = self._now()
            self._trusted_until = now + TRUSTED_FOR
            self._time = max(LEAST, min((now - began) * TIMES, MOST))
        else:
            self._trusted_until = None
        return answer
