"""Which queues must not go on although nobody will look after them any more."""

from collections.abc import Awaitable, Callable

from ..immich.errors import ImmichError, UnknownQueueError
from .keeper import PauseApi
from .leases import LeaseBook, LeaseKind, Pause

type Answers = Callable[[str], Awaitable[bool]]
"""Returns whether a GPU host, by its id, is known to do its work."""


async def queues_to_keep(
    book: LeaseBook, api: PauseApi, answers: Answers
) -> tuple[str, ...]:
    """Return the queues whose jobs would be skipped, or may be: that is not known.

    Their GPU host is not known to answer, and they are not known to be empty.
    """
    known: dict[str, bool] = {}
    kept: list[str] = []
    for queue, pause in book.pauses.items():
        for holder in _holders(pause):
            if holder not in known:
                known[holder] = await answers(holder)
        if all(known[holder] for holder in _holders(pause)):
            continue
        if await _may_have_work(queue, api):
            kept.append(queue)
    return tuple(kept)


def _holders(pause: Pause) -> tuple[str, ...]:
    """Return the GPU hosts that a queue waits for; none when the user paused it too."""
    if pause.by_hand:
        return ()
    return tuple(
        lease.reason.holder
        for lease in pause.leases
        if lease.reason.kind is LeaseKind.GPU_OFFLINE
    )


async def _may_have_work(queue: str, api: PauseApi) -> bool:
    """Return whether something waits, or nobody can tell."""
    try:
        counts = await api.queue(queue)
    except UnknownQueueError:
        return False
    except ImmichError:
        return True
    return bool(counts.active or counts.backlog or counts.delayed)
