"""The Immich simulator as a child process of a test: start, stop, and requests to it."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Literal, Self

import aiohttp

from .processes import end, keep_last_lines

MAIN = Path(__file__).parents[2] / "simulator" / "src" / "main.js"
START_TIMEOUT = 40.0
"""Seconds until the simulator must be ready."""
CONTROL_TIMEOUT = 120.0
"""Seconds for one command; 100,000 jobs take some."""

type Json = Mapping[str, object]


class ControlError(Exception):
    """The simulator refused a command."""


@dataclass(slots=True)
class SimulatorProcess:
    """A simulator with its addresses."""

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
