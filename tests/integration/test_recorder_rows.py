"""What is written to the recorder: a row for each change of a state, and no more."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import clock
from custom_components.immich_admin_tools.analysis.clocks import HEARTBEAT_LIFE
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import Clocks, enable_all, entity_id, poll, state_of

HEARTBEAT = "immich_bull:{}:stalled-check"

MOST_AN_HOUR = 1_000
BUSY_SECONDS = 1_200
IDLE_SECONDS = 600
POLL = 5


async def pass_by(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    valkey: Valkey,
    clocks: Clocks,
    seconds: float,
) -> None:
    """Let time pass and poll. The workers can't know of that time: we beat for them."""
    clocks.passed += seconds
    async with valkey.client() as client, client.pipeline() as beats:
        for queue in entry.runtime_data.server.data.queues:
            beats.set(HEARTBEAT.format(queue), clock.now_ms(), px=HEARTBEAT_LIFE)
        await beats.execute()
    await poll(hass, entry)


@contextmanager
def recorded(hass: HomeAssistant) -> Iterator[Counter[str]]:
    """Count the rows per entity."""
    rows: Counter[str] = Counter()

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        """Count one: the recorder keeps what differs in an unrecorded attribute too."""
        rows[event.data["entity_id"]] += 1

    remove = hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    yield rows
    remove()


def of_queue(hass: HomeAssistant, entry: MockConfigEntry, queue: str) -> set[str]:
    """Return the ids of all entities of a queue."""
    registry = er.async_get(hass)
    state = registry.async_get(entity_id(hass, entry, f"sensor.{queue}.state"))
    assert state is not None
    assert state.device_id is not None
    return {
        own.entity_id for own in er.async_entries_for_device(registry, state.device_id)
    }


async def test_rows_of_a_poll_that_brings_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    valkey: Valkey,
    clocks: Clocks,
) -> None:
    """What is written to the recorder while nothing happens: nothing."""
    await simulator.control("pause", queue="ocr")
    await simulator.add_jobs("ocr", 3)
    for _ in range(3):
        await pass_by(hass, entry, valkey, clocks, 40)
    with recorded(hass) as rows:
        for _ in range(20):
            await pass_by(hass, entry, valkey, clocks, POLL)
    assert rows == {}


async def test_rows_of_a_busy_queue(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    valkey: Valkey,
    clocks: Clocks,
) -> None:
    """At most 1,000 an hour, with all of its entities on; idle none.

    Real workers at their own pace, an hour's clock that runs ahead of theirs: each
    poll finds other counts, ids and a rate that swings more than it would.
    """
    await enable_all(hass, entry)
    entities = of_queue(hass, entry, "ocr")
    assert len(entities) >= 18
    await simulator.speed(10, "ocr")
    await simulator.add_jobs("ocr", 20_000)
    for _ in range(30):
        await pass_by(hass, entry, valkey, clocks, POLL)
    with recorded(hass) as rows:
        for _ in range(BUSY_SECONDS // POLL):
            await pass_by(hass, entry, valkey, clocks, POLL)
    assert state_of(hass, entry, "sensor.ocr.state") == "running"
    assert state_of(hass, entry, "sensor.ocr.eta") != "unknown"
    assert rows[entity_id(hass, entry, "sensor.ocr.waiting")] >= BUSY_SECONDS / 30
    busy = sum(rows[own] for own in entities) * 3_600 / BUSY_SECONDS
    assert busy <= MOST_AN_HOUR, rows

    await simulator.control("drain", queue="ocr")
    for _ in range(30):
        await pass_by(hass, entry, valkey, clocks, POLL)
    assert state_of(hass, entry, "sensor.ocr.state") == "idle"
    with recorded(hass) as rows:
        for _ in range(IDLE_SECONDS // POLL):
            await pass_by(hass, entry, valkey, clocks, POLL)
    # What is measured anew with each poll, and off by default: once a minute.
    assert rows.pop(entity_id(hass, entry, "sensor.redis_latency")) <= 11
    assert rows == {}
