"""The dialog of a GPU box."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.gpu_host.settings import Rerun
from custom_components.immich_admin_tools.settings import (
    SUBENTRY_GPU_HOST,
    host_settings_of,
)
from custom_components.immich_admin_tools.subentry_flow import (
    FORM,
    flattened,
    is_broadcast,
    nested,
)

from .gpu import device_of, host_of

LEAST = {
    "name": "Box",
    "ml_url": "http://127.0.0.1:1/",
    "wake": {},
    "sleep": {},
    "automatic": {},
    "work": {},
}


async def fill_in(
    hass: HomeAssistant, entry: MockConfigEntry, **changes: Any
) -> dict[str, Any]:
    """Fill the dialog in; dicts change their section."""
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_GPU_HOST), context={"source": SOURCE_USER}
    )
    assert flow["type"] is FlowResultType.FORM
    result = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {**LEAST, **changes}
    )
    await hass.async_block_till_done()
    return dict(result)


async def test_name_and_address_suffice(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A host with defaults for all the rest gets a device under the server."""
    result = await fill_in(hass, entry)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    settings = host_of(entry).settings
    assert (settings.name, settings.ml_url) == ("Box", "http://127.0.0.1:1")
    assert settings.queues == ("smartSearch", "faceDetection", "ocr")
    assert (settings.power.can_wake, settings.power.can_switch_off) == (False, False)
    assert settings.pause_offline
    assert settings.rerun_missing is Rerun.ASK
    device = device_of(hass, entry)
    assert device is not None
    assert device.name == "Box"
    assert isinstance(device, dr.DeviceEntry)
    assert device.via_device_id == entry.runtime_data.server_device_id
    found = er.async_entries_for_device(er.async_get(hass), device.id)
    names = {f"{it.domain}.{it.unique_id.split('_', 1)[1]}" for it in found}
    assert names == {
        "binary_sensor.online",
        "button.wake",
        "sensor.backlog",
        "sensor.last_wake",
        "sensor.state",
        "switch.automatic",
        "switch.power",
    }


async def test_everything(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """All that can be set arrives in the settings."""
    result = await fill_in(
        hass,
        entry,
        wake={
            "mac": "3C-52-82-1A-2B-3C",
            "broadcast_address": " 192.168.1.255 ",
            "broadcast_port": 7,
            "on_action": [{"action": "test.on"}],
            "boot_timeout": {"minutes": 2},
            "wake_retries": 4,
            "retry_delay": {"seconds": 5},
        },
        sleep={
            "off_action": [{"action": "test.off"}],
            "idle_time": {"hours": 1},
            "minimum_on": {"seconds": 1},
            "cool_down": {"seconds": 2},
            "keep_on_entity": "binary_sensor.game",
        },
        automatic={
            "wake_backlog": 5,
            "wake_age": {"hours": 3},
            "allowed_from": "22:00:00",
            "allowed_to": "06:00:00",
            "gate_entity": "sensor.sun_power",
        },
        work={
            "queues": ["ocr", "smart_search", "Duplicate_Detection"],
            "pause_offline": False,
            "rerun_missing": "auto",
            "concurrency_ocr": 4,
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    settings = host_of(entry).settings
    power = settings.power
    assert settings.packet is not None
    assert settings.packet.mac == "3c:52:82:1a:2b:3c"
    assert (settings.packet.address, settings.packet.port) == ("192.168.1.255", 7)
    assert (settings.has_on_action, power.can_wake, power.can_switch_off) == (True,) * 3
    assert (power.boot_timeout, power.wake_retries, power.retry_delay) == (
        120_000,
        4,
        5_000,
    )
    assert (power.idle_time, power.minimum_on, power.cool_down) == (
        3_600_000,
        1_000,
        2_000,
    )
    assert (power.wake_backlog, power.wake_age) == (5, 3 * 3_600_000)
    assert settings.queues == ("ocr", "smartSearch", "duplicateDetection")
    assert settings.concurrency == {"ocr": 4}
    assert (settings.pause_offline, settings.rerun_missing) == (False, Rerun.AUTO)


@pytest.mark.parametrize(
    ("changes", "where", "error"),
    [
        ({"ml_url": "gpu-box"}, "ml_url", "gpu_invalid_url"),
        ({"ml_url": "ftp://gpu-box"}, "ml_url", "gpu_invalid_url"),
        ({"name": "  "}, "name", "gpu_name_missing"),
        ({"wake": {"mac": "3c:52:82"}}, "base", "gpu_invalid_mac"),
        ({"work": {"queues": []}}, "base", "gpu_no_queues"),
        ({"work": {"queues": ["ocr", "smartserch"]}}, "base", "gpu_unknown_queues"),
        ({"wake": {"broadcast_address": "192.168.1.256"}}, "base", "gpu_invalid_broadcast"),
        ({"wake": {"broadcast_address": "router.lan"}}, "base", "gpu_invalid_broadcast"),
        ({"wake": {"broadcast_address": "127.0.0.1"}}, "base", "gpu_invalid_broadcast"),
        ({"wake": {"boot_timeout": {"seconds": 29}}}, "base", "gpu_boot_too_short"),
        ({"wake": {"on_action": [{"action": 5}]}}, "base", "gpu_actions_wrong"),
        ({"sleep": {"off_action": [{"nonsense": 1}]}}, "base", "gpu_actions_wrong"),
    ],
)  # fmt: skip
async def test_bad_input(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    changes: dict[str, Any],
    where: str,
    error: str,
) -> None:
    """What can't be used is said, and can be put right in the same dialog."""
    result = await fill_in(hass, entry, **changes)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {where: error}
    again = await hass.config_entries.subentries.async_configure(
        result["flow_id"], LEAST
    )
    assert again["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"ml_url": "HTTP://127.0.0.1:1"}),
        (
            {"wake": {"mac": "3C-52-82-1A-2B-3C"}},
            {"wake": {"mac": "3c52821a2b3c"}, "ml_url": "http://127.0.0.1:2"},
        ),
    ],
)
async def test_one_machine_is_one_box(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    first: dict[str, Any],
    second: dict[str, Any],
) -> None:
    """The same MAC or machine learning address twice is refused; another is not."""
    await fill_in(hass, entry, **first)
    result = await fill_in(hass, entry, name="Again", **second)
    assert result["errors"] == {"base": "gpu_machine_twice"}
    assert result["description_placeholders"]["name"] == "Box"
    other = await fill_in(hass, entry, name="Other", ml_url="http://127.0.0.1:3")
    assert other["type"] is FlowResultType.CREATE_ENTRY
    subentry = next(iter(entry.subentries.values()))
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    same = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {**LEAST, **first}
    )
    assert same["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


def test_broadcast_addresses() -> None:
    """That of a network, and the one of all."""
    assert is_broadcast("255.255.255.255")
    assert is_broadcast("192.168.1.255")


@pytest.mark.parametrize(
    "changes",
    [{"wake": {"broadcast_port": 70_000}}, {"automatic": {"wake_backlog": -1}}],
)
async def test_out_of_range(
    hass: HomeAssistant, entry: MockConfigEntry, changes: dict[str, Any]
) -> None:
    """Numbers have bounds."""
    with pytest.raises(InvalidData):
        await fill_in(hass, entry, **changes)


async def test_reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The dialog shows what is set up, and what is changed takes effect."""
    await fill_in(hass, entry, work={"queues": ["ocr"], "concurrency_ocr": 3})
    subentry = next(iter(entry.subentries.values()))
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert flow["type"] is FlowResultType.FORM
    shown = nested(subentry.data)
    assert shown["work"]["concurrency_ocr"] == 3
    result = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {**LEAST, "name": "Other", "work": {"queues": ["ocr"]}}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert host_of(entry).settings.name == "Other"
    assert host_of(entry).settings.concurrency == {}
    device = device_of(hass, entry)
    assert device is not None
    assert device.name == "Other"


def test_form_and_data_are_two_ways_to_say_the_same() -> None:
    """What the dialog stores, it shows again."""
    filled: dict[str, Any] = FORM(LEAST)
    data = flattened(filled)
    assert flattened(FORM({**LEAST, **_sections(nested(data))})) == data


def _sections(shown: dict[str, Any]) -> dict[str, Any]:
    """Return each section with the fields that it has."""
    return {
        name: {key: val for key, val in shown.items() if key in _fields(name)}
        for name in ("wake", "sleep", "automatic", "work")
    }


def _fields(name: str) -> set[str]:
    return {str(key) for key in FORM.schema[name].schema.schema}


async def test_removed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """With its subentry the device goes, and nothing stays paused or told of."""
    await fill_in(hass, entry)
    host, device = host_of(entry), device_of(hass, entry)
    async with asyncio.timeout(30):
        while not host.controller.leases.holding:
            await asyncio.sleep(0.1)
    hass.config_entries.async_remove_subentry(entry, host.settings.host_id)
    await hass.async_block_till_done()
    leases = entry.runtime_data.leases
    async with asyncio.timeout(30):
        while leases.book.pauses:
            await asyncio.sleep(0.1)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.id not in [other.id for other in devices]


def test_defaults_for_what_is_missing() -> None:
    """A subentry of an older version, with the least there can be, still works."""
    entry = MockConfigEntry(
        subentries_data=[
            {
                "subentry_type": SUBENTRY_GPU_HOST,
                "title": "Box",
                "unique_id": None,
                "data": {
                    "ml_url": "http://127.0.0.1:1",
                    "boot_timeout": {"seconds": 0},
                },
            }
        ]
    )
    settings = host_settings_of(next(iter(entry.subentries.values())))
    assert settings.name == "Box"
    assert settings.power.wake_backlog > 0
    assert settings.power.boot_timeout == 30_000, "an on action may be a power button"
