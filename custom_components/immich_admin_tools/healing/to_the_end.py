"""Work that is brought to its end although whoever waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine


async def to_the_end[T](work: Coroutine[object, object, T]) -> T:
    """Do something as one step: when cancelled meanwhile, finish it, then be cancelled.

    An entry that is unloaded, and a Home Assistant that stops, cancel a task and wait
    for it. What it was about to write down would be lost with a plain cancellation.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task})
        if not task.cancelled():
            # Its error, if any, is nobody's any more.
            task.exception()
        raise
