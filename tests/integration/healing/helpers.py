"""What the tests of stuck jobs do again and again."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import CONF_THRESHOLDS, DOMAIN
from custom_components.immich_admin_tools.history.manager import BUS_EVENT
from tests.integration.conftest import poll
from tests.support.learned import learn
from tests.support.simulator import Simulator


def set_option(hass: HomeAssistant, entry: MockConfigEntry, **options: object) -> None:
    """Change options as the user does."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def hang(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    queue: str,
    count: int = 1,
) -> list[str]:
    """Let jobs of a queue hang until they are called so; return their ids.

    A job is called hung at three times its threshold, after three seconds here, if it
    is known how long such jobs take.
    """
    thresholds = {**entry.options.get(CONF_THRESHOLDS, {}), queue: 1}
    set_option(hass, entry, **{CONF_THRESHOLDS: thresholds})
    await simulator.hang(queue, count)
    ids = await simulator.add_jobs(queue, count)
    await simulator.until_truth(queue, hung_now=count)
    await poll(hass, entry)
    view = entry.runtime_data.queues.data.queues[queue]
    for name in {job.name for job in view.jobs if job.name is not None}:
        learn(entry.runtime_data.queues.analyst, queue, name)
    await asyncio.sleep(3.1)
    await poll(hass, entry)
    await poll(hass, entry)
    view = entry.runtime_data.queues.data.queues[queue]
    assert [job.kind for job in view.stuck] == ["hung"] * count
    return ids


async def call(hass: HomeAssistant, action: str, **data: object) -> Mapping[str, Any]:
    """Call an action of ours and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN, action, dict(data), blocking=True, return_response=True
    )
    return cast("Mapping[str, Any]", answer)


async def refused(hass: HomeAssistant, action: str, **data: object) -> str | None:
    """Call an action that can't be done; return the key of its message."""
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, action, **data)
    assert str(error.value) != error.value.translation_key, "it has no text"
    return error.value.translation_key


def listen(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return a list that what is told on the bus goes to."""
    told: list[dict[str, Any]] = []

    @callback
    def happened(event: Event) -> None:
        told.append(dict(event.data))

    hass.bus.async_listen(BUS_EVENT, happened)
    return told


def types(told: list[dict[str, Any]]) -> list[str]:
    """Return only what it was."""
    return [event["type"] for event in told]
