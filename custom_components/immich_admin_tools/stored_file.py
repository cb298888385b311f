"""A file in Home Assistant's storage, also one that can't be read."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .bullmq.models import JsonValue
from .const import LOGGER
from .healing.safety import Stored

type Data = dict[str, JsonValue]


async def async_read(
    hass: HomeAssistant, store: Store[Data]
) -> tuple[Stored, str | None]:
    """Return what a file holds, and where it was put if it can't be read."""
    try:
        stored: object = await store.async_load()
        if stored is None:
            return {}, None
        if isinstance(stored, dict):
            return stored, None
        problem = "unexpected content"
    except (HomeAssistantError, NotImplementedError) as err:
        # Broken JSON is dealt with by Home Assistant. Here: a newer version after a
        # downgrade, or a file that the system can't read.
        problem = str(err)
    except (AttributeError, KeyError, TypeError) as err:
        # JSON, but not what Home Assistant's storage writes.
        problem = f"not a storage file: {err!r}"
    aside = f"{store.path}.unreadable.{dt_util.utcnow():%Y%m%d%H%M%S}"
    LOGGER.error("%s can't be read (%s): kept as %s", store.path, problem, aside)
    try:
        await hass.async_add_executor_job(Path(store.path).rename, aside)
    except OSError as err:
        LOGGER.error("%s can't be renamed: %s", store.path, err)
    return {}, aside
