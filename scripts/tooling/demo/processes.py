"""Starts other programs, keeps their logs, and stops every one of them; and finds ports for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
from typing import Self

from ..common import REPOSITORY, ToolingError, say

_PATIENCE = 20.0
"""Seconds a program gets to end by itself."""

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

USUAL_PORT = 8123
"""Home Assistant's own port."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running program."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def must_run(self) -> None:
        """Raise `ToolingError` with the end of its log when it has ended."""
        if self.exit_code is not None:
            raise ToolingError(
                f"{self.name} ended ({self.exit_code}). Its log, {self.log}, ends with:\n{self.tail()}"
            )

    def tail(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def stop(self) -> None:
        """End it, first asking."""
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Children:
    """A context in which programs run; leaving it stops them, the last started first."""

    def __init__(self, logs: Path) -> None:
        """Write the logs into a folder."""
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        """Start with none."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all of them."""
        while self._running:
            self._running.pop().stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        read_output: bool = False,
    ) -> Child:
        """Start a program; with `read_output` its output is for the caller, its errors for the log."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=REPOSITORY,
                env={**os.environ, **(env or {})},
                # An open pipe tells programs that watch it that this one is alive.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if read_output else file,
                stderr=file,
                # Ctrl-C in the terminal is for this program, which then stops the others in order.
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (no threads yet)
            )
        child = Child(name, process, log)
        self._running.append(child)
        return child

    def forget(self, child: Child) -> None:
        """Take out a program that has ended."""
        child.stop()
        self._running.remove(child)

    def must_run(self) -> None:
        """Raise `ToolingError` when one has ended."""
        for child in self._running:
            child.must_run()


def _end_with_parent() -> None:
    """Have the kernel end the program when this one is killed and can't."""
    ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() == 1:
        os.kill(os.getpid(), signal.SIGTERM)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as candidate:
        # As servers do: a port whose last connections are still closing is free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
    return True


def preferred_or_free(preferred: int, host: str = "127.0.0.1") -> int:
    """Return the usual port, or any free one when another program has it; 0 asks for any."""
    if preferred and is_free(preferred, host):
        return preferred
    with socket.socket() as candidate:
        candidate.bind((host, 0))
        port: int = candidate.getsockname()[1]
    return port


def port_to_use(wanted: int | None, host: str = "127.0.0.1") -> int:
    """Return the port for Home Assistant; None is the usual one, or else a free one.

    Raises `ToolingError` when the port that somebody named is taken: whoever named it
    looks for the demo there.
    """
    if wanted and not is_free(wanted, host):
        raise ToolingError(
            f"Port {wanted} is taken by another program. Stop that program, or start "
            "with another --port (0: any that is free)."
        )
    if wanted is not None:
        return preferred_or_free(wanted, host)
    port = preferred_or_free(USUAL_PORT, host)
    if port != USUAL_PORT:
        say(f"Port {USUAL_PORT} is taken by another program: using {port}")
    return port
