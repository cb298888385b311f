"""A server of Redis' protocol that repeats what it is asked in its complaints."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

type Complain = Callable[[Sequence[str]], str]


def unknown_command(words: Sequence[str]) -> str:
    """Complain as Redis does about a command that was renamed, or is not its own."""
    shown = " ".join(f"'{word}'" for word in words[1:])
    return f"ERR unknown command '{words[0]}', with args beginning with: {shown}"


def no_permission(words: Sequence[str]) -> str:
    """Complain as a proxy might, with an argument where the command should stand."""
    return (
        f"NOPERM this user has no permissions to run the '{words[-1].lower()}' command"
    )


def wrong_password(words: Sequence[str]) -> str:
    """Complain about a login by repeating it."""
    return f"WRONGPASS no user with {' and '.join(words[1:])}"


def code_first(words: Sequence[str]) -> str:
    """Complain without any code."""
    return " ".join(words[::-1])


def unavailable(words: Sequence[str]) -> str:
    """Complain like a server that starts."""
    return f"LOADING not now: {' '.join(words)}"


COMPLAINTS: tuple[Complain, ...] = (
    unknown_command,
    no_permission,
    wrong_password,
    code_first,
    unavailable,
)


async def _words(reader: asyncio.StreamReader) -> list[str]:
    """Read one command."""
    count = int((await reader.readline())[1:])
    words = []
    for _ in range(count):
        size = int((await reader.readline())[1:])
        words.append((await reader.readexactly(size + 2))[:-2].decode())
    return words


@asynccontextmanager
async def echo_server(
    complain: Complain, answers: Callable[[Sequence[str]], bytes | None] | None = None
) -> AsyncIterator[int]:
    """Yield the port of a server that complains about all it does not `answers`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                words = await _words(reader)
                reply = answers(words) if answers else None
                writer.write(reply or f"-{complain(words)}\r\n".encode())
                await writer.drain()
        except ValueError, asyncio.IncompleteReadError, ConnectionError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
