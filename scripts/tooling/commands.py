"""Runs other programs and shows their output when they fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import shlex
import subprocess

from .errors import ToolingError


def merged_environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return this process's environment with `extra` on top."""
    return {**os.environ, **(extra or {})}


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 900,
) -> str:
    """Run a program quietly and return its output.

    Raises `ToolingError` with the end of its output when it fails or takes longer than
    `timeout` seconds.
    """
    shown = shlex.join(str(part) for part in command)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=merged_environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolingError(f"Program not found: {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolingError(f"Gave up after {timeout:.0f} s: {shown}") from error
    if done.returncode != 0:
        raise ToolingError(
            f"Failed ({done.returncode}): {shown}\n{_excerpt(done.stdout)}"
        )
    return done.stdout


def _excerpt(output: str) -> str:
    """Return the start and the end of an output: a cause may stand in either."""
    lines = output.strip().splitlines()
    if len(lines) > 40:
        lines = [*lines[:15], "[…]", *lines[-20:]]
    return "\n".join(lines)


def show(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 1800,
) -> int:
    """Run a program with its output shown and return its exit code; 124 when it took too long."""
    started = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=merged_environment(env),
        stdin=subprocess.DEVNULL,
    )
    try:
        return started.wait(timeout)
    except subprocess.TimeoutExpired:
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        return 124
    except KeyboardInterrupt:
        # The program got the same signal: let it clean up.
        started.wait()
        raise
