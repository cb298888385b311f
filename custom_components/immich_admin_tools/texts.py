"""Words of ours outside of Home Assistant's own places for them, in its language."""

from collections.abc import Mapping
import re
import unicodedata

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

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


MAX_LENGTH = 300
"""Characters of one placeholder: a choice, long enough for a list of queues."""

_ALLOWED = frozenset(" .,:;+-/()'%=?&#|~_*…–“”„’")

# What a Markdown renderer makes a link of without any brackets.
_SCHEME = re.compile(r":(?=//)")
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)
# Emphasis: a single one within a word, as in `immich_bull`, is none.
_LOOSE_UNDERSCORE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
# Only the end of a pattern such as `~immich_bull:*` is left: that opens no emphasis.
_LOOSE_STAR = re.compile(r"(?<!:)\*+|\*+(?! |$)|\*{2,}")
_STRUCK_THROUGH = re.compile(r"~{2,}")
# Headings, lists and quotes begin a line, and a placeholder may do so too.
_LEADING = re.compile(r"^[\s#+\-=|:.…]+(?=\s)|^#+")


def plain(text: object, limit: int = MAX_LENGTH) -> str:
    """Return a text as plain characters on one line: no link, no Markdown, no HTML."""
    words = unicodedata.normalize("NFC", str(text))
    words = "".join(
        character if _is_plain(character) else " " for character in words[: 4 * limit]
    )
    words = _SCHEME.sub(": ", words)
    words = _WWW.sub("www ", words)
    words = _LOOSE_UNDERSCORE.sub(" ", words)
    words = _LOOSE_STAR.sub(" ", words)
    words = _STRUCK_THROUGH.sub("~", words)
    words = _LEADING.sub("", " ".join(words.split())).strip()
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def _is_plain(character: str) -> bool:
    """Return whether it is a letter of any script, a digit, or harmless."""
    return character in _ALLOWED or unicodedata.category(character)[0] in "LMN"


def plain_placeholders(placeholders: Mapping[str, object]) -> dict[str, str]:
    """Return all placeholders of a text as plain characters."""
    return {name: plain(value) for name, value in placeholders.items()}
