"""Finds ports to listen on."""

from __future__ import annotations

import socket

from ..errors import ToolingError
from ..progress import say

USUAL = 8123
"""Home Assistant's own port."""


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
    if wanted is None and not is_free(USUAL, host):
        port = preferred_or_free(0, host)
        say(f"Port {USUAL} is taken by another program: using {port}")
        return port
    return preferred_or_free(USUAL if wanted is None else wanted, host)
