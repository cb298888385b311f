"""Telemetry with a real endpoint: what is measurable is said, what is not as well."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.immich_admin_tools.const import (
    CONF_POLL_INTERVAL,
    CONF_TELEMETRY_URL,
    MAX_POLL_INTERVAL,
)
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, set_up
from .healing.helpers import call, set_option


def _as_offered(schema: vol.Schema | None) -> dict[str, object]:
    """Return what a user sends who leaves a form as it is."""
    assert schema is not None
    given: dict[str, object] = {}
    for key, field in schema.schema.items():
        suggested = (key.description or {}).get("suggested_value")
        if isinstance(field, section):
            given[key] = _as_offered(field.schema)
        elif suggested is not None:
            given[key] = suggested
    return given


@pytest.fixture
async def told(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> MockConfigEntry:
    """Return an entry that knows where the telemetry is."""
    await simulator.telemetry(on=True)
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    set_option(hass, entry, **{CONF_TELEMETRY_URL: simulator.metrics_url})
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def test_failures_are_counted(
    hass: HomeAssistant, told: MockConfigEntry, simulator: Simulator
) -> None:
    """Jobs that fail count as completed in Redis; the telemetry tells them apart."""
    before = (await simulator.truth()).queues["ocr"]
    await simulator.speed(0)
    await simulator.machine_learning("off")
    await simulator.add_jobs("ocr", 20)
    await simulator.until_truth("ocr", finished=before.finished + 20)
    telemetry = told.runtime_data.telemetry
    await telemetry.async_read()
    assert telemetry.unknown_because is None
    truth = (await simulator.truth()).queues["ocr"]
    assert truth.handler_failed - before.handler_failed == 20
    assert telemetry.counts.of("Ocr").failed == 20
    assert telemetry.counts.of("Ocr").success == 0
    answer = await call(hass, "get_statistics", queue="ocr")
    assert answer["outcomes"]["jobs"]["Ocr"]["failed"] == 20
    assert answer["outcomes"]["unknown_because"] is None

    # It goes on after a restart of ours.
    await hass.config_entries.async_reload(told.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.runtime_data.telemetry.counts.of("Ocr").failed == 20
    await hass.config_entries.async_unload(told.entry_id)


async def test_lost_and_found(
    hass: HomeAssistant, told: MockConfigEntry, simulator: Simulator
) -> None:
    """An endpoint that does not answer is unknown, never zero."""
    telemetry = told.runtime_data.telemetry
    assert telemetry.slots_taken("ocr") == 0
    await simulator.telemetry(on=False)
    await telemetry.async_read()
    assert telemetry.unknown_because == "telemetry_lost"
    assert telemetry.slots_taken("ocr") is None
    await simulator.telemetry(on=True)
    await telemetry.async_read()
    assert telemetry.unknown_because is None
    await hass.config_entries.async_unload(told.entry_id)


async def test_a_lost_slot_shows(
    hass: HomeAssistant, told: MockConfigEntry, simulator: Simulator
) -> None:
    """The gauge counts workers that hang on to a job that Redis no longer has."""
    await simulator.hang("ocr", 1)
    await simulator.add_jobs("ocr", 1)
    await simulator.until_truth("ocr", hung_now=1)
    await simulator.control("forget_active", queue="ocr")
    telemetry = told.runtime_data.telemetry
    await telemetry.async_read()
    assert telemetry.slots_taken("ocr") == 1
    await simulator.unhang("ocr")
    await hass.config_entries.async_unload(told.entry_id)


async def test_not_set_up(entry: MockConfigEntry) -> None:
    """Nothing is measured, and that is said."""
    assert entry.runtime_data.telemetry.unknown_because == "no_telemetry"


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("immich", "immich_invalid_address"),
        ("http://127.0.0.1:9", "telemetry_lost"),
        ("{url}/api/server/ping", "no_telemetry"),
        ("{metrics}", None),
    ],
)
async def test_the_dialog_looks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    address: str,
    error: str | None,
) -> None:
    """A wrong address is refused with what is wrong about it."""
    await simulator.telemetry(on=True)
    given = {
        CONF_TELEMETRY_URL: address.format(
            url=simulator.url, metrics=simulator.metrics_url
        ),
        CONF_POLL_INTERVAL: MAX_POLL_INTERVAL,
    }
    form = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {**_as_offered(form["data_schema"]), **given}
    )
    if error is None:
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.runtime_data.telemetry.urls == (simulator.metrics_url,)
    else:
        assert result["errors"] == {CONF_TELEMETRY_URL: error}


async def test_statistics_without_a_recorder(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is not a must."""
    answer = (await call(hass, "get_statistics", queue="ocr"))["queues"]["ocr"]
    assert answer["processed_unknown_because"] == "no_recorder"
    assert answer["given_up_by_day"] == {}
