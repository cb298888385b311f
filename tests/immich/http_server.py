"""A small real HTTP server on 127.0.0.1 that gives prepared answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import json
import ssl
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to one request."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), headers=named)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in."""

    method: str
    target: str
    """Path and query as they were on the wire."""
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Return the body as JSON."""
        value: object = json.loads(self.body)
        return value


class HttpServer:
    """Answers what it was told to; all else as Immich answers unknown paths."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Speak https when a context is given."""
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._context = context
        self._runner = web.AppRunner(
            _application(self._handle), shutdown_timeout=0.1, access_log=None
        )
        self._stopping = asyncio.Event()
        self.url = ""

    def answer(self, method: str, target: str, *answers: Answer) -> None:
        """Give these answers in turn, and the last one for ever."""
        self._answers[method, target] = list(answers)

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        host, port = self._runner.addresses[0]
        self.url = f"http{'s' if self._context else ''}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, drop the connections and answer nobody who still waits."""
        self._stopping.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        target = request.raw_path
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, target, headers, await request.read()))
        answers = self._answers.get((request.method, target))
        if answers is None:
            path = target.partition("?")[0]
            answer = json_answer({"message": f"Cannot {request.method} {path}"}, 404)
        else:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(TimeoutError):
            async with asyncio.timeout(answer.delay):
                await self._stopping.wait()
        response = web.Response(
            status=answer.status, body=answer.body, headers=answer.headers
        )
        response.headers.setdefault("content-type", answer.content_type)
        return response


def _application(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.Application:
    """Return an application that gives everything to one handler."""
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handler)
    return application
