"""Restarts the machine learning without losing a photo: pause, restart, wait, go on."""

import asyncio
from collections.abc import Awaitable, Callable
import logging

from ..healing.errors import HealingError
from .controller import HostController
from .errors import NoRestartActionError, ServiceRestartError
from .host_services import HostServices
from .probe import ANSWERS_NEEDED, Availability

_LOGGER = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks."""
FINISH_WITHIN = 30_000
"""ms that jobs get to end. One that hangs does not, and is why it is restarted."""
DOWN_FOR = 5_000
"""ms after its action in which an answer may still come from before it."""


class ServiceRestart:
    """One restart. After a crash in the middle, the queues go on as soon as it answers."""

    def __init__(
        self,
        host: HostController,
        services: HostServices,
        now: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`now` returns monotonic ms."""
        self._host = host
        self._services = services
        self._now = now
        self._sleep = sleep

    async def run(self) -> float:
        """Restart it, and return the seconds from its action to its answer.

        Raises NoRestartActionError, and ServiceRestartError when it did not work.
        """
        host = self._host
        if not host.settings.has_restart_action:
            raise NoRestartActionError(host.settings.name)
        if host.restarting:
            raise ServiceRestartError("a restart is already in progress")
        host.restarting = True
        try:
            await host.step()
            await self._until_finished()
            begun = self._now()
            try:
                await self._services.run_restart_action()
            except HealingError as error:
                raise ServiceRestartError(str(error)) from error
            await self._until_back(begun)
            _LOGGER.info(
                "The machine learning of %s responds again", host.settings.name
            )
            return (self._now() - begun) / 1000
        finally:
            host.restarting = False
            await host.step()

    async def _until_finished(self) -> None:
        """Wait until the queues rest; raise when they can't be paused."""
        deadline = self._now() + FINISH_WITHIN
        held = False
        while self._now() < deadline:
            view = await self._services.look()
            await self._host.step()
            work = self._host.work
            held = view is not None and self._host.leases.all_held(view)
            at_rest = held and work is not None and work.busy is False
            if at_rest and self._host.others_at_rest:
                return
            await self._sleep(EVERY)
        if not held:
            raise ServiceRestartError("the queues could not be paused")

    async def _until_back(self, begun: int) -> None:
        """Wait until it answers again."""
        host = self._host
        deadline = begun + host.settings.power.boot_timeout
        await self._sleep(DOWN_FOR / 1000)
        host.contact = Availability()
        while self._now() < deadline:
            await host.probe()
            if host.contact.answers >= ANSWERS_NEEDED:
                return
            await self._sleep(EVERY)
        raise ServiceRestartError("the machine learning did not respond in time")
