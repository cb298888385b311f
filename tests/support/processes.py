"""Child processes of the tests: their output, and an end that can be relied on."""

import asyncio
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Awaitable, Callable
import contextlib
import random
import signal
import socket
import time

END_TIMEOUT = 10.0
"""Seconds a process gets to end by itself."""


_reserved: dict[int, socket.socket] = {}


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses, and keep it from others that ask in this way.

    Not one of those that Linux gives to outgoing connections: it would be taken while its server is down. It is kept
    by holding the UDP port of the same number, as the simulator does too; give it back with `release_port`.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        token = socket.socket(type=socket.SOCK_DGRAM)
        try:
            token.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            token.close()
            continue
        _reserved[port] = token
        return port


def release_port(port: int) -> None:
    """Let others use a port again."""
    if token := _reserved.pop(port, None):
        token.close()


async def end(process: Process) -> None:
    """End a process: SIGTERM, and SIGKILL when that isn't enough."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        # A stopped process doesn't see SIGTERM.
        process.send_signal(signal.SIGCONT)
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_TIMEOUT)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def keep_last_lines(stream: asyncio.StreamReader, lines: deque[str]) -> None:
    """Read a stream to its end, so that the process never blocks on it."""
    async for line in stream:
        lines.append(line.decode(errors="replace").rstrip())


async def until(
    condition: Callable[[], Awaitable[bool]],
    *,
    timeout: float,
    what: str,
    interval: float = 0.02,
) -> None:
    """Wait until a condition holds.

    Args:
        timeout: Seconds.
        interval: Seconds between two looks.
        what: What is waited for, for the message.

    Raises:
        TimeoutError: It didn't hold in time.

    """
    deadline = time.monotonic() + timeout
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what}")
        await asyncio.sleep(interval)
