"""The Immich simulator as a child process of a test."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Literal, Self, cast

import aiohttp

from .processes import end, keep_last_lines, until

MAIN = Path(__file__).parents[2] / "simulator" / "src" / "main.js"
START_TIMEOUT = 40.0
"""Seconds until the simulator must be ready."""
CONTROL_TIMEOUT = 120.0
"""Seconds for one command; 100,000 jobs take some."""

type Json = Mapping[str, object]
type MlMode = Literal["on", "off", "silent", "slow", "hanging", "error500"]
type ApiMode = Literal["normal", "500", "hang", "garbage", "down"]


class ControlError(Exception):
    """The simulator refused a command."""


@dataclass(frozen=True, slots=True)
class QueueTruth:
    """What really happened to a queue's jobs, as the simulator's own processes counted it.

    `started` = `finished` + `lost` + `running`; `handler_failed` and `skipped` are parts of `finished`.
    """

    added: int
    started: int
    finished: int
    handler_failed: int
    skipped: int
    deduplicated: int
    lost: int
    """Handlers that died with their process."""
    running: int
    hung_now: int
    """Of those running: promises that never resolve."""
    hangs_left: int
    """Hangs asked for that no job has taken yet."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened, in all."""

    queues: Mapping[str, QueueTruth]
    worker_pid: int | None
    api_pid: int | None
    restarts: Mapping[str, int]
    """Of the processes "api" and "worker"."""
    ml_calls: Mapping[str, int]
    """Requests that reached the machine learning host, per queue."""
    maintenance: bool


@dataclass(slots=True)
class Simulator:
    """An Immich on a Redis of the test.

    async with Simulator(valkey.url) as immich: ...
    """

    redis_url: str
    bullmq: Literal["5.80", "5.51", "6"] = "5.80"
    immich: Literal["3.1.0", "2.7.5"] = "3.1.0"
    assets: int = 500
    time_scale: float = 1
    """Factor on restart times and ML time-outs."""
    worker: bool = True
    options: Sequence[str] = ()
    """More arguments: "--stalled-interval", "1000"."""

    url: str = ""
    """Of Immich, without /api."""
    control_url: str = ""
    ml_url: str = ""
    metrics_url: str = ""
    api_metrics_url: str = ""
    api_key: str = ""
    """Of the administrator, with all scopes."""
    user_id: str = ""
    prefix: str = ""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    _process: Process | None = None
    _reader: asyncio.Task[None] | None = None
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()

    async def start(self) -> None:
        """Start the simulator and wait until it is ready.

        Raises:
            RuntimeError: It isn't; the message has its log.

        """
        node = shutil.which("node")
        if not node:
            raise RuntimeError("The simulator needs Node.js on PATH.")
        arguments = [
            "--redis",
            self.redis_url,
            "--bullmq",
            self.bullmq,
            "--immich",
            self.immich,
        ]
        arguments += [
            "--assets",
            str(self.assets),
            "--time-scale",
            str(self.time_scale),
        ]
        for name in (
            "port",
            "control-port",
            "ml-port",
            "metrics-port",
            "api-metrics-port",
        ):
            arguments += [f"--{name}", "0"]
        if not self.worker:
            arguments.append("--no-worker")
        # It ends when its stdin closes, so it doesn't outlive a test run that was killed.
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(MAIN),
            *arguments,
            *self.options,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        assert self._process.stdout
        assert self._process.stderr
        self._reader = asyncio.create_task(
            keep_last_lines(self._process.stderr, self.log), name="simulator log"
        )
        try:
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.stdout.readline()
            ready = json.loads(line)
        except (TimeoutError, ValueError) as error:
            await self.stop()
            raise RuntimeError(
                "The simulator did not start:\n" + "\n".join(self.log)
            ) from error
        self.url = ready["url"]
        self.control_url = ready["control"]
        self.ml_url = ready["ml"]
        self.metrics_url = ready["metrics"]
        self.api_metrics_url = ready["api_metrics"]
        self.api_key = ready["api_key"]
        self.user_id = ready["user_id"]
        self.prefix = ready["prefix"]
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=CONTROL_TIMEOUT),
            # A new connection each time: the processes behind the addresses come and go.
            connector=aiohttp.TCPConnector(force_close=True),
        )

    async def stop(self) -> None:
        """End the simulator and all its processes."""
        if self._session:
            await self._session.close()
        if self._process:
            await end(self._process)
        if self._reader:
            await self._reader
        self._process = self._reader = self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """An HTTP client for requests of the test itself."""
        assert self._session, "the simulator is not running"
        return self._session

    async def control(self, command: str, **body: object) -> dict[str, object]:
        """Send a command to the control API.

        Args:
            command: Its path, "jobs"; see simulator/README.md.
            body: Its fields.

        Raises:
            ControlError: It was refused.

        """
        return await self._ask("POST", command, body)

    async def _ask(
        self, method: str, command: str, body: Json | None
    ) -> dict[str, object]:
        url = f"{self.control_url}/{command.lstrip('/')}"
        async with self.session.request(method, url, json=body) as response:
            reply: dict[str, object] = await response.json()
        if response.status != 200:
            raise ControlError(str(reply.get("error")))
        return reply

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

    async def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        key: str | None = None,
        timeout: float = 10,
    ) -> tuple[int, object]:
        """Send a request to Immich's API.

        Args:
            method: GET, PUT …
            path: "/api/queues".
            body: Sent as JSON; None = no body.
            key: Instead of the administrator's; "" = none.
            timeout: Seconds.

        Returns:
            Status, and the JSON or text of the reply.

        """
        key = self.api_key if key is None else key
        async with self.session.request(
            method,
            f"{self.url}{path}",
            json=body,
            headers={"x-api-key": key} if key else {},
            timeout=aiohttp.ClientTimeout(total=timeout),
            allow_redirects=False,
        ) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.text(errors="replace")
