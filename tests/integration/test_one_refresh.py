"""What one refresh works out and writes: each thing once, and only what is new."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from inspect import getattr_static
from typing import Any
from unittest.mock import patch

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State, StateMachine, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.analysis import analyst, queue_state
from custom_components.immich_admin_tools.analysis.models import (
    QueueView,
    ServerView,
    Source,
)
from custom_components.immich_admin_tools.entity import QueueEntity
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import Clocks, entity_id, entry_for, poll, set_up

QUEUE = "faceDetection"


@pytest.fixture
async def all_on(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry with all of its entities on, after two polls."""
    entry = entry_for(simulator, valkey.url)
    with patch.object(Entity, "entity_registry_enabled_default", True):
        await set_up(hass, entry)
    await poll(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


@contextmanager
def written() -> Iterator[list[str]]:
    """Collect the entities whose states are put together and handed over."""
    ids: list[str] = []
    hand_over = StateMachine.async_set_internal

    @callback
    def collect(states: StateMachine, entity_id: str, *args: Any) -> None:
        ids.append(entity_id)
        hand_over(states, entity_id, *args)

    with patch.object(StateMachine, "async_set_internal", collect):
        yield ids


def show(entry: MockConfigEntry, **changes: Any) -> None:
    """Let the entities see another view of one queue, as after a poll."""
    queues = entry.runtime_data.queues
    view: ServerView = queues.data
    changed = replace(view.queues[QUEUE], **changes)
    queues.data = replace(view, queues={**view.queues, QUEUE: changed})


def state(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity."""
    found = hass.states.get(entity_id)
    assert found is not None
    return found


async def test_a_refresh_without_news_writes_nothing(
    hass: HomeAssistant, all_on: MockConfigEntry
) -> None:
    """Though every entity is on."""
    assert len(hass.states.async_all()) > 350
    with written() as ids:
        await poll(hass, all_on)
    assert ids == []


def _counting(
    calls: Counter[str], name: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that counts how often it is called."""

    def counted(*args: Any) -> Any:
        calls[name] += 1
        return function(*args)

    return counted


async def test_a_refresh_works_everything_out_once(
    all_on: MockConfigEntry, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stuck, per queue and poll; what is available, per entity and poll."""
    calls: Counter[str] = Counter()
    for view in (QueueView, ServerView):
        name = f"{view.__name__}.stuck"
        stuck = cached_property(_counting(calls, name, vars(view)["stuck"].func))
        stuck.__set_name__(view, "stuck")
        monkeypatch.setattr(view, "stuck", stuck)
    available: property = vars(QueueEntity)["available"]
    assert available.fget is not None
    counted = property(_counting(calls, "available", available.fget))
    monkeypatch.setattr(QueueEntity, "available", counted)
    understand = _counting(calls, "analysis", queue_state.view_from_redis)
    monkeypatch.setattr(analyst, "view_from_redis", understand)
    await poll(hass, all_on)
    queues = all_on.runtime_data.queues
    entities = sum(
        isinstance(entity, QueueEntity)
        and getattr_static(entity, "available") is counted
        for listener, _ in queues._listeners.values()
        for entity in [getattr(listener, "__self__", None)]
    )
    assert entities > 300
    assert calls == {
        "analysis": len(queues.data.queues),
        "QueueView.stuck": len(queues.data.queues),
        "ServerView.stuck": 1,
        "available": entities,
    }


async def test_only_what_is_new_is_written(
    hass: HomeAssistant, all_on: MockConfigEntry
) -> None:
    """A state, an attribute alone, or whether it is available."""
    threshold = entity_id(hass, all_on, f"number.{QUEUE}.stuck_threshold")
    processing = entity_id(hass, all_on, f"switch.{QUEUE}.processing")
    retry = entity_id(hass, all_on, f"button.{QUEUE}.retry_failed")
    update = all_on.runtime_data.queues.async_update_listeners

    show(all_on, suggested_threshold=90)
    with written() as ids:
        update()
    assert ids == [threshold]
    assert state(hass, threshold).attributes["learned"] == 90

    show(all_on, is_paused=True)
    with written() as ids:
        update()
        assert set(ids) == {processing}
        await hass.async_block_till_done()
    # The pause is an event, too.
    assert set(ids) == {processing, entity_id(hass, all_on, "event.activity")}
    assert state(hass, processing).state == "off"

    show(all_on, source=Source.API)
    with written() as ids:
        update()
    assert retry in ids
    assert state(hass, retry).state == STATE_UNAVAILABLE
    show(all_on, source=Source.REDIS)
    update()
    assert state(hass, retry).state != STATE_UNAVAILABLE


async def test_what_others_have_written_in_between_does_not_stay(
    hass: HomeAssistant, all_on: MockConfigEntry
) -> None:
    """Home Assistant writes a state by itself, as when an entity is renamed."""
    threshold = entity_id(hass, all_on, f"number.{QUEUE}.stuck_threshold")
    before = state(hass, threshold).attributes["learned"]

    show(all_on, suggested_threshold=90)
    er.async_get(hass).async_update_entity(threshold, name="Other")
    await hass.async_block_till_done()
    assert state(hass, threshold).attributes["learned"] == 90
    show(all_on, suggested_threshold=before)
    all_on.runtime_data.queues.async_update_listeners()
    assert state(hass, threshold).attributes["learned"] == before


async def test_the_age_of_the_oldest_job_goes_on(
    hass: HomeAssistant, all_on: MockConfigEntry, simulator: Simulator, clocks: Clocks
) -> None:
    """Once a minute, as before; at once when there is one, and when there is none."""
    oldest = entity_id(hass, all_on, f"sensor.{QUEUE}.oldest_active")

    assert state(hass, oldest).state == "unknown"
    await simulator.hang(QUEUE, 1)
    await simulator.add_jobs(QUEUE, 1)
    await simulator.until_truth(QUEUE, hung_now=1)
    clocks.passed += 1
    await poll(hass, all_on)
    clocks.passed += 5
    await poll(hass, all_on)
    first = int(state(hass, oldest).state)
    clocks.passed += 30
    await poll(hass, all_on)
    assert int(state(hass, oldest).state) == first
    clocks.passed += 31
    await poll(hass, all_on)
    assert first + 55 < int(state(hass, oldest).state) < first + 75
    await simulator.unhang(QUEUE)
