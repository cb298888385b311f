"""What others wrote, made fit to stand in a text of ours.

Home Assistant shows the texts of issues and dialogs as Markdown with HTML. A name
that any client of Redis may give itself must not become a link or a picture there.
"""

from collections.abc import Mapping
import re
import unicodedata

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
