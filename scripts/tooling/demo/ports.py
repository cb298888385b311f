"""Finds ports to listen on."""

from __future__ import annotations

import socket


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
