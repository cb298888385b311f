"""What keeps the picture of Immich up to date: a fast look at the queues, a slow one at the server."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from redis.asyncio import Redis

from .analysis.analyst import Analyst
from .analysis.models import ServerView
from .bullmq.connection import RedisSettings, build_ssl_context, create_client
from .bullmq.errors import BullMQError
from .bullmq.models import RedisReading
from .bullmq.reader import QueueReader
from .clock import monotonic_ms, now_ms
from .const import DOMAIN, LOGGER, POLLS_BEFORE_REMOVAL, SERVER_INTERVAL
from .errors import message_of
from .immich.client import ImmichClient
from .immich.errors import ImmichError, InvalidApiKeyError, MissingPermissionError
from .immich.models import ListedJob, QueueCounts, User, Version
from .immich.permissions import Permission
from .settings import poll_interval_of, thresholds_of

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
"""Seconds between two tries while Redis does not answer: doubled each time."""


class RedisSource:
    """Reads the queues from Redis and says whether it is there.

    `read` returns None while Redis is lost: the caller then goes on with the
    API. A lost Redis is asked again after 5, 10, 20, 40, 60, 60 … s, so that a
    host that drops packets does not slow down every poll.
    """

    def __init__(self, settings: RedisSettings, client: Redis) -> None:
        """Take a client that has not connected yet."""
        self.settings = settings
        self.client = client
        self.error: BullMQError | None = None
        self.reading: RedisReading | None = None
        self._listeners: set[CALLBACK_TYPE] = set()
        self._reader = QueueReader(client, settings.prefix)
        self._pause = 0.0
        self._next_try = 0.0

    @property
    def connected(self) -> bool:
        """Return whether the last try was answered."""
        return self.reading is not None and self.error is None

    @property
    def without_version(self) -> tuple[str, ...]:
        """Return the queues that tell no version: Redis was emptied under Immich."""
        if self.reading is None:
            return ()
        return tuple(
            name
            for name, queue in self.reading.queues.items()
            if queue.version is None and not queue.wrong_types
        )

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Tell somebody at once when Redis is lost or back; return what ends that.

        A poll goes on with the API, which may take much longer.
        """
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def go_on_from(self, positions: Mapping[str, str]) -> None:
        """Read the events after those that were counted before a restart of ours."""
        self._reader.restore_positions(positions)

    async def read(self, queues: Collection[str], now: float) -> RedisReading | None:
        """Poll the queues; `now` is a monotonic clock in seconds."""
        if now < self._next_try:
            return None
        try:
            self.reading = await self._reader.read(queues)
        except BullMQError as err:
            self._lost(err, now)
            return None
        was_lost = self.error is not None
        self.error = None
        self._pause = self._next_try = 0.0
        if was_lost:
            LOGGER.info("Connection to Redis restored")
            self._tell()
        return self.reading

    def _lost(self, err: BullMQError, now: float) -> None:
        """Remember the failure and plan the next try; log only the first one."""
        is_new = self.error is None
        self.error = err
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._next_try = now + self._pause
        if is_new:
            LOGGER.warning(
                "Connection to Redis lost, using only the Immich API: %s", err
            )
            self._tell()

    def _tell(self) -> None:
        """Tell the listeners that Redis is lost or back."""
        for listener in tuple(self._listeners):
            listener()

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()


async def async_create_redis_source(
    hass: HomeAssistant, settings: RedisSettings
) -> RedisSource:
    """Make a source. Certificates are read outside of the event loop.

    Raises BullMQError when the address or the CA certificate can't be used.
    """
    ssl_context = await hass.async_add_executor_job(build_ssl_context, settings)
    return RedisSource(settings, create_client(settings, ssl_context))


PULSE_TIMEOUT = 5.0
"""Seconds for a sign of life of Immich's API, asked for beside each poll of Redis."""

FALLBACK_TIMEOUT = 5.0
"""Seconds for the queues by the API where Redis does not answer: perhaps it never does."""

REFUSAL_CONFIRMED_AFTER = 2.0
"""Seconds after which a refused key is tried again: a proxy that starts may refuse it."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What Immich says of itself."""

    version: Version
    user: User
    permissions: frozenset[str]
    queues: tuple[str, ...]
    """Names in Immich's own order."""
    concurrency: Mapping[str, int] | None
    """Per queue that has one; None when the key may not read the settings."""

    def concurrency_of(self, queue: str) -> int | None:
        """Return how many jobs a queue works on at once; None: not known."""
        # Those that Immich has no number for work on one job at a time.
        return None if self.concurrency is None else self.concurrency.get(queue, 1)

    def may(self, permission: Permission) -> bool:
        """Return whether the API key has a permission."""
        return not {permission, Permission.ALL}.isdisjoint(self.permissions)


class _Coordinator[Data](DataUpdateCoordinator[Data]):
    """What both have in common."""

    config_entry: ConfigEntry
    outage_expected = False
    """Whether a restart of ours explains that nobody answers."""

    @override
    async def _async_refresh(
        self,
        log_failures: bool = True,
        raise_on_auth_failed: bool = False,
        scheduled: bool = False,
        raise_on_entry_error: bool = False,
    ) -> None:
        """Look, and log no failure that a restart of our own explains."""
        await super()._async_refresh(
            log_failures and not self.outage_expected,
            raise_on_auth_failed,
            scheduled,
            raise_on_entry_error,
        )


class ServerCoordinator(_Coordinator[ServerStatus]):
    """Asks Immich which queues there are, and for its version and settings."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ImmichClient
    ) -> None:
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} server",
            update_interval=SERVER_INTERVAL,
            always_update=False,
        )
        self.client = client
        self._missing: dict[str, int] = {}
        self._asked_for_key = False

    @property
    def answers(self) -> bool:
        """Return whether Immich answered the last time that anything was asked."""
        return self.last_update_success and self.client.failure is None

    @override
    async def _async_update_data(self) -> ServerStatus:
        """Ask Immich.

        Raises UpdateFailed, and ConfigEntryAuthFailed for a wrong key while the entry
        is set up. Later that would end all polling for good.
        """
        try:
            status = await self._status()
        except InvalidApiKeyError as err:
            await self._ask_for_key()
            raise _update_error(err) from None
        except ImmichError as err:
            raise _update_error(err) from None
        self._key_works()
        return status

    async def async_pulse(self) -> None:
        """See whether Immich's API answers and knows the key; look closer if that is new.

        While Redis answers, a poll asks Immich for nothing else.
        """
        try:
            await self.client.permissions(PULSE_TIMEOUT)
        except ImmichError as err:
            LOGGER.debug("No sign of life of Immich's API: %s", err)
        if (self.client.failure is None) is not self.last_update_success:
            await self.async_request_refresh()

    async def _status(self) -> ServerStatus:
        """Ask for everything, one after the other. Raises ImmichError."""
        return ServerStatus(
            version=await self.client.check_version(),
            user=await self.client.me(),
            permissions=await self.client.permissions(),
            queues=self._lasting(await self.client.queues()),
            concurrency=await self._concurrency(),
        )

    async def _ask_for_key(self) -> None:
        """Ask the user for a new key, once, if the known one is refused again.

        Raises ConfigEntryAuthFailed while the entry is set up.
        """
        await asyncio.sleep(REFUSAL_CONFIRMED_AFTER)
        try:
            await self.client.permissions()
        except InvalidApiKeyError as err:
            if self.config_entry.state is ConfigEntryState.SETUP_IN_PROGRESS:
                key, placeholders = message_of(err)
                raise ConfigEntryAuthFailed(
                    translation_domain=DOMAIN,
                    translation_key=key,
                    translation_placeholders=placeholders,
                ) from None
            if not self._asked_for_key:
                self._asked_for_key = True
                self.config_entry.async_start_reauth(self.hass)
        except ImmichError as err:
            LOGGER.debug("Whether the key is refused again can't be seen: %s", err)

    def _key_works(self) -> None:
        """Take back that a new key was asked for."""
        if not self._asked_for_key:
            return
        self._asked_for_key = False
        for flow in self.config_entry.async_get_active_flows(
            self.hass, {SOURCE_REAUTH}
        ):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _lasting(self, counts: tuple[QueueCounts, ...]) -> tuple[str, ...]:
        """Return the queues of this reply and those that are missing for a short time.

        A queue goes only after POLLS_BEFORE_REMOVAL good replies without it, so
        that an update or a restart of Immich never takes a device away.
        """
        named = tuple(queue.queue for queue in counts)
        before = self.data.queues if self.data else ()
        self._missing = {
            queue: self._missing.get(queue, 0) + 1
            for queue in before
            if queue not in named
        }
        return named + tuple(
            queue
            for queue, polls in self._missing.items()
            if polls < POLLS_BEFORE_REMOVAL
        )

    async def _concurrency(self) -> Mapping[str, int] | None:
        """Read the numbers of workers, if the key may see them."""
        try:
            return await self.client.concurrency()
        except MissingPermissionError:
            return None


class QueueCoordinator(_Coordinator[ServerView]):
    """Looks at the queues: in Redis, or through the API where Redis is not to be had."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        server: ServerCoordinator,
        redis: RedisSource | None,
        analyst: Analyst,
    ) -> None:
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} queues",
            # Listeners hear of every poll: held-back values are written in time.
            update_interval=timedelta(seconds=poll_interval_of(entry)),
        )
        self.redis = redis
        self.analyst = analyst
        self._server = server
        self._pulse: asyncio.Task[None] | None = None

    def concurrency_of(self, queue: str) -> int | None:
        """Return how many jobs Immich lets a queue run at a time, if it may be seen."""
        return self._server.data.concurrency_of(queue)

    @override
    async def _async_update_data(self) -> ServerView:
        """Look once.

        Raises UpdateFailed when neither Redis nor the API answers.
        """
        thresholds = thresholds_of(self.config_entry)
        # Of before the look: what it tells is at least as old.
        now, wall = monotonic_ms(), now_ms()
        if self.redis is not None and (
            reading := await self.redis.read(self._server.data.queues, now / 1000)
        ):
            self._feel_pulse()
            return self.analyst.update_from_redis(
                reading,
                thresholds,
                now,
                wall,
                poll_interval_of(self.config_entry) * 1000,
            )
        try:
            counts = await self._server.client.queues(
                None if self.redis is None else FALLBACK_TIMEOUT
            )
            listed = await self._active_jobs(counts)
        except ImmichError as err:
            self._look_closer()
            raise _update_error(err) from None
        return self.analyst.update_from_api(
            counts, listed, thresholds, monotonic_ms(), now_ms()
        )

    def _feel_pulse(self) -> None:
        """Ask Immich for a sign of life, without holding up what Redis told."""
        if self._pulse is None or self._pulse.done():
            self._pulse = self.config_entry.async_create_background_task(
                self.hass, self._server.async_pulse(), f"{self.name} pulse"
            )

    def _look_closer(self) -> None:
        """Let the server be asked soon, if it is not known yet to be in trouble."""
        if self._server.last_update_success:
            self.config_entry.async_create_background_task(
                self.hass, self._server.async_request_refresh(), f"{self.name} failed"
            )

    @callback
    def async_take_options(self) -> None:
        """Take over the options that need no reload."""
        self.update_interval = timedelta(seconds=poll_interval_of(self.config_entry))

    async def _active_jobs(
        self, counts: tuple[QueueCounts, ...]
    ) -> dict[str, tuple[ListedJob, ...]]:
        """List the active jobs of the queues that have some."""
        return {
            queue.queue: await self._server.client.jobs(queue.queue, ("active",))
            for queue in counts
            if queue.active
        }


def _update_error(err: ImmichError) -> UpdateFailed:
    """Say in Home Assistant's terms why Immich could not be asked."""
    key, placeholders = message_of(err)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
