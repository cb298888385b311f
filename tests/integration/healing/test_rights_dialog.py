"""Dialogs about what Redis lacks lead somewhere: rights, and the version of queues."""

import asyncio
from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_REDIS_PASSWORD,
    CONF_REDIS_USERNAME,
    DOMAIN,
)
from custom_components.immich_admin_tools.healing import manager
from tests.integration.conftest import entry_for, poll, set_up
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import hang, set_option
from .test_repairs import Dialog

USER = "limited"
LACKS = ["lrem", "zadd"]


async def _grant(valkey: Valkey, sign: str) -> None:
    """Give the user the rights, or take them."""
    async with valkey.client() as client:
        await client.acl_setuser(
            USER,
            enabled=True,
            passwords=["+secret"],
            keys=["immich_bull:*"],
            categories=["+@all"],
            commands=[f"{sign}{name}" for name in LACKS],
        )


def _issue(
    hass: HomeAssistant, entry: MockConfigEntry, key: str
) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def _poll_until_issue(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, *, there: bool
) -> None:
    async with asyncio.timeout(20):
        while (_issue(hass, entry, key) is not None) is not there:
            await poll(hass, entry)
            await asyncio.sleep(0.1)


@pytest.fixture
async def limited(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry whose auto-heal may not do what it has to."""
    await _grant(valkey, "-")
    entry = entry_for(
        simulator,
        valkey.url,
        **{CONF_REDIS_USERNAME: USER, CONF_REDIS_PASSWORD: "secret"},
    )
    await set_up(hass, entry)
    await hang(hass, entry, simulator, "ocr")
    set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"})
    await _poll_until_issue(hass, entry, "heal_rights", there=True)
    yield entry
    await simulator.unhang()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_rights_are_granted_and_checked_again(
    hass: HomeAssistant, valkey: Valkey, limited: MockConfigEntry
) -> None:
    """What is still missing is named; then the issue ends at once."""
    issue = _issue(hass, limited, "heal_rights")
    assert issue is not None
    assert issue.is_fixable
    dialog = Dialog(hass, issue.issue_id)
    await dialog.open()
    assert dialog.step["menu_options"] == ["check_again", "notify_only", "ignore"]
    result = await dialog.choose("check_again")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "still_missing")
    assert result["description_placeholders"] == {"missing": "+lrem +zadd"}
    assert _issue(hass, limited, "heal_rights") is not None

    await _grant(valkey, "+")
    await dialog.open()
    result = await dialog.choose("check_again")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert _issue(hass, limited, "heal_rights") is None


async def test_to_be_only_notified_needs_no_rights(
    hass: HomeAssistant, limited: MockConfigEntry
) -> None:
    """The issue ends with the wish."""
    dialog = Dialog(hass, f"heal_rights_{limited.entry_id}")
    await dialog.open()
    result = await dialog.choose("notify_only")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert limited.options[CONF_AUTO_HEAL] == "alert_only"
    assert _issue(hass, limited, "heal_rights") is None
    await poll(hass, limited)
    assert _issue(hass, limited, "heal_rights") is None


@pytest.mark.parametrize("way_out", ["granted", "notify_only"])
async def test_the_issue_ends_also_after_a_reload(
    hass: HomeAssistant,
    valkey: Valkey,
    limited: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    way_out: str,
) -> None:
    """A reload leaves it standing, and who set the entry up again looks after it."""
    monkeypatch.setattr(manager, "LOOK_EVERY", 0)
    if way_out == "granted":
        # Nothing is stuck for it any more that would be acted on.
        set_option(hass, limited, thresholds={"ocr": 0})
    await hass.config_entries.async_reload(limited.entry_id)
    await hass.async_block_till_done()
    assert _issue(hass, limited, "heal_rights") is not None
    if way_out == "granted":
        await _grant(valkey, "+")
    else:
        set_option(hass, limited, **{CONF_AUTO_HEAL: "alert_only"})
    await _poll_until_issue(hass, limited, "heal_rights", there=False)


async def test_immich_is_restarted_for_its_version(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey, entry: MockConfigEntry
) -> None:
    """The advice is one restart: the dialog does it, and the issue is over."""
    async with valkey.client() as client:
        for queue in entry.runtime_data.server.data.queues:
            await client.hdel(f"immich_bull:{queue}:meta", "version")
    await _poll_until_issue(hass, entry, "version_missing", there=True)
    issue = _issue(hass, entry, "version_missing")
    assert issue is not None
    assert issue.is_fixable
    dialog = Dialog(hass, issue.issue_id)
    await dialog.open()
    assert dialog.step["menu_options"] == ["choose_way", "ignore"]
    await dialog.choose("choose_way")
    await dialog.choose("way_redis")
    result = await dialog.answer(restart_now=True)
    assert (result["type"], result.get("description")) == (
        FlowResultType.CREATE_ENTRY,
        "restarted",
    )
    await _poll_until_issue(hass, entry, "version_missing", there=False)
