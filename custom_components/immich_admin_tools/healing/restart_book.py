"""Which restarts were tried, and which is under way: on the disk, for after a crash."""

from collections.abc import Callable
import logging

from ..analysis.stored import stored_int
from ..bullmq.models import JsonValue
from .errors import NotStoredError
from .restart_limits import recent_tries
from .safety import Section

_LOGGER = logging.getLogger(__name__)


class RestartBook:
    """The section of the restarts. Times: ms since the epoch."""

    def __init__(self, section: Section, wall: Callable[[], int]) -> None:
        """Go on from what is stored."""
        self._section = section
        self._wall = wall

    @property
    def tries(self) -> list[int]:
        """Return when a restart was tried within the last 24 hours."""
        stored = self._section.data.get("tries")
        known = stored if isinstance(stored, list) else []
        times = [at for at in known if isinstance(at, int)]
        return recent_tries(times, self._wall())

    @property
    def begun(self) -> int | None:
        """Return since when a restart is under way, or was when it was broken off."""
        return stored_int(self._section.data, "begun")

    async def begin(self) -> None:
        """Note that one is under way. Raises NotStoredError."""
        await self._section.save({"tries": [*self.tries], "begun": self._wall()})

    async def count(self) -> None:
        """Note a try. One that can't be stored is no reason to stop half-way."""
        await self._keep([*self.tries, self._wall()], self.begun)

    async def finish(self) -> None:
        """Note that none is under way."""
        await self._keep(self.tries, None)

    async def _keep(self, tries: list[int], begun: int | None) -> None:
        """Write it down, or go on without."""
        stored: dict[str, JsonValue] = {"tries": [*tries]}
        if begun is not None:
            stored["begun"] = begun
        try:
            await self._section.keep(stored)
        except NotStoredError as error:
            _LOGGER.warning("A restart can't be stored: %s", error)
