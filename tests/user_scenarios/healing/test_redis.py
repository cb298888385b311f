"""What happens to Redis behind everybody's back."""

import asyncio

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.conftest import Clocks, poll
from tests.integration.healing.helpers import listen, types
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

QUEUE = "migration"


async def test_redis_is_emptied_while_jobs_wait(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    entry: MockConfigEntry,
    clocks: Clocks,
) -> None:
    """Its container was recreated without a volume: 3,000 jobs are gone, not finished."""
    told = listen(hass)
    await simulator.speed(100, QUEUE)
    await simulator.add_jobs(QUEUE, 3000)
    await poll(hass, entry)
    await simulator.until_truth(QUEUE, finished=20)
    await poll(hass, entry)
    async with valkey.client() as client:
        await client.flushall()
    for _ in range(6):
        await poll(hass, entry)
        await asyncio.sleep(0.3)
        clocks.passed += 10
    assert entry.runtime_data.queues.data.queues[QUEUE].waiting == 0
    assert "queue_finished" not in types(told)
