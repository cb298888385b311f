"""Every way to change jobs, and a queue on which each has something to do."""

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
)

from .made_queue import PROCESSED_ON, QUEUE, TOKEN, MadeQueue

ACTIVE = ActiveFence("7", PROCESSED_ON, TOKEN)

type Operation = Callable[[QueueRecovery], Awaitable[object]]

OPERATIONS: dict[str, Operation] = {
    "remove": lambda recovery: recovery.remove(QUEUE, ACTIVE),
    "requeue": lambda recovery: recovery.requeue(QUEUE, ACTIVE),
    "fail": lambda recovery: recovery.fail(QUEUE, ACTIVE, "stuck"),
    "remove_waiting": lambda recovery: recovery.remove_waiting(QUEUE, "1"),
    "retry_failed": lambda recovery: recovery.retry_failed(QUEUE, ["5"]),
    "clear_failed": lambda recovery: recovery.clear_failed(QUEUE, ["5"]),
}

every_operation = pytest.mark.parametrize("operation", OPERATIONS)


async def fill(client: Redis) -> MadeQueue:
    """Make the queue. Refusals are the same in each BullMQ version."""
    queue = MadeQueue(client, "bullmq:5.80.5")
    await queue.create()
    await queue.start("7", dedup_id="one")
    await queue.add("1", dedup_id="two")
    await queue.fail("5", dedup_id="three")
    await queue.client.xadd(queue.keys.events, {"event": "drained"})
    return queue
