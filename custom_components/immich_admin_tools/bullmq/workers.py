"""Which workers are connected to Redis, of this Immich and of others."""

import base64
import binascii
from collections.abc import Collection, Iterator
from dataclasses import dataclass
import json
import secrets

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from .permissions import RESTART_CHANNEL
from .translation import translate_errors


@dataclass(frozen=True, slots=True)
class ConnectedWorker:
    """The connection on which a worker waits for the jobs of one queue."""

    prefix: str
    database: int
    queue: str
    client_id: int
    """Given out by Redis, rising: what is higher came later."""


async def connected_workers(client: Redis) -> tuple[ConnectedWorker, ...] | None:
    """Return all connected workers, whatever their prefix and database.

    None when the user may not look (`+client|list`, which no minimal user has).
    Raises BullMQError.
    """
    with translate_errors():
        try:
            connections = await client.client_list()
        except NoPermissionError:
            return None
    return tuple(
        ConnectedWorker(prefix, int(connection["db"]), queue, int(connection["id"]))
        for connection in connections
        if (named := _named(connection.get("name", ""))) is not None
        for prefix, queue in (named,)
    )


async def other_databases(client: Redis, own: int) -> tuple[int, ...]:
    """Return the numbers of all other databases with keys. Raises BullMQError."""
    with translate_errors():
        keyspace = await client.info("keyspace")
    return tuple(_numbers(keyspace, own))


def _numbers(keyspace: Collection[str], own: int) -> Iterator[int]:
    """Read names such as `db3`."""
    for name in keyspace:
        number = name.removeprefix("db")
        if number.isdigit() and int(number) != own:
            yield int(number)


def _named(name: str) -> tuple[str, str] | None:
    """Read `<prefix>:<queue in base64>:w:<worker>`; None for other connections.

    The worker's part is missing where it has no name.
    """
    parts = name.split(":w:", 1)[0].rpartition(":")
    prefix, _, encoded = parts
    if not prefix or not encoded:
        return None
    try:
        queue = base64.b64decode(encoded, validate=True).decode()
    except binascii.Error, UnicodeDecodeError:
        return None
    return prefix, queue


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
    """Return signs of other Immich instances that the message would reach as well.

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
