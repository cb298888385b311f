"""The cards and the dashboard in the browser: one file, served and loaded with every page."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import DOMAIN, LOGGER

FOLDER = Path(__file__).parent / "www"
BUNDLE: Final = "immich-admin-tools.js"
URL: Final = f"/{DOMAIN}"


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
    # Pages load it until Home Assistant restarts, also when the last entry is gone: a dashboard
    # that is left would else wait for it in vain, and now says that there is no instance.
    add_extra_js_url(hass, f"{URL}/{BUNDLE}?v={version}-{digest}")


def _digest(path: Path) -> str | None:
    """Return what tells one build from another; None when there is none."""
    try:
        return sha256(path.read_bytes()).hexdigest()[:8]
    except OSError:
        return None
