"""Immich's own message to its processes that they are to start anew.

It travels on the Redis channel of Immich's socket.io adapter and is heard by every
Immich on that Redis server, whatever its prefix and database.
"""

from collections.abc import Collection
import json
import secrets

from redis.asyncio import Redis

from .acl import RESTART_CHANNEL
from .connected_workers import connected_workers, other_databases
from .translation import translate_errors

_SERVER_SIDE_EMIT = 6
"""Kind of message in the adapter's protocol."""


async def publish_restart(client: Redis) -> int:
    """Tell all processes of Immich to start anew; return how many heard it.

    Raises MissingRightsError without `+publish`, and other BullMQErrors.
    """
    message = {
        "uid": secrets.token_hex(3),
        "type": _SERVER_SIDE_EMIT,
        "data": ["AppRestart", {"isMaintenanceMode": False}],
    }
    with translate_errors():
        heard: int = await client.publish(RESTART_CHANNEL, json.dumps(message))
    return heard


async def others_on_redis(
    client: Redis, prefix: str, database: int, queues: Collection[str]
) -> tuple[str, ...]:
    """Return signs of other Immichs that the message would reach as well.

    Such as `prefix other_bull` or `database 3`, as far as the user may see: the
    connections of workers tell exactly (`queues`: names by which an Immich is
    known); without the right to list them, any database with keys counts.
    """
    workers = await connected_workers(client)
    if workers is None:
        return tuple(
            f"database {number}" for number in await other_databases(client, database)
        )
    found = {
        f"database {worker.database}"
        if worker.prefix == prefix
        else f"prefix {worker.prefix}"
        for worker in workers
        if worker.queue in queues
        and (worker.prefix, worker.database) != (prefix, database)
    }
    return tuple(sorted(found))
