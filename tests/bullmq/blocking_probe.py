"""Reads queues in a process of its own, with Home Assistant's detector watching.

A process of its own, because what a test session has imported already would not be
imported again, and because the detector is lenient where it sees a test.

Arguments: `ours`, or `plain` for redis-py as it comes; path of the CA; URLs.
Prints for each URL the blocking calls and the error, as JSON.
"""

from homeassistant import block_async_io  # isort: skip

import asyncio
import json
import logging
import sys
import threading

from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.access import check_access
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    build_ssl_context,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.errors import BullMQError
from custom_components.immich_admin_tools.bullmq.reader import QueueReader

AUDITED = frozenset({"open", "import", "os.listdir", "os.scandir", "time.sleep"})
calls: list[str] = []


class Reports(logging.Handler):
    """Collects what the detector logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        calls.append(record.getMessage()[:500])


def watch(loop_thread: int) -> None:
    """Also see files and modules that are opened without the detector's knowledge."""

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in AUDITED and threading.get_ident() == loop_thread:
            calls.append(f"{event} {str(args[:1])[:200]}")

    sys.addaudithook(hook)


async def use(client: Redis) -> str | None:
    """Do all that the integration does with a client; return the error."""
    try:
        await check_access(client, "immich_bull")
        reader = QueueReader(client)
        for _ in range(2):
            await reader.read(["faceDetection", "ocr"])
            # The next reading makes a new connection.
            await client.connection_pool.disconnect()
    except BullMQError as error:
        return type(error).__name__
    except RuntimeError as error:
        # This is how the detector stops a call.
        calls.append(str(error)[:500])
    finally:
        await client.aclose()
    return None


async def main(kind: str, ca: str, *urls: str) -> dict[str, dict[str, object]]:
    """Connect in a running event loop."""
    loop = asyncio.get_running_loop()
    settings = {url: RedisSettings(url, ca=ca) for url in urls}
    contexts = {
        url: await loop.run_in_executor(None, build_ssl_context, settings[url])
        for url in urls
    }
    logging.getLogger("homeassistant").addHandler(Reports())
    block_async_io.enable()
    watch(threading.get_ident())
    results: dict[str, dict[str, object]] = {}
    for url in urls:
        if kind == "ours":
            client = create_client(settings[url], contexts[url])
        elif url.startswith("rediss"):
            client = Redis.from_url(url, ssl_ca_certs=ca)
        else:
            client = Redis.from_url(url)
        error = await use(client)
        results[url] = {"calls": list(calls), "error": error}
        calls.clear()
    return results


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))  # noqa: T201
