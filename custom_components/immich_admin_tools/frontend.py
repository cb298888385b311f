"""The cards and the dashboard in the browser: one file, served and loaded with every page."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url, remove_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER

FOLDER = Path(__file__).parent / "www"
BUNDLE: Final = "immich-admin-tools.js"
URL: Final = f"/{DOMAIN}"

LOADED: HassKey[str] = HassKey(f"{DOMAIN}_module")
"""Where the file is served; missing without a frontend."""
ADDED: HassKey[bool] = HassKey(f"{DOMAIN}_module_added")
"""Whether pages load it."""


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the file and let pages load it, where there is a frontend."""
    if hass.http is None or "frontend" not in hass.config.components:
        return
    digest = await hass.async_add_executor_job(_digest, FOLDER / BUNDLE)
    if digest is None:
        LOGGER.warning("The dashboard is missing: %s was not installed", BUNDLE)
        return
    await hass.http.async_register_static_paths(
        [StaticPathConfig(URL, str(FOLDER), cache_headers=True)]
    )
    version = (await async_get_integration(hass, DOMAIN)).version
    # Browsers keep it for a month, so another file needs another address.
    hass.data[LOADED] = f"{URL}/{BUNDLE}?v={version}-{digest}"
    async_load_in_pages(hass)


def _digest(path: Path) -> str | None:
    """Return what tells one build from another; None when there is none."""
    try:
        return sha256(path.read_bytes()).hexdigest()[:8]
    except OSError:
        return None


@callback
def async_load_in_pages(hass: HomeAssistant) -> None:
    """Let pages load the file; they do so from their next load on."""
    if (url := hass.data.get(LOADED)) is not None and not hass.data.get(ADDED):
        add_extra_js_url(hass, url)
        hass.data[ADDED] = True


@callback
def async_leave_pages(hass: HomeAssistant, removed: ConfigEntry) -> None:
    """Let pages load it no more, as the last entry goes."""
    left = [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.entry_id != removed.entry_id
    ]
    if not left and hass.data.pop(ADDED, False):
        remove_extra_js_url(hass, hass.data[LOADED])
