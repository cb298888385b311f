"""The Immich simulator, with a method for each of its commands."""

from dataclasses import dataclass
from typing import Literal, cast

import aiohttp

from .processes import until
from .simulator_process import ControlError, SimulatorProcess
from .simulator_truth import QueueTruth, Truth

__all__ = ["ControlError", "QueueTruth", "Simulator", "Truth"]

type MlMode = Literal["on", "off", "silent", "slow", "hanging", "error500"]
type ApiMode = Literal["normal", "500", "hang", "garbage", "down"]


@dataclass(slots=True)
class Simulator(SimulatorProcess):
    """An Immich on a Redis of the test.

    async with Simulator(valkey.url) as immich: ...
    """

    async def truth(self) -> Truth:
        """Return the simulator's own counters."""
        reply = await self._ask("GET", "truth", None)
        queues = cast("dict[str, dict[str, int]]", reply["queues"])
        return Truth(
            queues={name: QueueTruth(**counts) for name, counts in queues.items()},
            worker_pid=cast("int | None", reply["worker_pid"]),
            api_pid=cast("int | None", reply["api_pid"]),
            restarts=cast("dict[str, int]", reply["restarts"]),
            ml_calls=cast("dict[str, int]", reply["ml_calls"]),
            maintenance=cast("bool", reply["maintenance"]),
        )

    async def until_truth(
        self, queue: str, *, timeout: float = 30, **counts: int
    ) -> QueueTruth:
        """Wait until counters of a queue have at least these values.

        Args:
            queue: Its name.
            timeout: Seconds.
            counts: Fields of QueueTruth: finished=50.

        Raises:
            TimeoutError: They haven't in time; the message has what they were.

        """
        last = (await self.truth()).queues[queue]

        async def reached() -> bool:
            nonlocal last
            last = (await self.truth()).queues[queue]
            return all(getattr(last, name) >= value for name, value in counts.items())

        try:
            await until(
                reached, timeout=timeout, what=f"{queue} has {counts}", interval=0.05
            )
        except TimeoutError as error:
            error.add_note(f"last seen: {last}")
            raise
        return last

    async def add_jobs(self, queue: str, count: int = 1, **more: object) -> list[str]:
        """Add jobs and return their ids.

        Args:
            queue: Its name.
            count: How many.
            more: name, data, priority, delay (ms), dedup, jobId, bad ("non-json", "huge", "binary").

        """
        reply = await self.control("jobs", queue=queue, count=count, **more)
        return cast("list[str]", reply["ids"])

    async def upload(self, count: int = 1) -> list[str]:
        """Add photos that go through the whole pipeline; returns their asset ids."""
        return cast(
            "list[str]", (await self.control("upload", count=count))["asset_ids"]
        )

    async def asset_ids(self) -> list[str]:
        """Return the ids of the library's first thousand assets."""
        return cast("list[str]", (await self._ask("GET", "assets", None))["ids"])

    async def speed(self, milliseconds: float, queue: str = "all") -> None:
        """Set how long a job takes."""
        await self.control("speed", queue=queue, ms=milliseconds)

    async def hang(self, queue: str, count: int = 1) -> None:
        """Let the next jobs of a queue never end."""
        await self.control("hang", queue=queue, count=count)

    async def poison(self, *ids: str) -> None:
        """Let jobs with these ids in their data hang every time; no id = no poison."""
        await self.control("hang", ids=list(ids))

    async def unhang(self, queue: str | None = None) -> None:
        """Let hung jobs of a queue, or of all, end."""
        await self.control("unhang", **({"queue": queue} if queue else {}))

    async def block_worker(self, seconds: float) -> None:
        """Block the event loop of the worker process."""
        await self.control("block", seconds=seconds)

    async def kill_worker(self, *, restart: bool = False) -> None:
        """Kill the worker process with SIGKILL; returns when it is gone, or up again."""
        await self.control("worker", action="kill", restart=restart)

    async def stop_worker(self) -> None:
        """End the worker process with SIGTERM."""
        await self.control("worker", action="stop")

    async def start_worker(self) -> None:
        """Start the worker process and wait until it is ready."""
        await self.control("worker", action="start")

    async def machine_learning(self, mode: MlMode, delay_ms: int | None = None) -> None:
        """Switch the machine learning host."""
        await self.control(
            "ml", mode=mode, **({"delay_ms": delay_ms} if delay_ms else {})
        )

    async def postgres(self, *, up: bool) -> None:
        """Take Immich's database away, or give it back."""
        await self.control("postgres", up=up)

    async def api(self, mode: ApiMode) -> None:
        """Break the API, or mend it."""
        await self.control("api", mode=mode)

    async def until_maintenance(self, *, on: bool, timeout: float = 30) -> None:
        """Wait until Immich says that it is in maintenance mode, or back from it."""

        async def reached() -> bool:
            try:
                status, config = await self.request("GET", "/api/server/config")
            except aiohttp.ClientError:
                return False
            return (
                status == 200
                and isinstance(config, dict)
                and config["maintenanceMode"] is on
            )

        await until(reached, timeout=timeout, what=f"maintenance mode is {on}")

    async def telemetry(self, *, on: bool) -> None:
        """Open or close the telemetry endpoints."""
        await self.control("telemetry", on=on)

    async def add_key(self, *permissions: str, admin: bool = True) -> str:
        """Create an API key with these scopes, of the administrator or of another user."""
        reply = await self.control("keys", permissions=list(permissions), admin=admin)
        return cast("str", reply["key"])
