"""The dialogs up to an entry, with what a recorded Immich answers."""

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools.const import CONF_VERIFY_SSL, DOMAIN
from custom_components.immich_admin_tools.settings import SUBENTRY_GPU_HOST
from tests.immich.recordings import recording

from .conftest import API_KEY
from .fakes import VERSION, FakeImmich

ANSWERS = {
    CONF_URL: "http://immich.example:2283",
    CONF_API_KEY: API_KEY,
    CONF_VERIFY_SSL: True,
}


@pytest.mark.usefixtures("redis")
async def test_immich_only(hass: HomeAssistant, immich: FakeImmich) -> None:
    """Two questions lead to an entry, and nothing of Immich is changed."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data=ANSWERS
    )
    assert result["type"] is FlowResultType.MENU
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "api_only"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == ANSWERS
    await hass.async_block_till_done()
    assert immich.calls == []
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("path", "reply", "error"),
    [
        ("/api/server/version", None, "immich_not_immich"),
        ("/api/api-keys/me", "err-badkey", "immich_invalid_api_key"),
        ("/api/users/me", "nonadmin-me", "immich_not_admin"),
    ],
)
async def test_what_is_wrong_is_said(
    hass: HomeAssistant,
    immich: FakeImmich,
    path: str,
    reply: str | None,
    error: str,
) -> None:
    """The dialog stays open, and names it."""
    told = None if reply is None else recording(VERSION, reply)
    immich.replies["GET", path] = (
        httpx.Response(200, text="<html>")
        if told is None
        else httpx.Response(told.status, json=told.response)
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data=ANSWERS
    )
    assert result["type"] is FlowResultType.FORM
    assert list((result["errors"] or {}).values()) == [error]


async def test_the_options_open(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """In every release, as a selector may know less in an older one."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    hass.config_entries.options.async_abort(result["flow_id"])


async def test_a_gpu_box_can_be_added(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Its dialog opens, too."""
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_GPU_HOST), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.FORM
    hass.config_entries.subentries.async_abort(result["flow_id"])


async def test_the_same_immich_twice(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is known by its user."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data=ANSWERS
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
