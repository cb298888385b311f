"""What the tests of restarts do again and again."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.permissions import Permission
from custom_components.immich_admin_tools.immich.queues import MACHINE_LEARNING
from custom_components.immich_admin_tools.restart import manager
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey


def choose(
    hass: HomeAssistant, entry: MockConfigEntry, *methods: str, **more: object
) -> None:
    """Choose ways in the options."""
    hass.config_entries.async_update_entry(
        entry,
        options={**entry.options, "restart_action": {"ways": list(methods), **more}},
    )


async def restart(hass: HomeAssistant, **data: object) -> dict[str, Any]:
    """Call the action; return its answer."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "restart_workers", data, blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    return answer


async def paused(simulator: Simulator) -> set[str]:
    """Return the queues that are paused."""
    _, queues = await simulator.request("GET", "/api/queues")
    assert isinstance(queues, list)
    return {queue["name"] for queue in queues if queue["isPaused"]}


async def hang_one_of_each(simulator: Simulator) -> None:
    """Let a job of each queue of machine learning hang, and more wait behind it."""
    for queue in MACHINE_LEARNING:
        await simulator.hang(queue)
        await simulator.add_jobs(queue, 30)
        await simulator.until_truth(queue, hung_now=1)


def issue(
    hass: HomeAssistant, entry: MockConfigEntry, key: str
) -> ir.IssueEntry | None:
    """Return an issue of the entry."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def key_without_maintenance(simulator: Simulator) -> str:
    """Return an API key that may do all but that."""
    without = (Permission.ALL, Permission.MAINTENANCE)
    return await simulator.add_key(*(it for it in Permission if it not in without))


async def redis_user(valkey: Valkey, name: str, rules: Sequence[str]) -> dict[str, str]:
    """Make a user with these rights only; return the entry's data for it."""
    async with valkey.client() as admin:
        await admin.acl_setuser(
            name,
            enabled=True,
            passwords=["+pw"],
            keys=["immich_bull:*"],
            reset_channels=True,
            commands=["-@all", *(rule for rule in rules if rule[0] == "+")],
            channels=[rule[1:] for rule in rules if rule[0] == "&"],
        )
    return {"redis_username": name, "redis_password": "pw"}


async def into_maintenance(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Begin a restart by maintenance mode, and end Home Assistant in the middle."""
    choose(hass, entry, "maintenance")
    caller = hass.async_create_task(restart(hass))

    await simulator.until_maintenance(on=True)
    # A reload would wait for the way out, the end of Home Assistant does not.
    with patch.object(manager, "ACT_WITHIN", 0):
        await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as told:
        await caller
    assert told.value.translation_key == "restart_interrupted"
