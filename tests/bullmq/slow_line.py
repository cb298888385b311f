"""A slow line to a server: what is sent arrives in pieces, and much happens between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib

PIECE = 40
"""Bytes: about one command."""


@contextlib.asynccontextmanager
async def start_slow_line(
    port: int, between: Callable[[], Awaitable[None]]
) -> AsyncIterator[int]:
    """Give the port of a line to the server on `port`.

    `between` is awaited after each piece that goes to the server.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()

    async def forth(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
            await between()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        tasks.add(asyncio.create_task(back(far_reader, writer)))
        tasks.add(asyncio.create_task(forth(reader, far_writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
