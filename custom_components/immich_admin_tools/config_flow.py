"""The dialogs that set up, log in again and reconfigure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.httpx_client import get_async_client

from .bullmq.access import (
    HEAL_RULES,
    Access,
    acl_setuser_line,
    check_access,
    check_queues,
)
from .bullmq.address import split_user_info
from .bullmq.connection import RedisSettings, build_ssl_context, create_client
from .bullmq.errors import BullMQError
from .bullmq.reader import QueueReader
from .const import (
    CONF_REDIS_PASSWORD,
    CONF_REDIS_URL,
    CONF_REDIS_USERNAME,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from .errors import message_of
from .forms import (
    CONF_READ_ONLY,
    STEP_IMMICH,
    STEP_REAUTH,
    STEP_REDIS,
    STEP_REDIS_READ_ONLY,
    flattened,
    nested,
    user_of,
)
from .immich.address import normalise_key, normalise_url
from .immich.client import ImmichClient
from .immich.errors import (
    ImmichError,
    InvalidAddressError,
    MissingPermissionError,
    NotAdminError,
)
from .immich.models import QueueCounts, User, Version
from .immich.permissions import REQUIRED
from .options_flow import AdminToolsOptionsFlow
from .settings import SUBENTRY_GPU_HOST, redis_settings
from .subentry_flow import GpuHostFlow

if TYPE_CHECKING:
    from .data import AdminToolsConfigEntry


@dataclass(frozen=True, slots=True)
class ImmichFound:
    """What answers at Immich's address."""

    version: Version
    user: User
    queues: tuple[QueueCounts, ...]


@dataclass(frozen=True, slots=True)
class RedisFound:
    """What answers at the address of Redis."""

    access: Access


async def async_check_immich(
    hass: HomeAssistant, url: str, api_key: str, verify_ssl: bool
) -> ImmichFound:
    """Ask Immich who it is and whether the key may do all that is needed.

    Raises ImmichError.
    """
    client = ImmichClient(get_async_client(hass, verify_ssl), url, api_key)
    version = await client.check_version()
    if missing := await client.missing_permissions(REQUIRED):
        raise MissingPermissionError(missing)
    user = await client.me()
    if not user.is_admin:
        raise NotAdminError
    return ImmichFound(version, user, await client.queues())


async def async_check_redis(
    hass: HomeAssistant, settings: RedisSettings, queues: Mapping[str, QueueCounts]
) -> RedisFound:
    """Ask Redis for the queues that Immich named, and what its user may do.

    Raises BullMQError.
    """
    ssl_context = await hass.async_add_executor_job(build_ssl_context, settings)
    client = create_client(settings, ssl_context)
    try:
        access = await check_access(client, settings.prefix)
        access.require_read()
        reading = await QueueReader(client, settings.prefix).read(tuple(queues))
        check_queues(reading, settings.prefix)
    finally:
        await client.aclose()
    return RedisFound(access)


def reads_same_queues(
    entry: AdminToolsConfigEntry, settings: RedisSettings, found: RedisFound
) -> bool:
    """Return whether a loaded entry reads the queues that were found.

    A Redis is known by its run id: it may have many addresses.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    redis = entry.runtime_data.queues.redis
    return (
        redis is not None
        and redis.reading is not None
        and redis.reading.run_id == found.access.run_id
        and redis.settings.prefix == settings.prefix
        # Immich's REDIS_DBINDEX: the same names there are other queues.
        and split_user_info(redis.settings.url).database
        == split_user_info(settings.url).database
    )


class AdminToolsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Two questions, each checked before it goes on."""

    VERSION = 1
    _immich: ImmichFound
    """What answered; the later steps come only after that."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(
        config_entry: AdminToolsConfigEntry,
    ) -> AdminToolsOptionsFlow:
        """Return the options dialog."""
        return AdminToolsOptionsFlow()

    @classmethod
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: AdminToolsConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an Immich: GPU hosts."""
        return {SUBENTRY_GPU_HOST: GpuHostFlow}

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for Immich's address and key."""
        return await self._step_immich("user", user_input, {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask again, starting from what is set up."""
        known = dict(self._get_reconfigure_entry().data)
        return await self._step_immich("reconfigure", user_input, known)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Immich no longer knows the key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new key of the same user."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        placeholders = {CONF_URL: str(entry.data[CONF_URL])}
        if user_input is not None:
            if await self._check_immich(
                {**entry.data, **user_input}, errors, placeholders
            ):
                await self.async_set_unique_id(self._immich.user.user_id)
                self._abort_if_unique_id_mismatch(reason="wrong_user")
                return self._update(
                    entry, {**entry.data, CONF_API_KEY: self._data[CONF_API_KEY]}
                )
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=STEP_REAUTH,
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _step_immich(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        known: dict[str, Any],
    ) -> ConfigFlowResult:
        """Ask for Immich until it answers, then go on to the menu."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            if await self._check_immich(user_input, errors, placeholders):
                await self._claim()
                return await self.async_step_access()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                STEP_IMMICH, user_input or known
            ),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def _check_immich(
        self,
        user_input: Mapping[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> bool:
        """Fill `_data` and `_immich`, or say in `errors` what is wrong."""
        try:
            self._data = {
                CONF_URL: normalise_url(user_input[CONF_URL]),
                CONF_API_KEY: normalise_key(user_input[CONF_API_KEY]),
                CONF_VERIFY_SSL: user_input.get(CONF_VERIFY_SSL, True),
            }
            self._immich = await async_check_immich(
                self.hass,
                self._data[CONF_URL],
                self._data[CONF_API_KEY],
                self._data[CONF_VERIFY_SSL],
            )
        except ImmichError as err:
            key, details = message_of(err)
            field = CONF_URL if isinstance(err, InvalidAddressError) else "base"
            errors[field] = key
            placeholders.update(details)
            return False
        return True

    async def _claim(self) -> None:
        """Abort when this Immich is set up already, or another one is meant."""
        await self.async_set_unique_id(self._immich.user.user_id)
        if self.source == SOURCE_RECONFIGURE:
            self._abort_if_unique_id_mismatch(reason="wrong_user")
            return
        self._abort_if_unique_id_configured()
        self._async_abort_entries_match({CONF_URL: self._data[CONF_URL]})

    async def async_step_access(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to look into Redis too."""
        return self.async_show_menu(
            step_id="access", menu_options=["redis", "api_only"]
        )

    async def async_step_api_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with Immich's API alone."""
        return self._finish(None)

    async def async_step_redis(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for Redis until it answers."""
        errors: dict[str, str] = {}
        placeholders = {"acl": acl_setuser_line("ha_heal", HEAL_RULES)}
        schema = STEP_REDIS
        known: Mapping[str, Any] = {}
        if user_input is not None:
            known = user_input
            redis = flattened(user_input)
            found = await self._check_redis(redis, errors, placeholders)
            if found is not None:
                if found.access.heal_missing and not user_input.get(CONF_READ_ONLY):
                    schema = STEP_REDIS_READ_ONLY
                    missing = " ".join(found.access.heal_missing)
                    errors["base"] = "redis_cannot_heal"
                    placeholders["missing"] = missing
                    placeholders["acl"] = f"ACL SETUSER {user_of(redis)} {missing}"
                else:
                    self._data.update(redis)
                    return self._finish(found)
        elif self.source == SOURCE_RECONFIGURE:
            known = nested(self._get_reconfigure_entry().data)
        return self.async_show_form(
            step_id="redis",
            data_schema=self.add_suggested_values_to_schema(schema, known),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def _check_redis(
        self,
        redis: dict[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> RedisFound | None:
        """Look at Redis; a user in a pasted address moves to its own fields."""
        try:
            address = split_user_info(redis[CONF_REDIS_URL])
            redis[CONF_REDIS_URL] = address.url
            if address.username:
                redis[CONF_REDIS_USERNAME] = address.username
            if address.password:
                redis[CONF_REDIS_PASSWORD] = address.password
            settings = redis_settings(redis)
            found = await async_check_redis(
                self.hass,
                settings,
                {counts.queue: counts for counts in self._immich.queues},
            )
        except BullMQError as err:
            key, details = message_of(err)
            errors["base"] = key
            placeholders.update(details)
            return None
        self._refuse_same_redis(settings, found)
        return found

    def _refuse_same_redis(self, settings: RedisSettings, found: RedisFound) -> None:
        """Abort when another loaded entry reads the same queues of the same Redis."""
        for entry in self._async_current_entries():
            own = self.source == SOURCE_RECONFIGURE and (
                entry.entry_id == self._reconfigure_entry_id
            )
            if not own and reads_same_queues(entry, settings, found):
                raise AbortFlow("same_redis")

    def _finish(self, redis: RedisFound | None) -> ConfigFlowResult:
        """Save what was found."""
        if self.source == SOURCE_RECONFIGURE:
            return self._update(self._get_reconfigure_entry(), self._data)
        busy = sum(bool(counts.active) for counts in self._immich.queues)
        return self.async_create_entry(
            title="Immich",
            data=self._data,
            description="redis" if redis else "api_only",
            description_placeholders={
                "queues": str(len(self._immich.queues)),
                "busy": str(busy),
                "version": str(self._immich.version),
                "redis": redis.access.server_version if redis else "",
            },
        )

    def _update(
        self, entry: AdminToolsConfigEntry, data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Save new data and reload, once.

        A loaded entry reloads by itself when its data change. When they don't, as the
        same key was entered again, the user still wants another try.
        """
        reloads_itself = entry.state is ConfigEntryState.LOADED and dict(
            entry.data
        ) != dict(data)
        result = self.async_update_and_abort(entry, data=data)
        if not reloads_itself:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result
