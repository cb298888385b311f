"""By what the devices of an entry are known in the device registry."""

from typing import TYPE_CHECKING

from .const import DOMAIN

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry


def queue_identifier(entry: AdminToolsConfigEntry, queue: str) -> tuple[str, str]:
    """Return the identifier of a queue's device."""
    return (DOMAIN, f"{entry.unique_id}_{queue}")
