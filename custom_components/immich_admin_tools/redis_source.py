"""The connection to Immich's Redis: read when it answers, be patient when not."""

from collections.abc import Callable, Collection, Mapping

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from redis.asyncio import Redis

from .bullmq.connection import RedisSettings, build_ssl_context, create_client
from .bullmq.errors import BullMQError
from .bullmq.models import RedisReading
from .bullmq.reader import QueueReader
from .const import LOGGER

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
            LOGGER.info("Redis answers again")
            self._tell()
        return self.reading

    def _lost(self, err: BullMQError, now: float) -> None:
        """Remember the failure and plan the next try; log only the first one."""
        is_new = self.error is None
        self.error = err
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._next_try = now + self._pause
        if is_new:
            LOGGER.warning("Redis is lost, going on with Immich's API only: %s", err)
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
