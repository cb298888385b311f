"""Turning off everything must never pause, clear or restart anything of ours."""

from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    intent,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.simulator import Simulator

from .conftest import enable_all

# The GPU host's switch and button are meant to be switched like any other device.
HARMLESS_DOMAINS = {"sensor", "binary_sensor", "event", "image"}


@pytest.fixture
async def area_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Put the server into an area, with all its entities enabled."""
    await async_setup_component(hass, "homeassistant", {})
    await enable_all(hass, entry)
    area = ar.async_get(hass).async_create("Office")
    dr.async_get(hass).async_update_device(
        entry.runtime_data.server_device_id, area_id=area.id
    )
    return area.id


async def _jobs_are_untouched(simulator: Simulator) -> None:
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    assert not [queue["name"] for queue in queues if queue["isPaused"]]
    waiting = {q["name"]: q["statistics"]["waiting"] for q in queues}
    assert waiting["videoConversion"] > 0
    truth = await simulator.truth()
    assert truth.restarts == {"api": 0, "worker": 0} or not any(truth.restarts.values())


@pytest.mark.parametrize("target", [ATTR_DEVICE_ID, ATTR_AREA_ID])
@pytest.mark.parametrize(
    ("domain", "service"),
    [
        ("homeassistant", "turn_off"),
        ("homeassistant", "toggle"),
        ("switch", "turn_off"),
        ("switch", "toggle"),
        ("button", "press"),
        ("number", "set_value"),
        ("select", "select_first"),
    ],
)
async def test_device_and_area_targets(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    area_id: str,
    target: str,
    domain: str,
    service: str,
) -> None:
    """A target on the server expands to all queues, and meets nothing that acts."""
    await simulator.speed(60_000, "videoConversion")
    await simulator.add_jobs("videoConversion", 5)
    for needed in ("switch", "button", "number", "select"):
        await async_setup_component(hass, needed, {})
    ids = {
        ATTR_DEVICE_ID: entry.runtime_data.server_device_id,
        ATTR_AREA_ID: area_id,
    }
    data = {"value": 7} if service == "set_value" else {}
    await hass.services.async_call(
        domain, service, data, target={target: ids[target]}, blocking=True
    )
    await _jobs_are_untouched(simulator)


async def test_voice(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, area_id: str
) -> None:
    """Turning off everything in the office finds nothing of ours to turn off."""
    await simulator.speed(60_000, "videoConversion")
    await simulator.add_jobs("videoConversion", 5)
    await async_setup_component(hass, "intent", {})
    with pytest.raises(intent.MatchFailedError):
        await intent.async_handle(
            hass,
            "test",
            intent.INTENT_TURN_OFF,
            {"area": {"value": "Office"}, "domain": {"value": ["switch", "button"]}},
            context=Context(),
            assistant="conversation",
        )
    await _jobs_are_untouched(simulator)


async def test_all_that_acts_is_configuration(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """That is what keeps targets and voice away from it."""
    acting = [
        item
        for item in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if item.domain not in HARMLESS_DOMAINS
    ]
    assert len(acting) > 19
    for item in acting:
        assert item.entity_category is not None, item.entity_id
