"""Servers that outlive one test: they live in an event loop of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
import contextlib
from dataclasses import dataclass
from functools import wraps
import inspect
import threading
from typing import Any, cast

CALL_TIMEOUT = 180.0
"""Seconds for one call from a test."""


@dataclass(slots=True)
class Elsewhere:
    """An event loop in a thread."""

    loop: asyncio.AbstractEventLoop

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work in that loop, without a loop of one's own."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_TIMEOUT)

    def proxy[T](self, target: T) -> T:
        """Return a stand-in whose coroutine methods run in that loop."""
        return cast("T", _Proxy(target, self.loop))


class _Proxy:
    """Hands on attributes; coroutine methods can be awaited in any loop."""

    def __init__(self, target: object, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> object:
        value: object = getattr(self._target, name)
        if inspect.iscoroutinefunction(value):
            return self._moved(value)
        return value

    def _moved[**P, T](
        self, method: Callable[P, Coroutine[Any, Any, T]]
    ) -> Callable[P, Awaitable[T]]:
        @wraps(method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            work = asyncio.run_coroutine_threadsafe(method(*args, **kwargs), self._loop)
            return await asyncio.wrap_future(work)

        return call


@contextlib.contextmanager
def event_loop_elsewhere() -> Iterator[Elsewhere]:
    """Run an event loop in a thread for as long as the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="servers", daemon=True)
    thread.start()
    try:
        yield Elsewhere(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CALL_TIMEOUT)
        loop.close()
