"""The settings of the server that an admin may change.

The whole config holds passwords: it lives only as long as one call here.
"""

import asyncio
from collections.abc import Mapping

from .api import ImmichApi
from .errors import ConfigConflictError, FixedConcurrencyError
from .models import SystemConfig
from .readers import system_config_of
from .replies import JsonObject
from .requests import Request, Requests

_PATH = "/system-config"


class SystemConfigApi(ImmichApi):
    """Concurrency of the queues, and where the machine learning is."""

    def __init__(self, requests: Requests) -> None:
        """Let one change end before the next begins."""
        super().__init__(requests)
        self._writing = asyncio.Lock()

    async def system_config(self) -> SystemConfig:
        """Return the settings that are used here (`systemConfig.read`)."""
        return system_config_of(await self._read())

    async def concurrency(self) -> Mapping[str, int]:
        """Return how many jobs a queue runs at once (`systemConfig.read`).

        Queues that always run one at a time are missing.
        """
        return (await self.system_config()).concurrency

    async def machine_learning_urls(self) -> tuple[str, ...]:
        """Return where Immich finds its machine learning (`systemConfig.read`)."""
        return (await self.system_config()).machine_learning_urls

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Let a queue run so many jobs at once (`systemConfig.update`).

        Takes effect when a running job ends. Immich takes the whole config only
        and locks nothing, so it is read just before and checked after: a
        ConfigConflictError says that someone else wrote at the same time. Raises
        FixedConcurrencyError for a queue without the setting, ConfigFileError
        when the server reads its config from a file, ValueError below 1.
        """
        if jobs < 1:
            raise ValueError("A queue runs at least one job at a time")
        async with self._writing:
            config = await self._read()
            current = system_config_of(config).concurrency.get(name)
            if current is None:
                raise FixedConcurrencyError(f"{name} runs one job at a time")
            if current == jobs:
                return
            await self._requests.send(
                Request("PUT", _PATH, body=_with_concurrency(config, name, jobs))
            )
            if (await self.concurrency()).get(name) != jobs:
                raise ConfigConflictError("Someone else changed Immich's settings")

    async def _read(self) -> JsonObject:
        """Return the whole config."""
        return (await self._requests.send(Request("GET", _PATH))).as_object()


def _with_concurrency(config: JsonObject, name: str, jobs: int) -> dict[str, object]:
    """Return the config with one number changed and all else as it was."""
    queues = config.section("job")
    setting = {**queues.section(name).values, "concurrency": jobs}
    return {**config.values, "job": {**queues.values, name: setting}}
