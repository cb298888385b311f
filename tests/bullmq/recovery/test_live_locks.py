"""The lock watch beside a real worker with Immich's own lock of 30 s."""

import asyncio
import time

import pytest
import pytest_socket

from custom_components.immich_admin_tools.bullmq.jobs import QueueListing
from custom_components.immich_admin_tools.bullmq.locks import (
    CERTAIN_AFTER,
    LockObservation,
    SlotState,
    slot_state,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import (
    ActiveFence,
    QueueRecovery,
    Result,
)
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

from .made_queue import PREFIX

HANGS, ENDS = "migration", "sidecar"
POLL = 2.0


@pytest.mark.timeout(150)
async def test_slot_that_is_lost_and_slot_that_is_free() -> None:
    """Of two removed jobs one still hangs, the other ends: their locks tell."""
    pytest_socket.enable_socket()
    async with (
        start_valkey() as valkey,
        Simulator(valkey.url) as immich,
        valkey.client() as client,
    ):
        for queue in (HANGS, ENDS):
            await immich.hang(queue)
            await immich.add_jobs(queue)
            await immich.until_truth(queue, hung_now=1)
        reading = await QueueReader(client, PREFIX).read([HANGS, ENDS])
        recovery, listing = QueueRecovery(client, PREFIX), QueueListing(client, PREFIX)
        fences = {
            queue: ActiveFence.from_job(reading.queues[queue].jobs[0])
            for queue in (HANGS, ENDS)
        }
        for queue, fence in fences.items():
            assert await recovery.remove(queue, fence) is Result.DONE
        await immich.unhang(ENDS)

        seen: dict[str, list[LockObservation]] = {HANGS: [], ENDS: []}
        states: dict[str, list[SlotState]] = {HANGS: [], ENDS: []}
        began = time.monotonic()
        while time.monotonic() - began < CERTAIN_AFTER / 1000:
            for queue, fence in fences.items():
                locks = await listing.observe_locks(queue, [fence.job_id])
                seen[queue].append(locks[fence.job_id])
                states[queue].append(slot_state(seen[queue], fence.lock_token))
            if states[ENDS][-1] is SlotState.FREE and SlotState.LOST in states[HANGS]:
                break
            await asyncio.sleep(POLL)

        assert states[HANGS][-1] is SlotState.LOST
        assert SlotState.FREE not in states[HANGS]
        assert states[ENDS][-1] is SlotState.FREE
        assert SlotState.LOST not in states[ENDS]

        await immich.kill_worker(restart=True)
        until_free = time.monotonic() + CERTAIN_AFTER / 1000
        while states[HANGS][-1] is not SlotState.FREE:
            assert time.monotonic() < until_free
            await asyncio.sleep(POLL)
            locks = await listing.observe_locks(HANGS, [fences[HANGS].job_id])
            seen[HANGS].append(locks[fences[HANGS].job_id])
            states[HANGS].append(slot_state(seen[HANGS], fences[HANGS].lock_token))
