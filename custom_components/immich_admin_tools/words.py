"""Words of ours outside of Home Assistant's own places for them, in its language."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .placeholders import plain

HOUR = 3600
DAY = 24 * HOUR


@callback
def localized(
    hass: HomeAssistant, category: str, path: str, **placeholders: str
) -> str | None:
    """Return a text of the translations, such as `outcome` of `selector`."""
    words = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    text = words.get(f"component.{DOMAIN}.{category}.{path}")
    if text is None:
        return None
    try:
        return text.format(**placeholders)
    except KeyError:
        return text


@callback
def localized_error(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return what an error says, in the language of Home Assistant and not in English."""
    placeholders = {
        key: plain(val) for key, val in (err.translation_placeholders or {}).items()
    }
    text = None
    if err.translation_domain == DOMAIN and err.translation_key is not None:
        text = localized(
            hass, "exceptions", f"{err.translation_key}.message", **placeholders
        )
    return text or plain(err)


@callback
def localized_choice(hass: HomeAssistant, selector: str, choice: str | None) -> str:
    """Return one of the choices that our selectors know, or it as it is."""
    if choice is None:
        return ""
    return localized(hass, "selector", f"{selector}.options.{choice}") or choice


def duration(seconds: int) -> str:
    """Return a time as people say it: 47 min, 3 h, 4 d."""
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 2 * HOUR:
        return f"{seconds // 60} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} d"
