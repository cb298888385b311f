"""Entries and files that version 0.1.0 made, on real servers, go on as it would have.

Each fixture is one entry with what 0.1.0 had stored for it at that moment.
"""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, cast

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.clock import now_ms
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.queues import MACHINE_LEARNING
from custom_components.immich_admin_tools.restart import maintenance
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, poll, set_up, state_of
from .gpu import all_paused, gpu_state, reach

FIXTURES = Path(__file__).parents[1] / "fixtures" / "stores-0.1.0"
AGE = 100_000
"""ms since the files were made: a heartbeat has come since."""
EPOCH = 1_700_000_000_000
"""What is larger in a file is a time: ms since the epoch."""


def _moved(value: object, by: int) -> Any:
    """Return what was stored with all its times moved."""
    if isinstance(value, dict):
        return {key: _moved(part, by) for key, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, by) for part in value]
    return value + by if isinstance(value, int) and value > EPOCH else value


def _latest(value: object) -> int:
    """Return the latest time of the past in what was stored."""
    if isinstance(value, dict):
        parts = [part for key, part in value.items() if key != "until"]
        return max(map(_latest, parts), default=0)
    if isinstance(value, list):
        return max(map(_latest, value), default=0)
    return value if isinstance(value, int) and value > EPOCH else 0


async def _load(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    valkey: Valkey,
    name: str,
) -> MockConfigEntry:
    """Put the files where Home Assistant keeps them, and set their entry up."""
    made = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    now = entry_for(simulator, valkey.url)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=made["entry"]["title"],
        unique_id=now.unique_id,
        data={**made["entry"]["data"], **now.data},
        options=made["entry"]["options"],
        subentries_data=[
            {**box, "data": {**box["data"], "ml_url": simulator.ml_url}}
            for box in made["entry"]["subentries"]
        ],
        version=made["entry"]["version"],
        minor_version=made["entry"]["minor_version"],
    )
    by = now_ms() - AGE - _latest(made["stores"])
    for key, stored in made["stores"].items():
        own = f"{DOMAIN}.{entry.entry_id}.{key}"
        hass_storage[own] = {"key": own, **_moved(stored, by)}
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def _pause(simulator: Simulator, *queues: str) -> None:
    """Pause queues as they were paused when the files were made."""
    for queue in queues:
        body = {"isPaused": True}
        status, _ = await simulator.request("PUT", f"/api/queues/{queue}", body)
        assert status == 200


async def _paused(simulator: Simulator) -> set[str]:
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return {queue["name"] for queue in queues if queue["isPaused"]}


async def _until_unpaused(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Poll until no queue is paused and nothing is held."""

    async def unpaused() -> bool:
        await poll(hass, entry)
        leases = entry.runtime_data.leases
        return not await _paused(simulator) and not leases.book.pauses

    await until(unpaused, timeout=60, what="all queues go on")


def _section(
    hass_storage: Mapping[str, Any], entry: MockConfigEntry, name: str
) -> Mapping[str, Any]:
    safety = hass_storage[f"{DOMAIN}.{entry.entry_id}.safety"]["data"]
    return cast("Mapping[str, Any]", safety.get(name, {}))


async def test_work(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """A pause for eight hours, a worker that was blocked, counts, history and options."""
    await _pause(simulator, "ocr", "library")
    entry = await _load(hass, hass_storage, simulator, valkey, "work")
    await poll(hass, entry)
    # Hours are left of the user's pause, and the one by hand is the user's too.
    (lease,) = entry.runtime_data.leases.book.pauses["ocr"].leases
    assert lease.reason.kind == "user"
    assert lease.until is not None
    assert await _paused(simulator) == {"ocr", "library"}

    counted = entry.runtime_data.queues.data.queues["thumbnailGeneration"].processed
    assert counted == 60
    history = await hass.services.async_call(
        DOMAIN, "get_history", {}, blocking=True, return_response=True
    )
    events = cast("list[dict[str, Any]]", cast("dict[str, Any]", history)["events"])
    told = {event["type"] for event in events}
    assert {"job_stuck", "job_cleared", "queue_finished", "queue_paused"} <= told
    assert state_of(hass, entry, "select.auto_heal") == "alert_only"
    assert state_of(hass, entry, "number.ocr.stuck_threshold") == "60"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("name", ["restart_under_way", "maintenance_under_way"])
async def test_a_restart_that_was_broken_off(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Brought to its end: the queues go on, and maintenance mode is over."""
    # It may still begin for ten minutes.
    monkeypatch.setattr(maintenance, "FORGET_AFTER", 1.0)
    await _pause(simulator, *MACHINE_LEARNING)
    entry = await _load(hass, hass_storage, simulator, valkey, name)
    await _until_unpaused(hass, entry, simulator)
    assert "begun" not in _section(hass_storage, entry, "restart")
    assert len(_section(hass_storage, entry, "restart")["tries"]) == 1

    async def over() -> bool:
        await entry.runtime_data.maintenance.async_end()
        return "cookie" not in _section(hass_storage, entry, "maintenance")

    await until(over, timeout=30, what="maintenance is over")
    assert not [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith("maintenance")
    ]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_box_that_is_off(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """Its queues stay paused until it answers."""
    await simulator.machine_learning("off")
    await _pause(simulator, *MACHINE_LEARNING)
    entry = await _load(hass, hass_storage, simulator, valkey, "box_off")
    await all_paused(entry)
    assert gpu_state(hass, entry, "sensor.state") == "off"
    assert await _paused(simulator) == MACHINE_LEARNING
    await simulator.machine_learning("on")
    await reach(entry, "ready")
    await _until_unpaused(hass, entry, simulator)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_box_that_skipped_photos(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    valkey: Valkey,
) -> None:
    """Its pauses end when it is back."""
    await _pause(simulator, *MACHINE_LEARNING)
    entry = await _load(hass, hass_storage, simulator, valkey, "skipped")
    await _until_unpaused(hass, entry, simulator)
    await hass.config_entries.async_unload(entry.entry_id)
