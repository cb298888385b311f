"""A TCP server on 127.0.0.1 for what no decent HTTP server does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def socket_server(handler: Handler) -> AsyncIterator[int]:
    """Give each connection to the handler; yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await server.wait_closed()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Return an HTTP request up to its empty line.

    Nothing when the peer has left or greets with TLS.
    """
    start = await reader.read(1)
    if not start.isalpha():
        return b""
    with suppress(asyncio.IncompleteReadError):
        return start + await reader.readuntil(b"\r\n\r\n")
    return b""
