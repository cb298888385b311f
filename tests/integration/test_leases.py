"""Pauses in a real Home Assistant: by hand, for a while, by a lease, and across restarts."""

from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
import voluptuous as vol

from custom_components.immich_admin_tools import clock as clock_module
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.pauses.leases import LeaseKind, LeaseReason
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entity_id, entry_for, poll, set_up

# Not of a GPU host: those look after their leases themselves.
HEAL = LeaseReason(LeaseKind.HEAL, "test")


async def _call(hass: HomeAssistant, action: str, queue: str, **data: object) -> None:
    await hass.services.async_call(
        DOMAIN, action, {"queue": queue, **data}, blocking=True
    )


async def _paused(simulator: Simulator) -> set[str]:
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return {queue["name"] for queue in queues if queue["isPaused"]}


async def _resume_in_immich(simulator: Simulator, queue: str) -> None:
    """Do what a click in Immich's own web page does."""
    await simulator.request("PUT", f"/api/queues/{queue}", {"isPaused": False})


def _attributes(
    hass: HomeAssistant, entry: MockConfigEntry, queue: str
) -> dict[str, Any]:
    state = hass.states.get(entity_id(hass, entry, f"switch.{queue}.processing"))
    assert state is not None
    names = ("paused_by", "reason", "paused_since", "paused_until")
    return {name: state.attributes[name] for name in names}


class Clock:
    """The time that leases see, and a way to let it pass."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start now."""
        self._hass = hass
        self.now = dt_util.utcnow()

    def time(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.now.timestamp()

    async def passes(self, **duration: float) -> None:
        """Fire the timers that are due then."""
        self.now += timedelta(**duration)
        async_fire_time_changed(self._hass, self.now)
        await self._hass.async_block_till_done()


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the leases a clock of the test's own."""
    clock = Clock(hass)
    monkeypatch.setattr(clock_module, "time", clock.time)
    monkeypatch.setattr(clock_module, "monotonic", clock.time)
    return clock


@pytest.fixture(params=["entry", "api_only_entry"])
def either_entry(request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an entry with Redis, then one without."""
    entry: MockConfigEntry = request.getfixturevalue(request.param)
    return entry


async def test_by_hand(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Paused until the user says otherwise; the switch says whose pause it is."""
    working = {"paused_by": None, "reason": None, "paused_since": None}
    assert _attributes(hass, entry, "ocr") == working | {"paused_until": None}
    switch = {"entity_id": entity_id(hass, entry, "switch.ocr.processing")}
    await hass.services.async_call("switch", "turn_off", switch, blocking=True)
    await poll(hass, entry)
    assert await _paused(simulator) == {"ocr"}
    shown = _attributes(hass, entry, "ocr")
    assert shown["paused_by"] == "user"
    assert shown["reason"] == "by_hand"
    assert dt_util.parse_datetime(shown["paused_since"])
    assert shown["paused_until"] is None
    assert entry.runtime_data.leases.book.pauses == {}
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    await poll(hass, entry)
    assert await _paused(simulator) == set()
    assert _attributes(hass, entry, "ocr")["paused_by"] is None


async def test_for_a_while(
    hass: HomeAssistant, api_only_entry: MockConfigEntry, simulator: Simulator
) -> None:
    """It goes on by itself at the very moment, not with some later poll.

    In real time: firing Home Assistant's clock would end the requests in flight too.
    """
    entry = api_only_entry
    before = dt_util.utcnow()
    await _call(hass, "pause", "library", **{"for": {"seconds": 3}})
    await poll(hass, entry)
    assert await _paused(simulator) == {"library"}
    shown = _attributes(hass, entry, "library")
    assert (shown["paused_by"], shown["reason"]) == ("user", "user")
    until_ = dt_util.parse_datetime(shown["paused_until"])
    assert until_
    assert abs(until_ - before - timedelta(seconds=3)) < timedelta(seconds=2)

    async def going_on() -> bool:
        return not await _paused(simulator)

    await until(going_on, timeout=20, what="the queue goes on", interval=0.1)
    assert dt_util.utcnow() - before >= timedelta(seconds=3)


async def test_a_while_needs_a_length(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Nothing and less than nothing are refused."""
    for duration in (0, -5, {"seconds": 0}, "soon"):
        with pytest.raises(vol.Invalid):
            await _call(hass, "pause", "ocr", **{"for": duration})
    assert await _paused(simulator) == set()


async def test_home_assistant_away_when_the_while_ends(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """The queue goes on with the next start."""
    await _call(hass, "pause", "library", **{"for": {"minutes": 2}})
    await hass.config_entries.async_unload(entry.entry_id)
    await clock.passes(minutes=3)
    assert await _paused(simulator) == {"library"}
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert await _paused(simulator) == set()


async def test_immich_away_when_the_while_ends(
    hass: HomeAssistant,
    clock: Clock,
    either_entry: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """It is tried again with every poll until Immich answers."""
    await _call(hass, "pause", "library", **{"for": {"minutes": 2}})
    await simulator.api("500")
    await clock.passes(minutes=3)
    await poll(hass, either_entry)
    await simulator.api("normal")
    assert await _paused(simulator) == {"library"}
    await poll(hass, either_entry)
    assert await _paused(simulator) == set()
    assert either_entry.runtime_data.leases.book.pauses == {}


async def test_a_lease_says_that_it_is_ours(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """And survives a start of Home Assistant."""
    await entry.runtime_data.leases.take(HEAL, ["smartSearch", "ocr"])
    await poll(hass, entry)
    shown = _attributes(hass, entry, "ocr")
    assert shown["paused_by"] == DOMAIN
    assert shown["reason"] == "heal"
    assert shown["paused_until"] is None
    await hass.config_entries.async_reload(entry.entry_id)
    await poll(hass, entry)
    assert await _paused(simulator) == {"smartSearch", "ocr"}
    assert _attributes(hass, entry, "ocr") == shown
    await entry.runtime_data.leases.end(HEAL)
    assert await _paused(simulator) == set()


@pytest.mark.parametrize("where", ["switch", "action", "immich"])
async def test_the_user_lets_a_leased_queue_go_on(
    hass: HomeAssistant,
    either_entry: MockConfigEntry,
    simulator: Simulator,
    where: str,
) -> None:
    """Wherever the user does so, the lease ends, and its reason takes no new one."""
    entry, leases = either_entry, either_entry.runtime_data.leases
    await leases.take(HEAL, ["smartSearch", "ocr"])
    await poll(hass, entry)
    if where == "switch":
        switch = {"entity_id": entity_id(hass, entry, "switch.ocr.processing")}
        await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    elif where == "action":
        await _call(hass, "resume", "ocr")
    else:
        await _resume_in_immich(simulator, "ocr")
    await poll(hass, entry)
    assert (await leases.take(HEAL, ["smartSearch", "ocr"])).blocked == ("ocr",)
    await poll(hass, entry)
    assert await _paused(simulator) == {"smartSearch"}
    await leases.end(HEAL)
    await leases.take(HEAL, ["ocr"])
    assert await _paused(simulator) == {"ocr"}


async def test_by_hand_in_spite_of_a_lease(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Paused by hand before, or while it lasts: it stays paused after the lease."""
    leases = entry.runtime_data.leases
    await simulator.request("PUT", "/api/queues/ocr", {"isPaused": True})
    await leases.take(HEAL, ["ocr", "smartSearch"])
    await _call(hass, "pause", "smartSearch")
    await poll(hass, entry)
    assert _attributes(hass, entry, "smartSearch")["reason"] == "by_hand"
    await hass.config_entries.async_reload(entry.entry_id)
    await entry.runtime_data.leases.end(HEAL)
    await poll(hass, entry)
    assert await _paused(simulator) == {"ocr", "smartSearch"}


async def test_a_redis_that_lost_its_data(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new Redis has forgotten the pause: that was nobody's wish."""
    leases = entry.runtime_data.leases
    await leases.take(HEAL, ["ocr"])
    await poll(hass, entry)
    await _resume_in_immich(simulator, "ocr")
    redis = entry.runtime_data.queues.redis
    assert redis is not None
    read = redis.read

    async def read_of_another_run(*args: Any) -> Any:
        reading = await read(*args)
        assert reading is not None
        object.__setattr__(reading, "run_id", "another")
        return reading

    monkeypatch.setattr(redis, "read", read_of_another_run)
    await poll(hass, entry)
    assert await _paused(simulator) == {"ocr"}
    assert leases.owner("ocr") is not None


@pytest.mark.parametrize("with_redis", [True, False])
async def test_disabled_or_deleted_entries_leave_no_pause(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    hass_storage: dict[str, Any],
    with_redis: bool,
) -> None:
    """Nobody would be there to let the queues go on."""
    entry = entry_for(simulator, valkey.url if with_redis else None)
    await set_up(hass, entry)
    await _call(hass, "pause", "library")
    for end in (_disable, _delete):
        await entry.runtime_data.leases.take(HEAL, ["ocr", "library"])
        assert await _paused(simulator) == {"ocr", "library"}
        await end(hass, entry)
        assert await _paused(simulator) == {"library"}
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def _disable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def _delete(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


async def test_deleted_while_immich_is_away(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said which queues may still be paused."""
    entry = entry_for(simulator, None)
    await set_up(hass, entry)
    await entry.runtime_data.leases.take(HEAL, ["ocr"])
    await simulator.api("500")
    await _delete(hass, entry)
    await simulator.api("normal")
    assert "still paused after the entry was deleted" in caplog.text
    assert "did not answer: ocr" in caplog.text
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


@pytest.mark.parametrize(
    "act",
    [
        pytest.param({"action": "pause"}, id="pause"),
        pytest.param({"action": "pause", "for": {"minutes": 1}}, id="pause for"),
        pytest.param({"action": "resume"}, id="resume"),
    ],
)
async def test_immich_away_when_the_user_acts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    act: dict[str, Any],
) -> None:
    """The user is told, and nothing happens later."""
    await _call(hass, "pause", "ocr")
    await simulator.api("500")
    with pytest.raises(HomeAssistantError) as told:
        await _call(
            hass,
            act["action"],
            "library",
            **{key: val for key, val in act.items() if key == "for"},
        )
    assert told.value.translation_key == "immich_server_error"
    await simulator.api("normal")
    await poll(hass, entry)
    assert await _paused(simulator) == {"ocr"}


async def test_a_store_that_cannot_be_written(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pause that could not be undone after a crash is refused; by hand it works."""

    async def lost(store: object, data: object) -> None:
        """Write nothing, as on a full disk."""

    monkeypatch.setattr("homeassistant.helpers.storage.Store.async_save", lost)
    with pytest.raises(HomeAssistantError) as told:
        await _call(hass, "pause", "ocr", **{"for": {"minutes": 1}})
    assert told.value.translation_key == "not_stored"
    assert await _paused(simulator) == set()
    await _call(hass, "pause", "ocr")
    assert await _paused(simulator) == {"ocr"}
    await _call(hass, "resume", "ocr")
    assert await _paused(simulator) == set()


async def test_counting_goes_on_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """What was processed stays counted, also what was processed meanwhile."""

    def processed() -> int:
        count: int = entry.runtime_data.queues.data.queues["ocr"].processed
        return count

    await simulator.speed(5)
    await simulator.add_jobs("ocr", 5)
    await simulator.until_truth("ocr", finished=5)
    await poll(hass, entry)
    before = processed()
    await hass.config_entries.async_unload(entry.entry_id)
    await simulator.add_jobs("ocr", 7)
    await simulator.until_truth("ocr", finished=12)
    await hass.config_entries.async_setup(entry.entry_id)
    await poll(hass, entry)
    assert processed() == before + 7
