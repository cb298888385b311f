"""Starts other programs, keeps their logs, and stops every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Self

from ..commands import merged_environment
from ..errors import ToolingError

_PATIENCE = 20.0
"""Seconds a program gets to end by itself."""

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


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

    def tail(self, lines: int = 25) -> str:
        """Return the end of its log."""
        if not self.log.is_file():
            return "(empty)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End it, first asking."""
        if self.exit_code is None:
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
        self._logs = logs
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        """Start with none."""
        self._logs.mkdir(parents=True, exist_ok=True)
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
        cwd: Path,
        env: Mapping[str, str] | None = None,
        read_output: bool = False,
    ) -> Child:
        """Start a program; with `read_output` its output is for the caller, its errors for the log."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=merged_environment(env),
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
