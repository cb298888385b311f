"""The repair issues of an entry: each is raised, and taken back, by its key."""

from collections.abc import Mapping

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .texts import plain_placeholders


def issue_id_of(entry: ConfigEntry, key: str) -> str:
    """Return the id of an issue."""
    return f"{key}_{entry.entry_id}"


@callback
def async_set_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    key: str,
    placeholders: Mapping[str, object] | None,
    *,
    is_fixable: bool = True,
    is_persistent: bool = False,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    data: Mapping[str, str] | None = None,
) -> None:
    """Raise an issue, or take it back when there are no placeholders.

    `key` is that of its text, too. `data`: what its dialog needs beside the entry.
    """
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id_of(entry, key))
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id_of(entry, key),
        data={"entry_id": entry.entry_id, **(data or {})},
        is_fixable=is_fixable,
        is_persistent=is_persistent,
        severity=severity,
        translation_key=key,
        translation_placeholders=plain_placeholders(
            {"title": entry.title, **placeholders}
        ),
    )


@callback
def async_is_raised(hass: HomeAssistant, entry: ConfigEntry, key: str) -> bool:
    """Return whether an issue is there."""
    known = ir.async_get(hass).async_get_issue(DOMAIN, issue_id_of(entry, key))
    return known is not None
