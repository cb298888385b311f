"""Actions that answer with the history, or write it into a file."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util, slugify
import voluptuous as vol

from .const import DOMAIN
from .data import AdminToolsConfigEntry
from .history.events import EventType
from .history.history import HistoryQuery, Row, as_csv, as_json, found
from .service_targets import ALL_QUEUES, ATTR_QUEUE, TARGET_FIELDS, async_one_target

ATTR_TYPE = "type"
ATTR_FROM = "from"
ATTR_TO = "to"
ATTR_OFFSET = "offset"
ATTR_COUNT = "count"
ATTR_FORMAT = "format"

MOST = 500
"""Events in one answer."""

FORMATS = {"csv": as_csv, "json": as_json}

_FILTERS = {
    **TARGET_FIELDS,
    vol.Optional(ATTR_TYPE, default=[]): vol.All(
        cv.ensure_list, [vol.Coerce(EventType)]
    ),
    vol.Optional(ATTR_FROM): cv.datetime,
    vol.Optional(ATTR_TO): cv.datetime,
}
GET_SCHEMA = vol.Schema(
    {
        **_FILTERS,
        vol.Optional(ATTR_OFFSET, default=0): cv.positive_int,
        vol.Optional(ATTR_COUNT, default=50): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST)
        ),
    }
)
EXPORT_SCHEMA = vol.Schema(
    {**_FILTERS, vol.Optional(ATTR_FORMAT, default="csv"): vol.In(FORMATS)}
)


@callback
def async_setup_history_actions(hass: HomeAssistant) -> None:
    """Register the actions. They need an admin, or no user (automations)."""

    async def get(call: ServiceCall) -> ServiceResponse:
        """Answer with a page of the history."""
        _, rows = _asked_for(hass, call)
        offset: int = call.data[ATTR_OFFSET]
        page = rows[offset : offset + call.data[ATTR_COUNT]]
        following = offset + len(page)
        return {
            "events": page,  # type: ignore[dict-item]  # Rows are JSON.
            "total": len(rows),
            "next": following if following < len(rows) else None,
        }

    async def export(call: ServiceCall) -> ServiceResponse:
        """Write the history into a file of the config folder."""
        entry, rows = _asked_for(hass, call)
        kind: str = call.data[ATTR_FORMAT]
        name = f"history_{slugify(entry.title)}_{dt_util.now():%Y-%m-%d_%H-%M-%S}"
        folder = Path(hass.config.path(DOMAIN))
        try:
            path = await hass.async_add_executor_job(
                _write, folder, name, kind, FORMATS[kind](rows)
            )
        except OSError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_exported",
                translation_placeholders={
                    "folder": str(folder),
                    "error": err.strerror or str(err),
                },
            ) from err
        return {"path": str(path), "count": len(rows)}

    for name, handler, schema, answers in (
        ("get_history", get, GET_SCHEMA, SupportsResponse.ONLY),
        ("export_history", export, EXPORT_SCHEMA, SupportsResponse.OPTIONAL),
    ):
        async_register_admin_service(hass, DOMAIN, name, handler, schema, answers)


def _asked_for(
    hass: HomeAssistant, call: ServiceCall
) -> tuple[AdminToolsConfigEntry, list[Row]]:
    """Return the events that a call asks for, the newest first.

    Raises ServiceValidationError when the devices are those of two Immichs.
    """
    target = async_one_target(hass, call.data)
    query = HistoryQuery(
        queues=target.queues if _names_queues(call.data) else None,
        types=call.data[ATTR_TYPE],
        since=_milliseconds(call.data.get(ATTR_FROM)),
        until=_milliseconds(call.data.get(ATTR_TO)),
    )
    history = target.entry.runtime_data.activity.history
    return target.entry, list(found(history, query))


def _names_queues(data: dict[str, Any]) -> bool:
    """Return whether only some queues are meant; without, the server's events count."""
    queues: Iterable[str] = data.get(ATTR_QUEUE, ())
    return bool(data.get("device_id") or queues) and ALL_QUEUES not in queues


def _milliseconds(time: datetime | None) -> int | None:
    """Return ms since the epoch; a time without a zone is in Home Assistant's."""
    return None if time is None else int(dt_util.as_utc(time).timestamp() * 1000)


def _write(folder: Path, name: str, ending: str, text: str) -> Path:
    """Write a new file; never over another one."""
    folder.mkdir(exist_ok=True)
    for number in range(1, 100):
        path = folder / f"{name}{f'_{number}' if number > 1 else ''}.{ending}"
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(name)
