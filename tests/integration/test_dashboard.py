"""The dashboard's feed on a real Valkey with real workers: live, and honest about what is ignored."""

import asyncio
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.immich_admin_tools.const import CONF_AUTO_HEAL, DOMAIN
from custom_components.immich_admin_tools.dashboard.delta import applied
from custom_components.immich_admin_tools.recorded import async_on_times
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, poll, set_up, state_of
from .gpu import all_paused, box, gpu_entity_id, host_data, host_of, reach, with_hosts
from .healing.helpers import hang, listen, set_option, types


@pytest.fixture(autouse=True)
def _real_network(
    recorder_mock: Recorder, socket_enabled: None, enable_custom_integrations: None
) -> None:
    """As for all tests of this folder, but with a recorder, which has to come first."""


class Feed:
    """What a page is sent."""

    def __init__(self, socket: Any) -> None:
        """Speak through a connection."""
        self.socket = socket
        self.snapshot: dict[str, Any] = {}
        self.messages = 0

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """Send a command; return its answer."""
        await self.socket.send_json_auto_id({"type": command, **fields})
        while True:
            message: dict[str, Any] = await self.socket.receive_json()
            if message["type"] != "event":
                return message
            self.messages += 1
            event = message["event"]
            if event["type"] == "snapshot":
                self.snapshot = event["snapshot"]
            elif event["type"] == "delta":
                self.snapshot = applied(self.snapshot, event["delta"])

    async def catch_up(self) -> None:
        """Take in all that was sent so far."""
        await self.ask("ping")


@pytest.fixture
async def feed(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> Feed:
    """Return a page that looks at the entry."""
    found = Feed(await hass_ws_client(hass))
    await found.ask(f"{DOMAIN}/subscribe", entry_id=entry.entry_id)
    await found.catch_up()
    assert len(found.snapshot["queues"]) == 19
    return found


async def test_a_change_in_redis_is_there_with_the_next_poll(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, feed: Feed
) -> None:
    """And so is what was done of it."""
    await entry.runtime_data.client.pause("ocr")
    await simulator.add_jobs("ocr", 7)
    await poll(hass, entry)
    await feed.catch_up()
    ocr = feed.snapshot["queues"]["ocr"]
    assert (ocr["waiting"], ocr["state"]) == (7, "paused")
    assert ocr["pause"]["by"] == "user"
    assert ocr["run"]["done"] == 0
    await entry.runtime_data.client.resume("ocr")

    async def done() -> bool:
        await poll(hass, entry)
        await feed.catch_up()
        return bool(feed.snapshot["queues"]["ocr"]["run"]["done"] == 7)

    await until(done, timeout=30, what="7 done", interval=0.2)
    assert feed.snapshot["run"]["done"] == 7


async def test_a_hung_job_that_is_ignored(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, feed: Feed
) -> None:
    """Nobody hears of it, and auto-heal leaves it alone, also after a reload."""
    told = listen(hass)
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    await poll(hass, entry)
    await feed.catch_up()
    (job,) = feed.snapshot["stuck"].values()
    assert (job["job_id"], job["kind"]) == (job_id, "hung")
    assert job["actions"] == ["clear", "ignore"]
    answer = await feed.ask(
        f"{DOMAIN}/ignore_job", entry_id=entry.entry_id, queue="ocr", job_id=job_id
    )
    assert answer["success"]
    await feed.catch_up()
    assert feed.snapshot["stuck"] == {}
    assert state_of(hass, entry, "binary_sensor.stuck") == "off"
    set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"})
    for _ in range(4):
        await poll(hass, entry)
        await asyncio.sleep(0.3)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    for _ in range(6):
        await asyncio.sleep(1)
        await poll(hass, entry)
    await feed.catch_up()
    assert feed.snapshot["stuck"] == {}
    assert feed.snapshot["outcomes"] == {}
    (seen,) = entry.runtime_data.queues.data.queues["ocr"].jobs
    assert seen.job_id == job_id
    assert seen.ignored
    assert types(told) == ["job_stuck", "job_ignored"]
    await simulator.unhang()


async def test_clearing_shows_what_came_of_it(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, feed: Feed
) -> None:
    """While it is under way, and for ten minutes afterwards."""
    (job_id,) = await hang(hass, entry, simulator, "ocr")
    act = hass.async_create_task(
        hass.services.async_call(
            DOMAIN,
            "clear_job",
            {"queue": "ocr", "job_id": job_id, "mode": "remove"},
            blocking=True,
            return_response=True,
        )
    )
    await act
    await poll(hass, entry)
    await feed.catch_up()
    (outcome,) = feed.snapshot["outcomes"].values()
    assert outcome["job_id"] == job_id
    assert outcome["by"] == "user"
    assert outcome["outcome"] in ("slot_lost", "unconfirmed")
    assert feed.snapshot["stuck"] == {}
    assert feed.snapshot["last_cleared"]["queue"] == "ocr"
    await simulator.unhang()


async def test_numbers(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, feed: Feed
) -> None:
    """What the recorder knows, and what came since it looked."""
    about = {"entry_id": entry.entry_id}
    processed = entry.runtime_data.queues.data.queues["ocr"].processed

    async def until_processed(count: int) -> None:
        await simulator.add_jobs("ocr", 6)

        async def done() -> bool:
            await poll(hass, entry)
            now = entry.runtime_data.queues.data.queues["ocr"].processed
            return bool(now == count)

        await until(done, timeout=30, what=f"{count} processed", interval=0.2)

    async def compiled() -> None:
        await async_wait_recording_done(hass)
        now = dt_util.utcnow()
        start = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
        do_adhoc_statistics(hass, start=start)
        await async_wait_recording_done(hass)

    await compiled()
    await until_processed(processed + 6)
    found = (await feed.ask(f"{DOMAIN}/statistics", **about))["result"]
    assert found["bars_missing"] is None
    assert found["processed"] == 6
    assert sum(bar["jobs"] for bar in found["bars"]) == 6
    assert found["processed_before"] is None
    assert found["average"]["queue"] == "ocr"
    # Asked again within a minute, nobody is asked.
    await until_processed(processed + 12)
    again = (await feed.ask(f"{DOMAIN}/statistics", **about))["result"]
    assert again == found
    entry.runtime_data.dashboard._answers.clear()
    speed = (await feed.ask(f"{DOMAIN}/speed", **about, hours=24))["result"]
    assert speed["missing"] is None
    assert {len(own["values"]) for own in speed["series"]} == {288}
    assert speed["step"] == 300


async def test_when_a_box_was_on(hass: HomeAssistant) -> None:
    """From states, without those that say nothing; one that runs on has no end."""
    sensor = "binary_sensor.box_online"
    begin = dt_util.utcnow()
    assert await async_on_times(hass, sensor, begin) is None
    for state in ("off", "on", "unavailable", "on", "off", "unknown", "on"):
        hass.states.async_set(sensor, state)
        await async_wait_recording_done(hass)
    found = await async_on_times(hass, sensor, begin)
    assert found is not None
    (first, second) = found.times
    assert second[1] is None
    assert first[1] is not None
    assert found.known_from <= first[0] < first[1] <= second[0]
    later = await async_on_times(hass, sensor, dt_util.utcnow())
    assert later is not None
    assert [end for _, end in later.times] == [None]
    assert await async_on_times(hass, None, begin) is None


async def test_a_box(
    hass: HomeAssistant,
    simulator: Simulator,
    valkey: Valkey,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Who paused, how far it is, how long it took and when it was on."""
    async with box(hass, simulator) as own:
        await simulator.machine_learning("off")
        entry = with_hosts(
            entry_for(simulator, valkey.url),
            host_data(simulator, own, wake_age={"hours": 1}),
        )
        await set_up(hass, entry)
        await all_paused(entry)
        await async_wait_recording_done(hass)
        feed = Feed(await hass_ws_client(hass))
        await feed.ask(f"{DOMAIN}/subscribe", entry_id=entry.entry_id)
        host_id = host_of(entry).host_id

        async def shown() -> dict[str, Any]:
            await poll(hass, entry)
            await feed.catch_up()
            found: dict[str, Any] = feed.snapshot["gpu_hosts"][host_id]
            return found

        async def is_read() -> bool:
            return (await shown())["awake"] is not None

        # The recorder is asked in the background.
        await until(is_read, timeout=30, what="the recorder has answered")
        found = await shown()
        assert (found["state"], found["online"], found["awake"]) == ("off", False, [])
        assert found["mac"]
        # Automatic power is off: nobody would wake it, however long jobs wait.
        await simulator.add_jobs("ocr", 3)
        assert (await shown())["wake_at_latest"] is None
        automatic = {"entity_id": gpu_entity_id(hass, entry, "switch.automatic")}
        await hass.services.async_call("switch", "turn_on", automatic, blocking=True)
        due = (await shown())["wake_at_latest"]
        assert 3_500_000 < due - feed.snapshot["as_of"] <= 3_605_000
        await hass.services.async_call("switch", "turn_off", automatic, blocking=True)
        pause = feed.snapshot["queues"]["ocr"]["pause"]
        assert (pause["by"], pause["host"]) == ("immich_admin_tools", host_id)
        await hass.services.async_call(
            "switch",
            "turn_on",
            {"entity_id": gpu_entity_id(hass, entry, "switch.power")},
            blocking=True,
        )
        await reach(entry, "ready")
        found = await shown()
        assert found["online"] is True
        ((since, end),) = found["awake"]
        assert found["signalled_at"] <= since
        assert end is None
        assert found["usual_boot"] is not None
        await async_wait_recording_done(hass)
        answer = await feed.ask(f"{DOMAIN}/speed", entry_id=entry.entry_id)
        (recorded,) = answer["result"]["gpu"]
        assert recorded["host_id"] == host_id
        assert [end for _, end in recorded["awake"]] == [None]
        answer = await feed.ask(f"{DOMAIN}/statistics", entry_id=entry.entry_id)
        assert answer["result"]["gpu"]["wakes"] == 1
        await hass.config_entries.async_unload(entry.entry_id)
