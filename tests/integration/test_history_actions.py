"""The history as an answer, and as a file."""

import csv
import io
import json
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol
import yaml

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.devices import queue_identifier
from custom_components.immich_admin_tools.history.events import Event, EventType

from .healing.helpers import call

FIRST = 1_700_000_000_000
PACKAGE = Path("custom_components") / DOMAIN


@pytest.fixture
async def told(entry: MockConfigEntry) -> MockConfigEntry:
    """Return an entry in which five things happened, a minute apart."""
    activity = entry.runtime_data.history
    for number, (kind, queue) in enumerate(
        (
            (EventType.QUEUE_PAUSED, "ocr"),
            (EventType.JOB_STUCK, "library"),
            (EventType.JOB_STUCK, "ocr"),
            (EventType.JOB_CLEARED, "ocr"),
            (EventType.WORKERS_RESTARTED, None),
        )
    ):
        await activity.async_record(Event(kind, FIRST + number * 60_000, queue=queue))
    return entry


async def test_filters_and_pages(hass: HomeAssistant, told: MockConfigEntry) -> None:
    """The newest comes first; a page says where the next one begins."""
    answer = await call(hass, "get_history", count=2)
    assert [event["type"] for event in answer["events"]] == [
        "workers_restarted",
        "job_cleared",
    ]
    assert (answer["total"], answer["next"]) == (5, 2)
    answer = await call(hass, "get_history", count=2, offset=4)
    assert [event["type"] for event in answer["events"]] == ["queue_paused"]
    assert answer["next"] is None
    answer = await call(hass, "get_history", queue="ocr", type="job_stuck")
    (event,) = answer["events"]
    assert event["queue"] == "ocr"
    assert event["time"] == "2023-11-14T22:15:20+00:00"

    # A time without a zone is in Home Assistant's own.
    await hass.config.async_set_time_zone("Europe/Berlin")
    between = {"from": "2023-11-14 23:14:20", "to": "2023-11-14 23:15:20"}
    answer = await call(hass, "get_history", **between)
    assert [event["queue"] for event in answer["events"]] == ["library"]


async def test_by_device(hass: HomeAssistant, told: MockConfigEntry) -> None:
    """A queue can be named by its device, as everywhere."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        queue_identifier(told, "library"), told.entry_id
    )
    assert device is not None
    answer = await call(hass, "get_history", device_id=device.id)
    assert [event["queue"] for event in answer["events"]] == ["library"]


async def test_export(
    hass: HomeAssistant, told: MockConfigEntry, tmp_path: Path
) -> None:
    """Files in our own folder; a second one never overwrites the first."""
    hass.config.config_dir = str(tmp_path)
    first = await call(hass, "export_history", queue="ocr")
    second = await call(hass, "export_history", queue="ocr")
    assert first["path"] != second["path"]
    path = Path(first["path"])
    assert path.parent == tmp_path / DOMAIN
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row["type"] for row in rows] == ["job_cleared", "job_stuck", "queue_paused"]
    assert first["count"] == 3

    answer = await call(hass, "export_history", format="json")
    exported = json.loads(Path(answer["path"]).read_text(encoding="utf-8"))
    assert exported == (await call(hass, "get_history"))["events"]


async def test_export_into_a_folder_that_can_not_be(
    hass: HomeAssistant, told: MockConfigEntry, tmp_path: Path
) -> None:
    """The error says where it was to be written."""
    (tmp_path / DOMAIN).write_text("a file is in the way")
    hass.config.config_dir = str(tmp_path)
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "export_history")
    assert error.value.translation_key == "not_exported"
    assert str(tmp_path) in str(error.value)


async def test_unknown_type(hass: HomeAssistant, told: MockConfigEntry) -> None:
    """A type that does not exist is refused, not ignored."""
    with pytest.raises(vol.Invalid):
        await call(hass, "get_history", type="job_stucked")


async def test_the_dialog_offers_every_type(hass: HomeAssistant) -> None:
    """What can happen can be asked for."""
    actions = yaml.safe_load((PACKAGE / "services.yaml").read_text(encoding="utf-8"))
    offered = actions["get_history"]["fields"]["type"]["selector"]["select"]["options"]
    assert set(offered) == {kind.value for kind in EventType}
