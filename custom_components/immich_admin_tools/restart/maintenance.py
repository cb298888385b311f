"""A restart by Immich's maintenance mode, and always a way out of it.

What ends maintenance mode is a cookie that Immich gives out once. It is written down
before anything else is done with it, and kept until Immich is seen to be out again:
also after a crash. That maintenance is about to begin is written down even before.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Protocol

from ..bullmq.models import JsonValue
from ..healing.errors import LockedOutError, MaintenanceTimeoutError, NotStoredError
from ..healing.safety import Section, Stored
from ..healing.to_the_end import to_the_end
from ..immich.errors import (
    ImmichError,
    InvalidAddressError,
    InvalidApiKeyError,
    MaintenanceModeError,
    MaintenanceTokenError,
    MissingPermissionError,
    NotAdminError,
    RequestRefusedError,
    UnsupportedVersionError,
)
from ..immich.models import MaintenanceCookie
from ..immich.requests import HttpFactory
from ..serialization import stored_int, stored_str

_LOGGER = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""
BEGIN_WITHIN = 60.0
"""Seconds from the request to maintenance mode; 4 s were seen."""
END_WITHIN = 180.0
"""Seconds from the request to the normal mode; 4 s were seen."""

FORGET_AFTER = 600.0
"""Seconds after which a maintenance mode that never began is no longer expected."""

REFUSALS = (
    InvalidAddressError,
    InvalidApiKeyError,
    MaintenanceModeError,
    MissingPermissionError,
    NotAdminError,
    RequestRefusedError,
    UnsupportedVersionError,
)
"""Immich's own word that nothing was begun. After any other error it may have been."""

type Sleep = Callable[[float], Awaitable[None]]


class MaintenanceApi(Protocol):
    """What of Immich's API is needed."""

    async def in_maintenance(self) -> bool:
        """Return whether Immich is in maintenance mode."""

    async def start_maintenance(self, http_factory: HttpFactory) -> MaintenanceCookie:
        """Begin it."""

    async def end_maintenance(
        self, cookie: MaintenanceCookie, http_factory: HttpFactory
    ) -> None:
        """End it."""


class MaintenanceGuard:
    """Takes Immich into maintenance mode and out again, whatever happens between."""

    def __init__(
        self,
        api: MaintenanceApi,
        http_factory: HttpFactory,
        section: Section,
        wall: Callable[[], int],
        now: Callable[[], int],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Go on from what is stored.

        `wall` returns ms since the epoch, `now` ms on a clock that never jumps.
        """
        self._api = api
        self._http_factory = http_factory
        self._section = section
        self._wall = wall
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        cookie = stored_str(section.data, "cookie")
        self._cookie = None if cookie is None else MaintenanceCookie(cookie)
        self._began = stored_int(section.data, "at")
        if self._cookie is not None and self._began is None:
            self._began = 0
        self._expected_until = now() + round(FORGET_AFTER * 1000)
        """On the clock that never jumps: how long it may still begin."""
        self._was_in = section.data.get("was_in") is True

    @property
    def open(self) -> bool:
        """Return whether a maintenance mode of ours has not been seen to end."""
        return self._began is not None

    async def restart(self) -> int:
        """Go in and out; return when Immich was in: its old workers were gone.

        ms since the epoch.

        Raises before anything is done, or after being out again. NotStoredError and
        ImmichErrors: nothing was done. MaintenanceTimeoutError: `look_after` goes on
        trying. LockedOutError: only the user gets out.
        """
        async with self._lock:
            if self.open:
                raise MaintenanceTimeoutError("An earlier restart has not ended")
            if await self._api.in_maintenance():
                raise MaintenanceModeError("Immich is in maintenance mode already")
            await self._section.save({"at": self._wall()})
            self._began = self._wall()
            self._expected_until = self._now() + round(FORGET_AFTER * 1000)
            try:
                # A cookie that was cut off on its way would be lost for good.
                await to_the_end(self._begin())
            except REFUSALS:
                raise
            except ImmichError as error:
                await self._look_whether_it_began()
                raise MaintenanceTimeoutError(
                    f"Nobody knows whether maintenance begins: {error}"
                ) from error
            if not await self._until(True, BEGIN_WITHIN):
                raise MaintenanceTimeoutError("Immich did not enter maintenance mode")
            inside = self._wall()
            await self._note_inside()
            await self._leave()
            return inside

    async def look_after(self) -> None:
        """End a maintenance mode of ours that is still on. Raises as `restart`.

        To be called at the start and with every look at the server. Does nothing
        when there is nothing to end, or while `restart` is at work.
        """
        if not self.open or self._lock.locked():
            return
        async with self._lock:
            if await self._api.in_maintenance():
                await self._note_inside()
                await self._leave()
            elif self._was_in or self._now() >= self._expected_until:
                await self._forget()

    async def _begin(self) -> None:
        """Ask for maintenance mode, and keep what ends it: one step."""
        try:
            self._cookie = await self._api.start_maintenance(self._http_factory)
        except REFUSALS:
            await self._forget()
            raise
        # As long as Home Assistant lives, it is known also if it can't be stored.
        await self._try_to_store(self._stored())

    async def _look_whether_it_began(self) -> None:
        """Look after a reply that was lost. Raises LockedOutError when it did.

        What is not seen now may still come: `look_after` goes on looking.
        """
        if await self._until(True, BEGIN_WITHIN / 2):
            await self._note_inside()
            raise LockedOutError("Immich's reply with the way out was lost")

    async def _leave(self) -> None:
        """End maintenance mode, and see that it has ended."""
        if self._cookie is None:
            raise LockedOutError("Home Assistant ended before it got the way out")
        deadline = self._now() + END_WITHIN * 1000
        while self._now() <= deadline:
            try:
                await self._api.end_maintenance(self._cookie, self._http_factory)
                if not await self._api.in_maintenance():
                    await self._forget()
                    return
            except MaintenanceTokenError as error:
                raise LockedOutError("Immich does not accept the way out") from error
            except ImmichError as error:
                _LOGGER.debug("Immich is not out of maintenance mode yet: %s", error)
            await self._sleep(EVERY)
        raise MaintenanceTimeoutError("Immich did not leave maintenance mode")

    async def _until(self, wanted: bool, seconds: float) -> bool:
        """Wait until Immich is in maintenance mode, or out of it."""
        deadline = self._now() + seconds * 1000
        while self._now() <= deadline:
            try:
                if await self._api.in_maintenance() is wanted:
                    return True
            except ImmichError as error:
                _LOGGER.debug("Immich does not tell its mode: %s", error)
            await self._sleep(EVERY)
        return False

    async def _note_inside(self) -> None:
        """Remember that it has begun: once outside again, it is over."""
        self._was_in = True
        await self._try_to_store(self._stored())

    async def _forget(self) -> None:
        """Forget what is over. If that can't be stored, it is seen again later."""
        self._cookie = self._began = None
        self._was_in = False
        await self._try_to_store({})

    async def _try_to_store(self, stored: Stored) -> None:
        """Write it down, or go on without."""
        try:
            await self._section.keep(stored)
        except NotStoredError as error:
            _LOGGER.warning("The state of maintenance mode cannot be stored: %s", error)

    def _stored(self) -> dict[str, JsonValue]:
        """Return what has to outlive a crash."""
        cookie = self._cookie.value if self._cookie else None
        return {"at": self._began, "cookie": cookie, "was_in": self._was_in}
