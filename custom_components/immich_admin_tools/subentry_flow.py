"""The dialog of a GPU host."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    ActionSelector,
    BooleanSelector,
    DurationSelector,
    EntitySelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TimeSelector,
)
import voluptuous as vol

from .const import CONF_RESTART_ACTION
from .entity import snake_case
from .forms import TEXT_FIELD, URL_FIELD
from .gpu_host.errors import InvalidMacError
from .gpu_host.machine import machine_keys
from .gpu_host.manager import machine_of
from .gpu_host.settings import DEFAULT_QUEUES, Rerun
from .gpu_host.wake import DEFAULT_ADDRESS, DEFAULT_PORT, normalise_mac
from .healing.errors import OwnActionsError
from .immich.address import normalise_url
from .immich.errors import InvalidAddressError
from .settings import (
    CONF_ALLOWED_FROM,
    CONF_ALLOWED_TO,
    CONF_BOOT_TIMEOUT,
    CONF_BROADCAST_ADDRESS,
    CONF_BROADCAST_PORT,
    CONF_CONCURRENCY,
    CONF_COOL_DOWN,
    CONF_GATE_ENTITY,
    CONF_IDLE_TIME,
    CONF_KEEP_ON_ENTITY,
    CONF_MAC,
    CONF_MINIMUM_ON,
    CONF_ML_URL,
    CONF_OFF_ACTION,
    CONF_ON_ACTION,
    CONF_PAUSE_OFFLINE,
    CONF_QUEUES,
    CONF_RERUN_MISSING,
    CONF_RETRY_DELAY,
    CONF_WAKE_AGE,
    CONF_WAKE_BACKLOG,
    CONF_WAKE_RETRIES,
    DEFAULT_DURATIONS,
    DEFAULT_WAKE_BACKLOG,
    DEFAULT_WAKE_RETRIES,
    SHORTEST_BOOT,
    SUBENTRY_GPU_HOST,
)
from .texts import plain
from .user_actions import async_check_actions

SECTION_WAKE: Final = "wake"
SECTION_SLEEP: Final = "sleep"
SECTION_AUTOMATIC: Final = "automatic"
SECTION_QUEUES: Final = "work"
SECTIONS: Final = (SECTION_WAKE, SECTION_SLEEP, SECTION_AUTOMATIC, SECTION_QUEUES)

MOST_WORKERS = 100

QUEUE_OPTIONS: Final = {snake_case(queue): queue.value for queue in DEFAULT_QUEUES}
"""Queues by the keys of their translations."""


def _number(lowest: int, highest: int) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, mode=NumberSelectorMode.BOX)
    )


def _duration(key: str) -> vol.Required:
    """Return the key of a duration with its default."""
    minutes = round(DEFAULT_DURATIONS[key].total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    default = {"hours": hours, "minutes": minutes, "seconds": 0}
    return vol.Required(key, default=default)


FORM = vol.Schema(
    {
        vol.Required(CONF_NAME): TEXT_FIELD,
        vol.Required(CONF_ML_URL): URL_FIELD,
        vol.Required(SECTION_WAKE): section(
            vol.Schema(
                {
                    vol.Optional(CONF_MAC): TextSelector(),
                    vol.Required(
                        CONF_BROADCAST_ADDRESS, default=DEFAULT_ADDRESS
                    ): TEXT_FIELD,
                    vol.Required(CONF_BROADCAST_PORT, default=DEFAULT_PORT): _number(
                        1, 65535
                    ),
                    vol.Optional(CONF_ON_ACTION): ActionSelector(),
                    _duration(CONF_BOOT_TIMEOUT): DurationSelector(),
                    vol.Required(
                        CONF_WAKE_RETRIES, default=DEFAULT_WAKE_RETRIES
                    ): _number(0, 20),
                    _duration(CONF_RETRY_DELAY): DurationSelector(),
                }
            ),
            {"collapsed": True},
        ),
        vol.Required(SECTION_SLEEP): section(
            vol.Schema(
                {
                    vol.Optional(CONF_OFF_ACTION): ActionSelector(),
                    _duration(CONF_IDLE_TIME): DurationSelector(),
                    _duration(CONF_MINIMUM_ON): DurationSelector(),
                    vol.Optional(CONF_KEEP_ON_ENTITY): EntitySelector(),
                    _duration(CONF_COOL_DOWN): DurationSelector(),
                }
            ),
            {"collapsed": True},
        ),
        vol.Required(SECTION_AUTOMATIC): section(
            vol.Schema(
                {
                    vol.Required(
                        CONF_WAKE_BACKLOG, default=DEFAULT_WAKE_BACKLOG
                    ): _number(0, 1_000_000),
                    _duration(CONF_WAKE_AGE): DurationSelector(),
                    vol.Optional(CONF_ALLOWED_FROM): TimeSelector(),
                    vol.Optional(CONF_ALLOWED_TO): TimeSelector(),
                    vol.Optional(CONF_GATE_ENTITY): EntitySelector(),
                }
            ),
            {"collapsed": True},
        ),
        vol.Required(SECTION_QUEUES): section(
            vol.Schema(
                {
                    vol.Required(CONF_QUEUES, default=list(QUEUE_OPTIONS)): (
                        SelectSelector(
                            SelectSelectorConfig(
                                options=list(QUEUE_OPTIONS),
                                multiple=True,
                                custom_value=True,
                                mode=SelectSelectorMode.DROPDOWN,
                                translation_key="gpu_queue",
                            )
                        )
                    ),
                    vol.Optional(CONF_RESTART_ACTION): ActionSelector(),
                    vol.Required(CONF_PAUSE_OFFLINE, default=True): BooleanSelector(),
                    vol.Required(CONF_RERUN_MISSING, default=Rerun.ASK.value): (
                        SelectSelector(
                            SelectSelectorConfig(
                                options=[choice.value for choice in Rerun],
                                translation_key="rerun_missing",
                            )
                        )
                    ),
                    **{
                        vol.Optional(f"{CONF_CONCURRENCY}_{queue.value}"): _number(
                            1, MOST_WORKERS
                        )
                        for queue in DEFAULT_QUEUES
                    },
                }
            ),
            {"collapsed": True},
        ),
    }
)


class GpuHostFlow(ConfigSubentryFlow):
    """Asks for a host's name and address; the rest has defaults."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add a host."""
        return await self._step("user", user_input, None)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a host."""
        known = self._get_reconfigure_subentry().data
        return await self._step("reconfigure", user_input, nested(known))

    async def _step(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        known: dict[str, Any] | None,
    ) -> SubentryFlowResult:
        """Check what was entered; store it, or ask again."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            data = flattened(user_input)
            await self._check(data, errors, placeholders)
            if not errors:
                title = str(data[CONF_NAME])
                if self.source == SOURCE_USER:
                    return self.async_create_entry(title=title, data=data)
                return self.async_update_and_abort(
                    self._get_entry(),
                    self._get_reconfigure_subentry(),
                    title=title,
                    data=data,
                )
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(FORM, user_input or known),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _check(
        self,
        data: dict[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> None:
        """Put into normal form what can be; say what can't be used."""
        if not data[CONF_NAME]:
            errors[CONF_NAME] = "gpu_name_missing"
        try:
            data[CONF_ML_URL] = normalise_url(data[CONF_ML_URL])
        except InvalidAddressError:
            errors[CONF_ML_URL] = "gpu_invalid_url"
        if mac := data.get(CONF_MAC):
            try:
                data[CONF_MAC] = normalise_mac(mac)
            except InvalidMacError:
                errors["base"] = "gpu_invalid_mac"
        if not is_broadcast(data[CONF_BROADCAST_ADDRESS]):
            errors["base"] = "gpu_invalid_broadcast"
            placeholders["address"] = data[CONF_BROADCAST_ADDRESS]
        if cv.time_period(data[CONF_BOOT_TIMEOUT]) < SHORTEST_BOOT:
            errors["base"] = "gpu_boot_too_short"
            placeholders["seconds"] = str(round(SHORTEST_BOOT.total_seconds()))
        if not data[CONF_QUEUES]:
            errors["base"] = "gpu_no_queues"
        elif unknown := self._take_queues(data):
            errors["base"] = "gpu_unknown_queues"
            placeholders["queues"] = ", ".join(unknown)
            placeholders["known"] = ", ".join(self._queues())
        if (twin := self._twin(data)) is not None:
            errors["base"] = "gpu_machine_twice"
            placeholders["name"] = twin.title
        for key in (CONF_ON_ACTION, CONF_OFF_ACTION, CONF_RESTART_ACTION):
            try:
                await async_check_actions(self.hass, data.get(key) or [])
            except OwnActionsError as err:
                errors["base"] = "gpu_actions_wrong"
                placeholders["error"] = plain(err)

    def _queues(self) -> tuple[str, ...]:
        """Return the queues that Immich has; without a connection, those it should."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return tuple(DEFAULT_QUEUES)
        queues: tuple[str, ...] = entry.runtime_data.server.data.queues
        return queues

    def _take_queues(self, data: dict[str, Any]) -> list[str]:
        """Name the queues as Immich does; return those that it does not have."""
        known = {queue.casefold(): queue for queue in self._queues()}
        named = {
            queue: known.get(queue.strip().replace("_", "").casefold())
            for queue in data[CONF_QUEUES]
        }
        unknown = [queue for queue, name in named.items() if name is None]
        if not unknown:
            data[CONF_QUEUES] = list(dict.fromkeys(named.values()))
        return unknown

    def _twin(self, data: Mapping[str, Any]) -> ConfigSubentry | None:
        """Return another host of this entry that is the same machine."""
        machine = machine_keys(data.get(CONF_MAC), data[CONF_ML_URL])
        own = None if self.source == SOURCE_USER else self._reconfigure_subentry_id
        for host_id, sub in self._get_entry().subentries.items():
            if sub.subentry_type != SUBENTRY_GPU_HOST or host_id == own:
                continue
            if not machine.isdisjoint(machine_of(sub)):
                return sub
        return None


def is_broadcast(address: str) -> bool:
    """Return whether a magic packet can be sent to an address."""
    try:
        ip = IPv4Address(address)
    except ValueError:
        return False
    return not (ip.is_unspecified or ip.is_loopback or ip.is_multicast)


def flattened(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the form's input into the data of the subentry: no sections, no blanks."""
    flat: dict[str, Any] = {
        key: val for key, val in user_input.items() if key not in SECTIONS
    }
    for name in SECTIONS:
        flat |= user_input[name]
    concurrency: dict[str, int] = {}
    for queue in DEFAULT_QUEUES:
        if jobs := flat.pop(f"{CONF_CONCURRENCY}_{queue.value}", None):
            concurrency[queue.value] = int(jobs)
    for key in (CONF_BROADCAST_PORT, CONF_WAKE_RETRIES, CONF_WAKE_BACKLOG):
        flat[key] = int(flat[key])
    stripped = {
        key: val.strip() if isinstance(val, str) else val for key, val in flat.items()
    }
    queues = [QUEUE_OPTIONS.get(queue, queue) for queue in flat[CONF_QUEUES]]
    return {**stripped, CONF_QUEUES: queues, CONF_CONCURRENCY: concurrency}


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the data of the subentry into the form's input."""
    own = {
        **data,
        **{
            f"{CONF_CONCURRENCY}_{queue}": jobs
            for queue, jobs in data.get(CONF_CONCURRENCY, {}).items()
        },
    }
    options = {queue: option for option, queue in QUEUE_OPTIONS.items()}
    own[CONF_QUEUES] = [
        options.get(queue, queue) for queue in data.get(CONF_QUEUES, options)
    ]
    return {**own, **dict.fromkeys(SECTIONS, own)}
