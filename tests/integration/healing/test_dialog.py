"""The part of the options dialog that is about stuck jobs."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.immich_admin_tools.const import CONF_POLL_INTERVAL
from custom_components.immich_admin_tools.options_flow import known_jobs_of
from custom_components.immich_admin_tools.settings import heal_limits_of, thresholds_of
from tests.integration.conftest import entity_id, poll
from tests.support.simulator import Simulator

from .helpers import set_option

REST = {
    CONF_POLL_INTERVAL: 300,
    "restart": {"cool_down": {"minutes": 30}, "per_day": 3},
}


async def _submit(
    hass: HomeAssistant, entry: MockConfigEntry, **healing: object
) -> dict[str, Any]:
    """Fill in the dialog."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        flow["flow_id"], {**REST, "healing": healing}
    )
    return dict(result)


async def test_limits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """They take effect at once, next to those of the restarts; and go back."""
    result = await _submit(hass, entry, strikes=5, actions_per_hour=7)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (heal_limits_of(entry).strikes, heal_limits_of(entry).per_hour) == (5, 7)
    assert "restarts_per_day" not in entry.options["heal_limits"]
    await _submit(hass, entry)
    assert heal_limits_of(entry).strikes == 5
    await _submit(hass, entry, strikes=3, actions_per_hour=20)
    assert (heal_limits_of(entry).strikes, heal_limits_of(entry).per_hour) == (3, 20)


def _listed(**thresholds: object) -> list[dict[str, object]]:
    """Return thresholds as the dialog lists them."""
    return [{"job": job, "seconds": seconds} for job, seconds in thresholds.items()]


async def test_kinds_of_jobs(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A kind of job goes before its queue; what was taken out of the list is gone."""
    # A browser sends numbers with or without a point.
    await _submit(hass, entry, job_thresholds=_listed(Ocr=7.0, AssetEncodeVideo=0))
    assert entry.options["job_thresholds"] == {"Ocr": 7, "AssetEncodeVideo": 0}
    assert [type(seconds) for seconds in entry.options["job_thresholds"].values()] == [
        int,
        int,
    ]
    thresholds = thresholds_of(entry)
    assert thresholds.of_job("ocr", "Ocr") == 7
    assert thresholds.of_job("videoConversion", "AssetEncodeVideo") == 0
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert flow["data_schema"] is not None
    assert _shown_thresholds(flow["data_schema"]) == _listed(Ocr=7, AssetEncodeVideo=0)
    await _submit(hass, entry, job_thresholds=[])
    assert entry.options["job_thresholds"] == {}
    assert thresholds_of(entry).of_job("ocr", "Ocr") == 300


def _shown_thresholds(form: vol.Schema) -> object:
    """Return the list of the dialog as it is opened."""
    (healing,) = (field for key, field in form.schema.items() if key == "healing")
    (key,) = (key for key in healing.schema.schema if key == "job_thresholds")
    return key.description["suggested_value"]


@pytest.mark.parametrize(
    "bad",
    [
        _listed(Ocr=-1),
        _listed(Ocr=1.5),
        [{"job": " ", "seconds": 7}],
        [{"job": "Ocr"}],
        [{"seconds": 7}],
    ],
)
async def test_times_that_are_none(
    hass: HomeAssistant, entry: MockConfigEntry, bad: object
) -> None:
    """Said in the dialog, and nothing is stored."""
    result = await _submit(hass, entry, job_thresholds=bad)
    assert result["errors"] == {"base": "job_thresholds_wrong"}
    assert "job_thresholds" not in entry.options


async def test_a_kind_of_job_has_one_time(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Named, whatever blanks are around it."""
    twice = [*_listed(Ocr=7, AssetEncodeVideo=0), {"job": "Ocr ", "seconds": 9}]
    result = await _submit(hass, entry, job_thresholds=twice)
    assert result["errors"] == {"base": "job_threshold_twice"}
    assert result["description_placeholders"] == {"job": "Ocr"}
    assert "job_thresholds" not in entry.options


async def test_jobs_that_were_seen_are_offered(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """By the name that Immich has for them, which nobody knows by heart."""
    assert known_jobs_of(entry) == []
    await poll(hass, entry)
    await simulator.add_jobs("ocr", 3)
    await simulator.until_truth("ocr", finished=3)
    await poll(hass, entry)
    assert known_jobs_of(entry) == ["Ocr"]


async def test_learned_times_are_offered(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """After enough jobs; those that are ticked take the place of the threshold."""
    await simulator.speed(20, "sidecar")
    await poll(hass, entry)
    await simulator.add_jobs("sidecar", 150)
    await simulator.until_truth("sidecar", finished=150)
    for _ in range(2):
        await poll(hass, entry)
    state = hass.states.get(entity_id(hass, entry, "number.sidecar.stuck_threshold"))
    assert state is not None
    learned = state.attributes["learned"]
    assert learned is not None
    set_option(hass, entry, thresholds={"ocr": 60})
    await _submit(hass, entry, learned=["sidecar"])
    assert entry.options["thresholds"] == {"ocr": 60, "sidecar": learned}
