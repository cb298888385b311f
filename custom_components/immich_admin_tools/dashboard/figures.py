"""What the history says of how long things take. Pure."""

from collections.abc import Iterable
from statistics import median

from ..history.events import Event, EventType

LATEST = 10
"""Times that a usual one is taken from."""

LONGEST_BOOT = 3_600_000
"""ms from signal to answer beyond which the two have nothing to do with each other."""

_OF_HOSTS = frozenset(
    {
        EventType.GPU_WAKE,
        EventType.GPU_READY,
        EventType.GPU_WAKE_FAILED,
        EventType.GPU_SLEEP,
    }
)


def median_boot(newest_first: Iterable[Event], host: str) -> int | None:
    """Return the seconds from signal to answer, as it was the last times."""
    boots: list[int] = []
    ready_at: int | None = None
    for event in newest_first:
        if event.host != host or event.type not in _OF_HOSTS:
            continue
        if event.type is EventType.GPU_WAKE and ready_at is not None:
            if 0 < ready_at - event.at <= LONGEST_BOOT:
                boots.append(ready_at - event.at)
            if len(boots) == LATEST:
                break
        ready_at = event.at if event.type is EventType.GPU_READY else None
    return round(median(boots) / 1000) if boots else None


def median_restart(newest_first: Iterable[Event]) -> int | None:
    """Return the seconds that a restart of the workers took the last times."""
    took = [
        event.duration
        for event in newest_first
        if event.type is EventType.WORKERS_RESTARTED and event.duration is not None
    ]
    return round(median(took[:LATEST])) if took else None


def went_off_unasked(newest_first: Iterable[Event], host: str, reason: str) -> bool:
    """Return whether the last that was heard of a host is that it was lost."""
    last = next(
        (
            event
            for event in newest_first
            if event.host == host and event.type in _OF_HOSTS
        ),
        None,
    )
    return (
        last is not None and last.type is EventType.GPU_SLEEP and last.reason == reason
    )
