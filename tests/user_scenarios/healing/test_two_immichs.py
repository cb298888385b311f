"""Two Immich instances on one Redis, told apart by the number of the database."""

from typing import cast

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_REDIS_URL,
    CONF_THRESHOLDS,
    CONF_VERIFY_SSL,
    DOMAIN,
    MAX_POLL_INTERVAL,
)
from tests.integration.conftest import entry_for, poll, set_up
from tests.integration.healing.helpers import call, hang, set_option
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey


async def test_the_second_one_in_another_database(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """A family runs a second Immich with REDIS_DBINDEX=1 and adds it too.

    Both are watched; clearing a job of one leaves the job with the same id in the
    same queue of the other alone.
    """
    # Both simulators have the same administrator, two Immich instances have not.
    entry = entry_for(simulator, valkey.url, unique_id="another-administrator")
    await set_up(hass, entry)
    second_url = valkey.url.removesuffix("/0") + "/1"
    async with Simulator(second_url, assets=20, time_scale=0.1) as second:
        flows = hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        for answer in (
            {
                CONF_URL: second.url,
                CONF_API_KEY: second.api_key,
                CONF_VERIFY_SSL: True,
            },
            {"next_step_id": "redis"},
            {CONF_REDIS_URL: second_url, "more": {}},
        ):
            result = await flows.async_configure(result["flow_id"], answer)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        other = cast("MockConfigEntry", result["result"])
        set_option(
            hass,
            other,
            **{CONF_POLL_INTERVAL: MAX_POLL_INTERVAL, CONF_THRESHOLDS: {"library": 1}},
        )
        ids = await hang(hass, entry, simulator, "library")
        await second.hang("library")
        assert await second.add_jobs("library") == ids
        await second.until_truth("library", hung_now=1)
        await call(hass, "clear_stuck", config_entry_id=entry.entry_id, queue="library")
        for each, active in ((entry, 0), (other, 1)):
            await poll(hass, each)
            assert each.runtime_data.queues.data.queues["library"].active == active
        for immich in (simulator, second):
            await immich.unhang()
        # Not under a second test, whose Redis is the same.
        for each in (entry, other):
            await hass.config_entries.async_remove(each.entry_id)
    async with valkey.client(db=1) as client:
        await client.flushdb()
