"""What nobody should put into a queue, and what is made of it."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.analysis.models import Source
from custom_components.immich_admin_tools.const import DOMAIN
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entity_id, poll, state_of


@pytest.mark.parametrize("bad", ["non-json", "binary", "huge"])
async def test_jobs_with_bad_data(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    bad: str,
) -> None:
    """They are counted and shown without a photo; none is lost, nothing is logged."""
    await simulator.control("pause", queue="ocr")
    await simulator.add_jobs("ocr", 3, bad=bad)
    await poll(hass, entry)
    assert state_of(hass, entry, "sensor.ocr.waiting") == "3"
    assert entry.runtime_data.queues.data.source is Source.REDIS
    assert "Traceback" not in caplog.text


async def test_active_jobs_with_bad_data(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A stuck job whose data can't be read is still a stuck job."""
    await simulator.hang("ocr")
    (job_id,) = await simulator.add_jobs("ocr")
    await simulator.until_truth("ocr", hung_now=1)
    async with valkey.client() as client:
        await client.hset(f"immich_bull:ocr:{job_id}", "data", b"\x00\xff{not json")
    await poll(hass, entry)
    (job,) = entry.runtime_data.queues.data.queues["ocr"].jobs
    assert job.job_id == job_id
    assert job.asset_ids == ()
    assert "Traceback" not in caplog.text


async def test_unknown_layout(
    hass: HomeAssistant, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Shown, never written to, and said."""
    async with valkey.client() as client:
        version = await client.hget("immich_bull:ocr:meta", "version")
        await client.hset("immich_bull:ocr:meta", "version", "bullmq:9.0.0")
        await poll(hass, entry)
        issue_id = f"unknown_layout_{entry.entry_id}"
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["queues"] == "Text recognition (OCR)"
        assert state_of(hass, entry, "sensor.ocr.waiting") == "0"

        await client.hset("immich_bull:ocr:meta", "version", version)
        await poll(hass, entry)
        assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


async def test_key_of_another_type(
    hass: HomeAssistant,
    valkey: Valkey,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One broken queue does not hide the others."""
    async with valkey.client() as client:
        await client.set("immich_bull:editor:wait", "not a list")
        await poll(hass, entry)
        view = entry.runtime_data.queues.data
        assert view.source is Source.REDIS
        assert "editor" in view.unknown_layouts
        assert state_of(hass, entry, "sensor.ocr.waiting") == "0"
        await client.delete("immich_bull:editor:wait")
    assert "Traceback" not in caplog.text


async def test_a_million_waiting_jobs(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """Counted as fast as none."""
    await simulator.control("pause", queue="library")
    async with valkey.client() as client:
        script = (
            "for i = 1, ARGV[1] do redis.call('RPUSH', KEYS[1], 'x' .. i) end return 1"
        )
        for _ in range(10):
            await client.eval(script, 1, "immich_bull:library:paused", 100_000)
        try:
            await poll(hass, entry)
            assert state_of(hass, entry, "sensor.library.waiting") == "1000000"
            reading = entry.runtime_data.queues.redis.reading
            assert reading.latency < 1
            assert reading.round_trips <= 2
        finally:
            await client.delete("immich_bull:library:paused")


async def test_nothing_blocks_and_nothing_secret_is_logged(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A few polls with work going on."""
    caplog.set_level("DEBUG")
    await simulator.add_jobs("ocr", 20)
    for _ in range(3):
        await poll(hass, entry)
        await entry.runtime_data.server.async_refresh()
        await asyncio.sleep(0.1)
    assert simulator.api_key not in caplog.text
    assert "Detected blocking call" not in caplog.text
    assert entity_id(hass, entry, "sensor.ocr.waiting")
