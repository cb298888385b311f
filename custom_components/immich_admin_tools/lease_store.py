"""The keeper of the leases for one config entry."""

from .bullmq.address import split_user_info
from .bullmq.workers import connected_workers
from .clock import monotonic_ms, now_ms
from .healing.immich_starts import ImmichStarts
from .healing.lease_keeper import LeaseKeeper
from .immich.client import ImmichClient
from .redis_source import RedisSource
from .stores import EntryStores

LEASES = "leases"
"""Section of the safety store."""


def create_immich_starts(redis: RedisSource) -> ImmichStarts:
    """Return what sees that Immich was started anew."""
    return ImmichStarts(
        lambda: connected_workers(redis.client),
        redis.settings.prefix,
        split_user_info(redis.settings.url).database,
        monotonic_ms,
    )


def create_lease_keeper(
    client: ImmichClient, stores: EntryStores, starts: ImmichStarts | None = None
) -> LeaseKeeper:
    """Return a keeper that goes on from what is stored."""
    return LeaseKeeper(
        client,
        stores.safety.section(LEASES),
        now_ms,
        now=monotonic_ms,
        started=None if starts is None else starts.just_now,
    )
