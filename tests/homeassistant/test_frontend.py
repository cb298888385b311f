"""The file with the cards: served, and loaded by pages until Home Assistant restarts."""

from pathlib import Path

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.immich_admin_tools import frontend
from custom_components.immich_admin_tools.const import DOMAIN

from .conftest import set_up


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that takes the place of the real one."""
    monkeypatch.setattr(frontend, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def urls(hass: HomeAssistant) -> set[str]:
    """Return what pages load besides, as with Home Assistant's frontend."""
    found: set[str] = set()

    class Urls:
        """The part of the frontend's own that is used."""

        add = staticmethod(found.add)

    hass.data[DATA_EXTRA_MODULE_URL] = Urls()  # type: ignore[misc]
    hass.config.components.add("frontend")
    return found


@pytest.mark.usefixtures("redis")
async def test_served_and_loaded(
    hass: HomeAssistant,
    folder: Path,
    urls: set[str],
    config_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Under an address that is another one for another build."""
    (folder / frontend.BUNDLE).write_text("export {};")
    await set_up(hass, config_entry)
    (url,) = urls
    assert url.startswith(f"/{DOMAIN}/{frontend.BUNDLE}?v=0.")
    client = await hass_client()
    reply = await client.get(url)
    assert await reply.text() == "export {};"
    assert "max-age" in reply.headers["Cache-Control"]
    await hass.config_entries.async_reload(config_entry.entry_id)
    assert urls == {url}
    await hass.config_entries.async_remove(config_entry.entry_id)
    await hass.async_block_till_done()
    # A dashboard that is left says then that there is no instance.
    assert urls == {url}
    again = MockConfigEntry(
        domain=DOMAIN, unique_id="again", title="Immich", data=config_entry.data
    )
    await set_up(hass, again)
    assert urls == {url}
    await hass.config_entries.async_unload(again.entry_id)


@pytest.mark.usefixtures("redis", "folder")
async def test_the_file_is_missing(
    hass: HomeAssistant,
    urls: set[str],
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All else works; it is said in the log."""
    await set_up(hass, config_entry)
    assert hass.states.async_entity_ids("sensor")
    assert urls == set()
    assert "The dashboard is missing" in caplog.text
    await hass.config_entries.async_remove(config_entry.entry_id)


@pytest.mark.usefixtures("redis", "folder")
async def test_without_a_frontend(
    hass: HomeAssistant, config_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to load it, and nothing to say."""
    await set_up(hass, config_entry)
    assert "The dashboard is missing" not in caplog.text
    await hass.config_entries.async_remove(config_entry.entry_id)
